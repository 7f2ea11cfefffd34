/*
 * Ethernet header, 14 octets; no FCS, and padding is part of the payload. [IEEE 802.3, 3.2]
 *
 *    0                 6                 12         14
 *   +-----------------+-----------------+----------+---------
 *   |   destination   |     source      | etherType| payload
 *   +-----------------+-----------------+----------+---------
 */
import { readMac, writeMac, type MacAddress } from './mac.ts';
import { readUint16, writeUint16 } from './octets.ts';

/** The EtherTypes that this package uses. [IANA ieee-802-numbers] */
export const etherTypes = { ipv4: 0x0800, arp: 0x0806, dot1q: 0x8100, ipv6: 0x86dd } as const;

/** The length of the shortest frame, a header alone, in octets. */
export const minFrame = 14;

/** A decoded frame. */
export interface Ethernet {
  readonly destination: MacAddress;
  readonly source: MacAddress;
  /** The payload's type from 0x600 up, below that its length. For a tagged frame it is `etherTypes.dot1q`. */
  readonly etherType: number;
  /** A view of the frame, with its padding. */
  readonly payload: Uint8Array;
}

/**
 * Decodes a frame. Returns undefined if it is shorter than its header.
 *
 * @example
 * ```ts
 * import { decodeEthernet, formatMac, parseHex } from 'etherloom/wire';
 *
 * const frame = decodeEthernet(parseHex('ffffffffffff02000000000188b50102') ?? new Uint8Array());
 * console.log(frame && formatMac(frame.source)); // 02:00:00:00:00:01
 * ```
 */
export function decodeEthernet(frame: Uint8Array): Ethernet | undefined {
  if (frame.length < minFrame) return undefined;
  return {
    destination: destinationOf(frame),
    source: sourceOf(frame),
    etherType: etherTypeOf(frame),
    payload: frame.subarray(minFrame),
  };
}

/**
 * Encodes a frame, without padding.
 *
 * @example
 * ```ts
 * import { broadcastMac, encodeEthernet, macFromNumber } from 'etherloom/wire';
 *
 * const [destination, source, payload] = [broadcastMac, macFromNumber(0x02_0000_0000_01), new Uint8Array(46)];
 * console.log(encodeEthernet({ destination, source, etherType: 0x88b5, payload }).length); // 60
 * ```
 */
export function encodeEthernet(ethernet: Ethernet): Uint8Array {
  const frame = new Uint8Array(minFrame + ethernet.payload.length);
  writeEthernetHeader(frame, ethernet);
  frame.set(ethernet.payload, minFrame);
  return frame;
}

/** Writes the header in front of a payload that already starts at octet 14 of the frame. */
export function writeEthernetHeader(frame: Uint8Array, header: Omit<Ethernet, 'payload'>): void {
  writeMac(frame, 0, header.destination);
  writeMac(frame, 6, header.source);
  writeUint16(frame, 12, header.etherType);
}

/** Returns the destination of a frame of at least 14 octets. */
export function destinationOf(frame: Uint8Array): MacAddress {
  return readMac(frame, 0);
}

/** Returns the source of a frame of at least 14 octets. */
export function sourceOf(frame: Uint8Array): MacAddress {
  return readMac(frame, 6);
}

/** Returns the EtherType, or length, of a frame of at least 14 octets. */
export function etherTypeOf(frame: Uint8Array): number {
  return readUint16(frame, 12);
}

/** Returns whether a frame of at least 14 octets is sent to a group of stations. */
export function hasGroupDestination(frame: Uint8Array): boolean {
  return ((frame[0] ?? 0) & 1) === 1;
}

/** Returns whether a frame of at least 14 octets has a group as its source, which is never valid. */
export function hasGroupSource(frame: Uint8Array): boolean {
  return ((frame[6] ?? 0) & 1) === 1;
}
