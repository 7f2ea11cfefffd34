import { isTagged, minTaggedFrame, vidOf } from '../../wire/dot1q.ts';
import { etherTypes, minFrame, sourceOf } from '../../wire/ethernet.ts';
import { formatIp, isIpv6, parseIp, type IpAddress } from '../../wire/ip.ts';
import { readIpv4 } from '../../wire/ipv4.ts';
import { readIpv6 } from '../../wire/ipv6.ts';
import type { MacAddress } from '../../wire/mac.ts';
import { readUint16 } from '../../wire/octets.ts';

/** All addresses whose first `length` bits are those of this one. */
export interface IpRange {
  readonly address: IpAddress;
  readonly length: number;
}

/** The sender of a packet. */
export interface IpSource {
  readonly version: 4 | 6;
  readonly address: IpAddress;
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
  const address = version === 4 ? readIpv4(frame, at) : readIpv6(frame, at);
  return { version, address, mac: sourceOf(frame), vid: tagged ? vidOf(frame) : 0 };
}

/** Returns the IP version of an address. */
export function versionOf(address: IpAddress): 4 | 6 {
  return isIpv6(address) ? 6 : 4;
}

/**
 * Parses an address with the number of its significant bits: `10.0.0.0/8`. Without a number, or with one that is too large, all bits count.
 */
export function parseRange(text: string): IpRange | undefined {
  const [, addressText = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseIp(addressText);
  if (address === undefined) return undefined;
  const size = sizes[versionOf(address)];
  return { address, length: Math.min(Number(length ?? size), size) };
}

/** Returns true if an address is in a range. */
export function isInRange(address: IpAddress, range: IpRange): boolean {
  const version = versionOf(address);
  const rest = BigInt(sizes[version] - range.length);
  return version === versionOf(range.address) && BigInt(address) >> rest === BigInt(range.address) >> rest;
}

/** Formats a range for `parseRange`. */
export function formatRange({ address, length }: IpRange): string {
  return `${formatIp(address)}/${length}`;
}
