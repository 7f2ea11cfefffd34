/*
 * IPv4 header, 20 to 60 octets. [RFC 791, 3.1]
 *
 *    0        1        2                 4
 *   +----+----+--------+-----------------+
 *   | 4  |IHL |  TOS   |  total length   |  0
 *   +----+----+--------+---+-------------+
 *   | identification   |DM | fragment    |  4    D, M: don't fragment, more fragments; the offset is in units of 8 octets
 *   +---------+--------+---+-------------+
 *   |   TTL   |protocol| header checksum |  8
 *   +---------+--------+-----------------+
 *   |               source               |  12
 *   +------------------------------------+
 *   |            destination             |  16
 *   +------------------------------------+
 *   |  options, to a multiple of four    |  20
 *   +------------------------------------+
 */
import { internetChecksum } from './checksum.ts';
import type { MacAddress } from './mac.ts';
import { readUint16, readUint32, writeUint16, writeUint32 } from './octets.ts';

declare const ipv4Brand: unique symbol;

/** An IPv4 address as an unsigned 32-bit number; the first octet on the wire is the most significant. */
export type Ipv4Address = number & { readonly [ipv4Brand]: true };

/** A network: all addresses that begin with the same bits. [RFC 4632, 3.1] */
export interface Ipv4Network {
  /** The first address, whose host bits are zero. */
  readonly address: Ipv4Address;
  /** The number of bits, from 0 to 32, that all addresses share. */
  readonly prefixLength: number;
}

/** The numbers of the protocols that this package uses. [IANA protocol-numbers] */
export const ipProtocols = { icmp: 1, tcp: 6, udp: 17 } as const;

/** A decoded packet. */
export interface Ipv4 {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly protocol: number;
  /** Time to live, in hops. */
  readonly ttl: number;
  readonly identification: number;
  /** Type of service: DSCP and ECN. */
  readonly tos: number;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  /** The offset of the payload in the whole datagram, in units of 8 octets. */
  readonly fragmentOffset: number;
  /** At most 40 octets. Filled up with zeros to a multiple of four on encoding. */
  readonly options: Uint8Array;
  readonly payload: Uint8Array;
}

/** The fields of a header. The default is zero, except for the TTL, which is 64. */
export type Ipv4Header = Pick<Ipv4, 'source' | 'destination' | 'protocol'> & Partial<Omit<Ipv4, 'payload'>>;

const minHeaderLength = 20;
const maxOptionsLength = 40;
const noOptions = new Uint8Array(0);

/** Returns the address with that value. Throws RangeError if it is not an integer from 0 to 2^32 - 1. */
export function ipv4FromNumber(n: number): Ipv4Address {
  if (n >>> 0 !== n) throw new RangeError(`not the value of an IPv4 address: ${n}`);
  return n as Ipv4Address;
}

/** Parses an address in dotted decimal: four numbers without leading zeros. Returns undefined for any other text. */
export function parseIpv4(text: string): Ipv4Address | undefined {
  let value = 0;
  let dots = 0;
  let octet = 0;
  let length = 0;
  for (let at = 0; at <= text.length; at++) {
    const digit = text.charCodeAt(at) - zero;
    if (digit >= 0 && digit <= 9) {
      // Some programs read a number with a leading zero as octal.
      if (length > 0 && octet === 0) return undefined;
      octet = octet * 10 + digit;
      length++;
      if (octet > 0xff) return undefined;
      continue;
    }
    if (length === 0 || (at < text.length && text.charCodeAt(at) !== dot)) return undefined;
    value = value * 0x100 + octet;
    octet = 0;
    length = 0;
    if (at < text.length) dots++;
  }
  return dots === 3 ? (value as Ipv4Address) : undefined;
}

/** The address of a host without an address, 0.0.0.0. [RFC 1122, 3.2.1.3] */
export const unspecifiedIpv4 = ipv4FromNumber(0);

/** The limited broadcast address, 255.255.255.255: all hosts of the link. [RFC 1122, 3.2.1.3] */
export const limitedBroadcast = ipv4FromNumber(0xffff_ffff);

/** The codes of the digit 0 and of the dot. */
const zero = 0x30;
const dot = 0x2e;

/** Formats an address in dotted decimal. */
export function formatIpv4(address: Ipv4Address): string {
  return `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`;
}

/** Returns the address in the four octets at `at`. */
export function readIpv4(bytes: Uint8Array, at: number): Ipv4Address {
  return readUint32(bytes, at) as Ipv4Address;
}

/** Writes the address to the four octets at `at`. */
export function writeIpv4(bytes: Uint8Array, at: number, address: Ipv4Address): void {
  writeUint32(bytes, at, address);
}

/**
 * Parses a network like `10.77.0.0/24`. Returns undefined for any other text, and if a bit of the host part is set.
 *
 * @example
 * ```ts
 * import { broadcastOf, formatIpv4, parseIpv4Network } from 'etherloom/wire/ipv4';
 *
 * const network = parseIpv4Network('10.77.0.0/24');
 * console.log(network && formatIpv4(broadcastOf(network))); // 10.77.0.255
 * ```
 */
export function parseIpv4Network(text: string): Ipv4Network | undefined {
  const [, addressText = '', lengthText = ''] = /^([\d.]+)\/(0|[1-9]\d?)$/.exec(text) ?? [];
  const address = parseIpv4(addressText);
  const prefixLength = Number(lengthText);
  if (address === undefined || prefixLength > 32) return undefined;
  const network = { address, prefixLength };
  return contains(network, address) ? network : undefined;
}

/** Returns the network of an address. */
export function ipv4NetworkOf(address: Ipv4Address, prefixLength: number): Ipv4Network {
  return { address: ipv4FromNumber((address & netmask({ address, prefixLength })) >>> 0), prefixLength };
}

/** Formats a network as `10.77.0.0/24`. */
export function formatIpv4Network(network: Ipv4Network): string {
  return `${formatIpv4(network.address)}/${network.prefixLength}`;
}

/** Returns the network's mask: 255.255.255.0 for /24. */
export function netmask(network: Ipv4Network): Ipv4Address {
  // In JavaScript, a shift by 32 is a shift by 0.
  return (network.prefixLength === 0 ? 0 : (0xffff_ffff << (32 - network.prefixLength)) >>> 0) as Ipv4Address;
}

/** Returns the last address of the network, whose host bits are all one. */
export function broadcastOf(network: Ipv4Network): Ipv4Address {
  return ((network.address | ~netmask(network)) >>> 0) as Ipv4Address;
}

/** Returns whether the address begins with the network's bits. */
export function contains(network: Ipv4Network, address: Ipv4Address): boolean {
  return (address & netmask(network)) >>> 0 === network.address;
}

/** Returns whether the address names a group, of 224.0.0.0/4. [RFC 1112, 4] */
export function isIpv4Multicast(address: Ipv4Address): boolean {
  return address >>> 28 === 0xe;
}

/** Returns the MAC address of a group; 32 groups share one. [RFC 1112, 6.4] */
export function multicastMacOfIpv4(group: Ipv4Address): MacAddress {
  return (0x0100_5e00_0000 + (group & 0x7f_ffff)) as MacAddress;
}

/** Blocks of addresses that cannot belong to hosts, and their purposes. [RFC 6890, 2.2.2; RFC 5771] */
const blocksWithoutHosts = [
  { text: '0.0.0.0/8', purpose: 'this network' },
  { text: '127.0.0.0/8', purpose: 'loopback' },
  { text: '224.0.0.0/4', purpose: 'multicast' },
  { text: '240.0.0.0/4', purpose: 'future use' },
] as const;

/** Returns why hosts cannot have the addresses of a network: `127.0.0.0/8 is for loopback`. Returns undefined if they can. */
export function reasonAgainstHosts(network: Ipv4Network): string | undefined {
  for (const { text, purpose } of blocksWithoutHosts) {
    const block = parseIpv4Network(text);
    if (block && (contains(block, network.address) || contains(network, block.address))) return `${text} is for ${purpose}`;
  }
  return undefined;
}

/**
 * Decodes a packet; octets after its total length, such as Ethernet padding, are ignored. Returns undefined if the version is not 4, a
 * length does not fit in the given octets, or the header checksum is wrong.
 */
export function decodeIpv4(packet: Uint8Array): Ipv4 | undefined {
  if (packet.length < minHeaderLength) return undefined;
  const versionAndLength = packet[0] ?? 0;
  const headerLength = (versionAndLength & 0xf) * 4;
  const totalLength = readUint16(packet, 2);
  if (versionAndLength >>> 4 !== 4 || headerLength < minHeaderLength) return undefined;
  if (totalLength < headerLength || totalLength > packet.length) return undefined;
  if (internetChecksum(packet.subarray(0, headerLength)) !== 0) return undefined;
  const flagsAndOffset = readUint16(packet, 6);
  return {
    source: readIpv4(packet, 12),
    destination: readIpv4(packet, 16),
    protocol: packet[9] ?? 0,
    ttl: packet[8] ?? 0,
    identification: readUint16(packet, 4),
    tos: packet[1] ?? 0,
    dontFragment: (flagsAndOffset & 0x4000) !== 0,
    moreFragments: (flagsAndOffset & 0x2000) !== 0,
    fragmentOffset: flagsAndOffset & 0x1fff,
    options: packet.subarray(minHeaderLength, headerLength),
    payload: packet.subarray(headerLength, totalLength),
  };
}

/**
 * Encodes a packet, with its checksum. The default is an unfragmented datagram with a TTL of 64; all other fields are zero. Throws
 * RangeError if the options exceed 40 octets or the whole packet exceeds 65,535.
 */
export function encodeIpv4(packet: Ipv4Header & Pick<Ipv4, 'payload'>): Uint8Array {
  const headerLength = ipv4HeaderLength(packet);
  const bytes = new Uint8Array(headerLength + packet.payload.length);
  bytes.set(packet.payload, headerLength);
  writeIpv4Header(bytes, packet);
  return bytes;
}

/** Returns the length of a packet's header with its options, in octets. */
export function ipv4HeaderLength({ options = noOptions }: Ipv4Header): number {
  return minHeaderLength + Math.ceil(options.length / 4) * 4;
}

/** Writes the header in front of a payload that already starts at `ipv4HeaderLength`. Throws as `encodeIpv4`. */
export function writeIpv4Header(bytes: Uint8Array, header: Ipv4Header): void {
  const options = header.options ?? noOptions;
  const headerLength = ipv4HeaderLength(header);
  if (options.length > maxOptionsLength) throw new RangeError(`${options.length} octets of IPv4 options, the most is 40`);
  if (bytes.length > 0xffff) throw new RangeError(`an IPv4 packet of ${bytes.length} octets, the most is 65535`);
  bytes.fill(0, 0, headerLength);
  bytes[0] = 0x40 | (headerLength / 4);
  bytes[1] = header.tos ?? 0;
  writeUint16(bytes, 2, bytes.length);
  writeUint16(bytes, 4, header.identification ?? 0);
  writeUint16(bytes, 6, (header.dontFragment ? 0x4000 : 0) | (header.moreFragments ? 0x2000 : 0) | (header.fragmentOffset ?? 0));
  bytes[8] = header.ttl ?? 64;
  bytes[9] = header.protocol;
  writeIpv4(bytes, 12, header.source);
  writeIpv4(bytes, 16, header.destination);
  bytes.set(options, minHeaderLength);
  writeUint16(bytes, 10, internetChecksum(bytes.subarray(0, headerLength)));
}
