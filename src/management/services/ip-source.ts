import { isTagged, minTaggedFrame, vidOf } from '../../wire/dot1q.ts';
import { etherTypes, minFrame, sourceOf } from '../../wire/ethernet.ts';
import { formatIpv4, parseIpv4, readIpv4, type Ipv4Address } from '../../wire/ipv4.ts';
import { formatIpv6, parseIpv6, readIpv6, type Ipv6Address } from '../../wire/ipv6.ts';
import type { MacAddress } from '../../wire/mac.ts';
import { readUint16 } from '../../wire/octets.ts';

/** An IP address of either version. */
export interface Ip {
  readonly version: 4 | 6;
  readonly address: bigint;
}

/** All addresses whose first `length` bits are those of this one. */
export interface IpRange extends Ip {
  readonly length: number;
}

/** The sender of a packet. */
export interface IpSource extends Ip {
  readonly mac: MacAddress;
  readonly vid: number;
}

const sizes = { 4: 32, 6: 128 } as const;
const sourceAt = { 4: 12, 6: 8 } as const;

/** Returns the sender of the packet in a frame; undefined if there is none. */
export function sourceIpOf(frame: Uint8Array): IpSource | undefined {
  const tagged = frame.length >= minTaggedFrame && isTagged(frame);
  const packetAt = tagged ? minTaggedFrame : minFrame;
  if (frame.length < packetAt) return undefined;
  const etherType = readUint16(frame, packetAt - 2);
  const version = etherType === etherTypes.ipv4 ? 4 : etherType === etherTypes.ipv6 ? 6 : undefined;
  if (version === undefined || frame.length < packetAt + sourceAt[version] + sizes[version] / 8) return undefined;
  const at = packetAt + sourceAt[version];
  const address = version === 4 ? BigInt(readIpv4(frame, at)) : readIpv6(frame, at);
  return { version, address, mac: sourceOf(frame), vid: tagged ? vidOf(frame) : 0 };
}

/** Parses an address. */
export function parseIp(text: string): Ip | undefined {
  const four = parseIpv4(text);
  if (four !== undefined) return { version: 4, address: BigInt(four) };
  const six = parseIpv6(text);
  return six === undefined ? undefined : { version: 6, address: six };
}

/**
 * Parses an address with the number of its significant bits: `10.0.0.0/8`. Without a number, or with one that is too large, all bits count.
 */
export function parseRange(text: string): IpRange | undefined {
  const [, address = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const ip = parseIp(address);
  return ip && { ...ip, length: Math.min(Number(length ?? sizes[ip.version]), sizes[ip.version]) };
}

/** Returns true if an address is in a range. */
export function isInRange({ version, address }: Ip, range: IpRange): boolean {
  const rest = BigInt(sizes[version] - range.length);
  return version === range.version && address >> rest === range.address >> rest;
}

/** Formats an address. */
export function formatIp({ version, address }: Ip): string {
  return version === 4 ? formatIpv4(Number(address) as Ipv4Address) : formatIpv6(address as Ipv6Address);
}

/** Formats a range for `parseRange`. */
export function formatRange(range: IpRange): string {
  return `${formatIp(range)}/${range.length}`;
}
