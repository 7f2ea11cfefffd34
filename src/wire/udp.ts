/*
 * UDP header, 8 octets. [RFC 768]
 *
 *    0             2                 4          6          8
 *   +-------------+-----------------+----------+----------+---------
 *   | source port | destination port|  length  | checksum | payload
 *   +-------------+-----------------+----------+----------+---------
 */
import { internetChecksum, ipv6PseudoHeaderSum, pseudoHeaderSum } from './checksum.ts';
import { ipProtocols, type Ipv4Address } from './ipv4.ts';
import type { Ipv6Address } from './ipv6.ts';
import { readUint16, writeUint16 } from './octets.ts';

/** A decoded datagram. */
export interface Udp {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

type Ports = Omit<Udp, 'payload'>;

/** The length of a header, in octets. */
export const udpHeaderLength = 8;

/**
 * Decodes a segment, the payload of IPv4. Octets after its length are ignored; a checksum of zero means that there is none. Returns
 * undefined if the length does not fit, or the checksum is wrong for these addresses.
 */
export function decodeUdp(segment: Uint8Array, source: Ipv4Address, destination: Ipv4Address): Udp | undefined {
  const length = lengthOf(segment);
  if (length === undefined) return undefined;
  const sum = pseudoHeaderSum(source, destination, ipProtocols.udp, length);
  if (readUint16(segment, 6) !== 0 && internetChecksum(segment.subarray(0, length), sum) !== 0) return undefined;
  return partsOf(segment, length);
}

/** Decodes a segment that is the payload of IPv6. The checksum is required: zero is refused. [RFC 8200, 8.1] */
export function decodeUdpOverIpv6(segment: Uint8Array, source: Ipv6Address, destination: Ipv6Address): Udp | undefined {
  const length = lengthOf(segment);
  if (length === undefined || readUint16(segment, 6) === 0) return undefined;
  const sum = ipv6PseudoHeaderSum(source, destination, ipProtocols.udp, length);
  return internetChecksum(segment.subarray(0, length), sum) === 0 ? partsOf(segment, length) : undefined;
}

/** Encodes a segment from `source` to `destination`, with its checksum. Throws RangeError if it is over 65,535 octets. */
export function encodeUdp(udp: Udp, source: Ipv4Address, destination: Ipv4Address): Uint8Array {
  return encode(udp, (length) => pseudoHeaderSum(source, destination, ipProtocols.udp, length));
}

/**
 * Writes the header in front of a payload that already starts at octet 8 of the segment. Throws RangeError if the segment is over 65,535
 * octets.
 */
export function writeUdpHeader(segment: Uint8Array, ports: Ports, source: Ipv4Address, destination: Ipv4Address): void {
  writeHeader(segment, ports, (length) => pseudoHeaderSum(source, destination, ipProtocols.udp, length));
}

/** Encodes a segment between two IPv6 addresses, with its checksum. Throws RangeError if it is over 65,535 octets. */
export function encodeUdpOverIpv6(udp: Udp, source: Ipv6Address, destination: Ipv6Address): Uint8Array {
  return encode(udp, (length) => ipv6PseudoHeaderSum(source, destination, ipProtocols.udp, length));
}

/** Returns the length of a segment by its header; undefined if it does not fit. */
function lengthOf(segment: Uint8Array): number | undefined {
  if (segment.length < udpHeaderLength) return undefined;
  const length = readUint16(segment, 4);
  return length < udpHeaderLength || length > segment.length ? undefined : length;
}

function partsOf(segment: Uint8Array, length: number): Udp {
  return {
    sourcePort: readUint16(segment, 0),
    destinationPort: readUint16(segment, 2),
    payload: segment.subarray(udpHeaderLength, length),
  };
}

function encode(udp: Udp, sumOf: (length: number) => number): Uint8Array {
  const segment = new Uint8Array(udpHeaderLength + udp.payload.length);
  segment.set(udp.payload, udpHeaderLength);
  writeHeader(segment, udp, sumOf);
  return segment;
}

function writeHeader(segment: Uint8Array, { sourcePort, destinationPort }: Ports, sumOf: (length: number) => number): void {
  const { length } = segment;
  if (length > 0xffff) throw new RangeError(`a UDP segment of ${length} octets, the most is 65535`);
  writeUint16(segment, 0, sourcePort);
  writeUint16(segment, 2, destinationPort);
  writeUint16(segment, 4, length);
  writeUint16(segment, 6, 0);
  const checksum = internetChecksum(segment, sumOf(length));
  // Zero on the wire means that there is no checksum, so a sum of zero is sent as all ones, which is equivalent.
  writeUint16(segment, 6, checksum === 0 ? 0xffff : checksum);
}
