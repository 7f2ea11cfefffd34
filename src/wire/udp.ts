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

/** A datagram taken apart. */
export interface Udp {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

type Ports = Omit<Udp, 'payload'>;

/** Octets of a header. */
export const udpHeaderLength = 8;

/**
 * Takes a segment, the payload of IPv4, apart; octets after its length are ignored, and a checksum of zero means there is none.
 * Undefined when the length does not fit, or the checksum is wrong for a segment between these two addresses.
 */
export function decodeUdp(segment: Uint8Array, source: Ipv4Address, destination: Ipv4Address): Udp | undefined {
  const length = lengthOf(segment);
  if (length === undefined) return undefined;
  const sum = pseudoHeaderSum(source, destination, ipProtocols.udp, length);
  if (readUint16(segment, 6) !== 0 && internetChecksum(segment.subarray(0, length), sum) !== 0) return undefined;
  return partsOf(segment, length);
}

/** The same of a segment that is the payload of IPv6, which must have a checksum: zero is refused. [RFC 8200, 8.1] */
export function decodeUdpOverIpv6(segment: Uint8Array, source: Ipv6Address, destination: Ipv6Address): Udp | undefined {
  const length = lengthOf(segment);
  if (length === undefined || readUint16(segment, 6) === 0) return undefined;
  const sum = ipv6PseudoHeaderSum(source, destination, ipProtocols.udp, length);
  return internetChecksum(segment.subarray(0, length), sum) === 0 ? partsOf(segment, length) : undefined;
}

/** Puts a segment between these two addresses together, with its checksum. Throws RangeError when it is over 65,535 octets. */
export function encodeUdp(udp: Udp, source: Ipv4Address, destination: Ipv4Address): Uint8Array {
  return encode(udp, (length) => pseudoHeaderSum(source, destination, ipProtocols.udp, length));
}

/**
 * Writes the header in front of a payload that is in its place, from octet 8 of the segment to its end. Throws RangeError when the segment
 * is over 65,535 octets.
 */
export function writeUdpHeader(segment: Uint8Array, ports: Ports, source: Ipv4Address, destination: Ipv4Address): void {
  writeHeader(segment, ports, (length) => pseudoHeaderSum(source, destination, ipProtocols.udp, length));
}

/** The same of a segment between two IPv6 addresses. */
export function encodeUdpOverIpv6(udp: Udp, source: Ipv6Address, destination: Ipv6Address): Uint8Array {
  return encode(udp, (length) => ipv6PseudoHeaderSum(source, destination, ipProtocols.udp, length));
}

/** The length that a segment has by its header; undefined when it does not fit. */
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
  // Zero on the wire says that there is no checksum; all ones is the same sum.
  writeUint16(segment, 6, checksum === 0 ? 0xffff : checksum);
}
