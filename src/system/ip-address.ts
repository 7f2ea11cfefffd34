/**
 * Addresses of IP sockets as the kernel reads and writes them.
 *
 *   struct sockaddr_in  (16 octets)  0 family  2 port  4 address  8 zeros
 *   struct sockaddr_in6 (28 octets)  0 family  2 port  4 flow  8 address  24 scope      [ip(7), ipv6(7)]
 *
 * Family and scope are in the machine's order, port, flow and address in the network's.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { SystemError } from '../errors.ts';
import { lastErrno, libc } from './libc.ts';

const AF_INET = 2;
const AF_INET6 = 10;

/** The size of an encoded IPv4 address with its port, in octets. */
const ipv4Size = 16;

/** The size of an encoded IPv6 address with its port, in octets: the longer of the two. */
export const socketAddressSize = 28;

/** The version of IP. */
export type IpFamily = 4 | 6;

/** The address of one end of a connection, or the local address of a socket. */
export interface SocketName {
  readonly host: string;
  readonly port: number;
}

/** An address as the key of a map: a number for IPv4, 32 hexadecimal digits for IPv6. A zone has no part in it. */
export type AddressKey = number | string;

/** Returns the family of an address, which must be one: a name is taken for IPv4. */
export function familyOf(address: string): IpFamily {
  return isIPv6(address) ? 6 : 4;
}

/** Returns the kernel's number of a family. */
export function domainOf(family: IpFamily): number {
  return family === 4 ? AF_INET : AF_INET6;
}

/** Encodes an address, which may have a zone (`fe80::1%eth0`, `fe80::1%2`), with a port. Throws a SystemError (ENODEV) for an unknown zone. */
export function encodeSocketAddress(address: string, port: number): Uint8Array {
  return isIPv6(address) ? ipv6Address(address, port) : ipv4Address(address, port);
}

/** Decodes what `encodeSocketAddress` encodes: an IPv6 address in its shortest form without a zone, an IPv4 address in IPv6 as IPv4. */
export function decodeSocketAddress(octets: Uint8Array): SocketName {
  const view = octets instanceof Buffer ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.length);
  const port = view.readUInt16BE(2);
  if (view.readUInt16LE(0) === AF_INET) return { host: `${view[4]}.${view[5]}.${view[6]}.${view[7]}`, port };
  const address = view.subarray(8, 24);
  if (address.subarray(0, 12).equals(mappedPrefix)) return { host: address.subarray(12).join('.'), port };
  return { host: ipv6Text(Array.from({ length: 8 }, (_, i) => address.readUInt16BE(2 * i).toString(16))), port };
}

/**
 * Returns the octets of an address without its zone, in the network's order: 4 of IPv4, 16 of IPv6. For a size of 16, an IPv4 address is
 * returned as one of IPv6. [RFC 4291, 2.5.5.2]
 */
export function addressOctets(address: string, size?: 16): Buffer {
  const encoded = Buffer.from(encodeSocketAddress(address.split('%')[0] ?? '', 0));
  if (encoded.length === socketAddressSize) return encoded.subarray(8, 24);
  return size === 16 ? Buffer.concat([mappedPrefix, encoded.subarray(4, 8)]) : encoded.subarray(4, 8);
}

/** Returns the key of an address. */
export function keyOf(address: string): AddressKey {
  if (isIPv6(address)) return ipv6Groups(address).map(hexGroup).join('');
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

/** Returns the address of a key, for people. */
export function addressOfKey(key: AddressKey): string {
  if (typeof key === 'number') return [key >>> 24, (key >>> 16) & 255, (key >>> 8) & 255, key & 255].join('.');
  return ipv6Text(key.match(/.{4}/g) ?? []);
}

/** Returns whether an address, without a zone, stands for a group of hosts. [RFC 5771, RFC 4291] */
export function isGroup(address: string): boolean {
  return isIPv6(address) ? (ipv6Groups(address)[0] ?? 0) >= 0xff00 : /^2(?:2[4-9]|3\d)\./.test(address) && isIPv4(address);
}

/** Returns whether an address stands for a group of hosts on one link, and so for another group on each. [RFC 4291, 2.7] */
export function isLinkGroup(address: string): boolean {
  return isIPv6(address) && /^ff.[12]$/.test((ipv6Groups(address)[0] ?? 0).toString(16));
}

/** Returns whether an address, with or without a zone, is one of IPv6 that is valid on one link only. [RFC 4291, 2.5.6] */
export function isLinkLocal(address: string): boolean {
  return isIPv6(address) && ((ipv6Groups(address)[0] ?? 0) & 0xffc0) === 0xfe80;
}

/** Returns the IPv4 address that is written as one of IPv6, `::ffff:10.0.0.1`; undefined for any other. [RFC 4291, 2.5.5.2] */
export function mappedIpv4(address: string): string | undefined {
  const [, high, low] = isIPv6(address) ? (/^0{20}ffff(.{4})(.{4})$/.exec(String(keyOf(address))) ?? []) : [];
  return high === undefined ? undefined : addressOfKey(parseInt(`${high}${low}`, 16));
}

/** Returns the number of an interface of this machine. Throws a SystemError (ENODEV). */
export function interfaceNumber(name: string): number {
  const number = libc.if_nametoindex(name);
  if (number === 0) throw new SystemError(lastErrno(), `cannot use the network interface ${name}`, 'name one that `ip link` shows');
  return number;
}

/** The prefix of IPv4-mapped IPv6 addresses. [RFC 4291, 2.5.5.2] */
const mappedPrefix = Buffer.from('00000000000000000000ffff', 'hex');

function ipv4Address(address: string, port: number): Uint8Array {
  const octets = Buffer.alloc(ipv4Size);
  octets.writeUInt16LE(AF_INET, 0);
  octets.writeUInt16BE(port, 2);
  octets.set(address.split('.').map(Number), 4);
  return octets;
}

function ipv6Address(address: string, port: number): Uint8Array {
  const [, zone] = address.split('%');
  const octets = Buffer.alloc(socketAddressSize);
  octets.writeUInt16LE(AF_INET6, 0);
  octets.writeUInt16BE(port, 2);
  ipv6Groups(address).forEach((group, i) => octets.writeUInt16BE(group, 8 + 2 * i));
  if (zone !== undefined) octets.writeUInt32LE(/^\d+$/.test(zone) ? Number(zone) : interfaceNumber(zone), 24);
  return octets;
}

/** Returns the eight groups of an address. The URL parser expands all abbreviations except `::`. */
function ipv6Groups(address: string): number[] {
  const [bare = ''] = address.split('%');
  const [head = '', tail] = ipv6Text([bare]).split('::');
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));
  const before = groups(head);
  if (tail === undefined) return before;
  const after = groups(tail);
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}

/** Returns the shortest form of an address. [RFC 5952] */
function ipv6Text(groups: readonly string[]): string {
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

function hexGroup(group: number): string {
  return group.toString(16).padStart(4, '0');
}
