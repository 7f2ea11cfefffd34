/*
 * ICMPv6 errors, which report why a packet was not delivered: 8 octets, and the beginning of that packet. [RFC 4443, 3.1, 3.2]
 *
 *    0      1      2          4                         8
 *   +------+------+----------+-------------------------+--------
 *   | 1, 2 | code | checksum | zero, or the MTU (of 2) | packet
 *   +------+------+----------+-------------------------+--------
 *    1: destination unreachable; 2: packet too big
 */
import { internetChecksum, ipv6PseudoHeaderSum } from './checksum.ts';
import { icmpv6Protocol } from './icmpv6.ts';
import { decodeIpv6Fragment, fragmentHeader } from './ipv6-fragment.ts';
import { ipv6HeaderLength, readIpv6, type Ipv6Address } from './ipv6.ts';
import { readUint16, readUint32, writeUint16, writeUint32 } from './octets.ts';

/** The reasons why a packet was not delivered. [RFC 4443, 3.1] */
export const unreachableCodes6 = { noRoute: 0, prohibited: 1, beyondScope: 2, address: 3, port: 4 } as const;

/** A report that a packet was not delivered. */
export interface Icmpv6Error {
  readonly type: 'unreachable' | 'too-big';
  /** One of `unreachableCodes6`; 0 for `too-big`. */
  readonly code: number;
  /** For `too-big`: the longest packet that the next link carries, in octets; 0 otherwise. */
  readonly mtu: number;
}

/** An error with the packet that it quotes. */
export interface QuotedIpv6 extends Icmpv6Error {
  readonly source: Ipv6Address;
  readonly destination: Ipv6Address;
  /** The protocol of the packet's payload. For a fragment it is that of the whole payload. */
  readonly nextHeader: number;
  /** The first octets of the packet's payload, eight at least, without a fragment header. */
  readonly start: Uint8Array;
  /** The length of the packet by its header, in octets. */
  readonly length: number;
}

const types = { unreachable: 1, 'too-big': 2 } as const;
const headerLength = 8;
/** The most octets of a packet that are quoted, so that the error fits in the minimum MTU of IPv6. [RFC 4443, 2.4 (c)] */
const longestQuote = 1280 - ipv6HeaderLength - headerLength;
const shortestStart = 8;

/** Encodes an error from `source` to `destination`, with its checksum. It quotes as much of `packet` as fits in 1,280 octets. */
export function encodeIcmpv6Error(error: Icmpv6Error, packet: Uint8Array, source: Ipv6Address, destination: Ipv6Address): Uint8Array {
  const quote = packet.subarray(0, longestQuote);
  const message = new Uint8Array(headerLength + quote.length);
  message[0] = types[error.type];
  message[1] = error.code;
  writeUint32(message, 4, error.mtu);
  message.set(quote, headerLength);
  writeUint16(message, 2, internetChecksum(message, ipv6PseudoHeaderSum(source, destination, icmpv6Protocol, message.length)));
  return message;
}

/**
 * Decodes an error, the payload of a packet from `source` to `destination`. Returns undefined if it is another message, if its checksum is
 * wrong, or if it does not quote the beginning of an IPv6 packet or of its first fragment.
 */
export function decodeIcmpv6Error(message: Uint8Array, source: Ipv6Address, destination: Ipv6Address): QuotedIpv6 | undefined {
  const isTooBig = message[0] === types['too-big'];
  if (!isTooBig && message[0] !== types.unreachable) return undefined;
  const packet = message.subarray(headerLength);
  if (packet.length < ipv6HeaderLength || (packet[0] ?? 0) >>> 4 !== 6) return undefined;
  if (internetChecksum(message, ipv6PseudoHeaderSum(source, destination, icmpv6Protocol, message.length)) !== 0) return undefined;
  const payload = packet.subarray(ipv6HeaderLength);
  const fragment = packet[6] === fragmentHeader ? decodeIpv6Fragment(payload) : undefined;
  const start = fragment?.payload ?? payload;
  if ((fragment && fragment.offset > 0) || start.length < shortestStart) return undefined;
  return {
    type: isTooBig ? 'too-big' : 'unreachable',
    code: message[1] ?? 0,
    mtu: isTooBig ? readUint32(message, 4) : 0,
    source: readIpv6(packet, 8),
    destination: readIpv6(packet, 24),
    nextHeader: fragment?.nextHeader ?? packet[6] ?? 0,
    start,
    length: ipv6HeaderLength + readUint16(packet, 4),
  };
}
