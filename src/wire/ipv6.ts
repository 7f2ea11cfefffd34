/*
 * IPv6 header, 40 octets. [RFC 8200, 3]
 *
 *    0        1                  4                 6            7
 *   +----+--------+--------------+-----------------+------------+-----------+
 *   | 6  | class  |  flow label  | payload length  | next header| hop limit |  0    4, 8 and 20 bits; 2, 1 and 1 octets
 *   +----+--------+--------------+-----------------+------------+-----------+
 *   |                        source, 16 octets                              |  8
 *   +-----------------------------------------------------------------------+
 *   |                      destination, 16 octets                           |  24
 *   +-----------------------------------------------------------------------+
 */
import type { MacAddress } from './mac.ts';
import { readUint16, readUint32, writeUint16, writeUint32 } from './octets.ts';

declare const ipv6Brand: unique symbol;

/** An IPv6 address as an unsigned 128-bit number; the first octet on the wire is the most significant. */
export type Ipv6Address = bigint & { readonly [ipv6Brand]: true };

/** A decoded packet. Class and flow label are left out, since the hosts of this package do not use them. */
export interface Ipv6 {
  readonly source: Ipv6Address;
  readonly destination: Ipv6Address;
  /** The payload's protocol, or the type of the extension header that it begins with. */
  readonly nextHeader: number;
  readonly hopLimit: number;
  readonly payload: Uint8Array;
}

/** The length of the header, in octets. */
export const ipv6HeaderLength = 40;

/** `::`, the source address of a host that has no address yet. */
export const unspecifiedIpv6 = 0n as Ipv6Address;

/** All hosts of the link, `ff02::1`. [RFC 4291, 2.7.1] */
export const allNodes = 0xff02_0000_0000_0000_0000_0000_0000_0001n as Ipv6Address;

/** A network: all addresses that begin with the same bits. [RFC 4291, 2.3] */
export interface Ipv6Network {
  /** The first address, whose host bits are zero. */
  readonly address: Ipv6Address;
  /** The number of bits, from 0 to 128, that all addresses share. */
  readonly prefixLength: number;
}

/** Returns the network of the given prefix length that contains an address. */
export function ipv6NetworkOf(address: Ipv6Address, prefixLength: number): Ipv6Network {
  const hostBits = BigInt(128 - prefixLength);
  return { address: ((address >> hostBits) << hostBits) as Ipv6Address, prefixLength };
}

/** Returns whether the address begins with the network's bits. */
export function isInIpv6Network({ address: first, prefixLength }: Ipv6Network, address: Ipv6Address): boolean {
  return (first ^ address) >> BigInt(128 - prefixLength) === 0n;
}

/**
 * Parses an address like `fe80::1`: eight groups, or one run of zero groups written as `::`. Returns undefined for any other text, and
 * for an address with a zone.
 */
export function parseIpv6(text: string): Ipv6Address | undefined {
  const [head = '', tail, more] = text.split('::');
  if (more !== undefined) return undefined;
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')];
  const missing = groupCount - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...before, ...Array<string>(missing).fill('0'), ...after];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n) as Ipv6Address;
}

/**
 * Formats an address in its shortest form. The longest run of at least two zero groups becomes `::`; among equal ones, the first. [RFC
 * 5952, 4]
 */
export function formatIpv6(address: Ipv6Address): string {
  const groups = Array.from({ length: groupCount }, (_, at) => ((address >> BigInt(16 * (groupCount - 1 - at))) & 0xffffn).toString(16));
  const text = groups.join(':');
  const runs = text.match(/\b0(?::0)+\b/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '');
  if (longest === '') return text;
  const at = text.search(new RegExp(`\\b${longest}\\b`));
  return `${text.slice(0, Math.max(0, at - 1))}::${text.slice(at + longest.length + 1)}`;
}

/** Returns the address in the 16 octets at `at`. */
export function readIpv6(bytes: Uint8Array, at: number): Ipv6Address {
  let address = 0n;
  for (let word = 0; word < 16; word += 4) address = (address << 32n) | BigInt(readUint32(bytes, at + word));
  return address as Ipv6Address;
}

/** Writes the address to the 16 octets at `at`. */
export function writeIpv6(bytes: Uint8Array, at: number, address: Ipv6Address): void {
  for (let word = 0; word < 16; word += 4) writeUint32(bytes, at + word, Number((address >> BigInt(96 - 8 * word)) & 0xffff_ffffn));
}

/** Returns whether the address names a group. [RFC 4291, 2.7] */
export function isIpv6Multicast(address: Ipv6Address): boolean {
  return address >> 120n === 0xffn;
}

/** Returns whether the address is link-local, fe80::/10: valid only on its own link. [RFC 4291, 2.5.6] */
export function isIpv6LinkLocal(address: Ipv6Address): boolean {
  return address >> 118n === 0x3fan;
}

/** Returns the link-local address that is made from a MAC address. [RFC 4291, 2.5.6, appendix A] */
export function linkLocalOf(mac: MacAddress): Ipv6Address {
  const octets = BigInt(mac);
  const identifier = (((octets >> 24n) << 40n) | (0xfffen << 24n) | (octets & 0xff_ffffn)) ^ (2n << 56n);
  return ((0xfe80n << 112n) | identifier) as Ipv6Address;
}

/** Returns the group to which solicitations for the address are sent. [RFC 4291, 2.7.1] */
export function solicitedNodeOf(address: Ipv6Address): Ipv6Address {
  return ((0xff02_0000_0000_0000_0000_0001_ffn << 24n) | (address & 0xff_ffffn)) as Ipv6Address;
}

/** Returns the MAC address of an IPv6 group. [RFC 2464, 7] */
export function multicastMacOf(group: Ipv6Address): MacAddress {
  return (0x3333_0000_0000 + Number(group & 0xffff_ffffn)) as MacAddress;
}

/**
 * Decodes a packet; octets after its payload, such as Ethernet padding, are ignored. Returns undefined if the version is not 6, or the
 * payload does not fit in the given octets.
 */
export function decodeIpv6(packet: Uint8Array): Ipv6 | undefined {
  if (packet.length < ipv6HeaderLength || (packet[0] ?? 0) >>> 4 !== 6) return undefined;
  const end = ipv6HeaderLength + readUint16(packet, 4);
  if (end > packet.length) return undefined;
  return {
    source: readIpv6(packet, 8),
    destination: readIpv6(packet, 24),
    nextHeader: packet[6] ?? 0,
    hopLimit: packet[7] ?? 0,
    payload: packet.subarray(ipv6HeaderLength, end),
  };
}

/** Encodes a packet. Throws RangeError if the payload is over 65,535 octets. */
export function encodeIpv6({ source, destination, nextHeader, hopLimit, payload }: Ipv6): Uint8Array {
  if (payload.length > 0xffff) throw new RangeError(`an IPv6 payload of ${payload.length} octets, the most is 65535`);
  const packet = new Uint8Array(ipv6HeaderLength + payload.length);
  packet[0] = 0x60;
  writeUint16(packet, 4, payload.length);
  packet[6] = nextHeader;
  packet[7] = hopLimit;
  writeIpv6(packet, 8, source);
  writeIpv6(packet, 24, destination);
  packet.set(payload, ipv6HeaderLength);
  return packet;
}

const groupCount = 8;

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':');
}
