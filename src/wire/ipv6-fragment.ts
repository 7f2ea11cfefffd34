/*
 * The fragment header of IPv6, 8 octets, between a packet's header and a part of its payload. [RFC 8200, 4.5]
 *
 *    0             1          2              4                8
 *   +-------------+----------+--------------+----------------+---------
 *   | next header | reserved | offset, 0, M | identification | payload     13, 2 and 1 bits; M: more fragments
 *   +-------------+----------+--------------+----------------+---------
 */
import { readUint16, readUint32, writeUint16, writeUint32 } from './octets.ts';

/** A decoded fragment of an IPv6 packet. */
export interface Ipv6Fragment {
  /** The protocol of the whole payload. */
  readonly nextHeader: number;
  /** The offset of this part in the whole payload, in units of 8 octets. */
  readonly offset: number;
  readonly more: boolean;
  /** 32 bits, the same in all fragments of a packet. */
  readonly identification: number;
  readonly payload: Uint8Array;
}

/** The number of the fragment header as a next header. [IANA protocol-numbers] */
export const fragmentHeader = 44;

/** The length of the header, in octets. */
export const fragmentHeaderLength = 8;

/** Decodes a payload that begins with the header. Returns undefined if it is shorter than the header. */
export function decodeIpv6Fragment(bytes: Uint8Array): Ipv6Fragment | undefined {
  if (bytes.length < fragmentHeaderLength) return undefined;
  const place = readUint16(bytes, 2);
  return {
    nextHeader: bytes[0] ?? 0,
    offset: place >>> 3,
    more: (place & 1) !== 0,
    identification: readUint32(bytes, 4),
    payload: bytes.subarray(fragmentHeaderLength),
  };
}

/** Encodes the header and the payload that follows it. */
export function encodeIpv6Fragment({ nextHeader, offset, more, identification, payload }: Ipv6Fragment): Uint8Array {
  const bytes = new Uint8Array(fragmentHeaderLength + payload.length);
  bytes[0] = nextHeader;
  writeUint16(bytes, 2, (offset << 3) | (more ? 1 : 0));
  writeUint32(bytes, 4, identification);
  bytes.set(payload, fragmentHeaderLength);
  return bytes;
}
