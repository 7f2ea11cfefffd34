/*
 * ICMP echo and echo reply: 8 octets and the echoed payload. A destination unreachable message has zeros in place of the identifier, and
 * zeros or the MTU of the next link in place of the sequence. Its payload is the beginning of the undelivered packet. [RFC 792; RFC 1191,
 * 4]
 *
 *    0      1      2          4            6          8
 *   +------+------+----------+------------+----------+---------
 *   | 8, 0 |  0   | checksum | identifier | sequence | payload
 *   +------+------+----------+------------+----------+---------
 *    type   code
 */
import { internetChecksum } from './checksum.ts';
import { readIpv4, type Ipv4Address } from './ipv4.ts';
import { readUint16, writeUint16 } from './octets.ts';

/** A decoded echo message. */
export interface IcmpEcho {
  readonly type: 'request' | 'reply';
  readonly identifier: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

const headerLength = 8;
const requestType = 8;
const replyType = 0;

/** Decodes an ICMP message, the payload of IPv4. Returns undefined if it is not an echo or echo reply, or its checksum is wrong. */
export function decodeIcmpEcho(message: Uint8Array): IcmpEcho | undefined {
  if (message.length < headerLength || message[1] !== 0) return undefined;
  if (message[0] !== requestType && message[0] !== replyType) return undefined;
  if (internetChecksum(message) !== 0) return undefined;
  return {
    type: message[0] === requestType ? 'request' : 'reply',
    identifier: readUint16(message, 4),
    sequence: readUint16(message, 6),
    payload: message.subarray(headerLength),
  };
}

/** Encodes an echo message, with its checksum. */
export function encodeIcmpEcho(echo: IcmpEcho): Uint8Array {
  const message = new Uint8Array(headerLength + echo.payload.length);
  message[0] = echo.type === 'request' ? requestType : replyType;
  writeUint16(message, 4, echo.identifier);
  writeUint16(message, 6, echo.sequence);
  message.set(echo.payload, headerLength);
  writeUint16(message, 2, internetChecksum(message));
  return message;
}

/** The reasons why a packet was not delivered. [RFC 792; RFC 1191, 4] */
export const unreachableCodes = { network: 0, host: 1, protocol: 2, port: 3, tooLong: 4 } as const;

/** A report that a packet was not delivered. */
export interface IcmpUnreachable {
  readonly code: number;
  /** The undelivered packet. It is cut so that the message fits in 576 octets. [RFC 1812, 4.3.2.3] */
  readonly packet: Uint8Array;
  /** For `tooLong`: the longest packet that the next link carries, in octets. */
  readonly mtu?: number;
}

/** An undelivered packet, as an unreachable message quotes it. */
export interface UnreachablePacket {
  readonly code: number;
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly protocol: number;
  /** The first octets of its payload: eight at least. */
  readonly start: Uint8Array;
  /** The length of the packet by its header, in octets. */
  readonly length: number;
  /** True if the packet forbids fragmentation. */
  readonly dontFragment: boolean;
  /** For `tooLong`: the longest packet that the next link carries; 0 if the router does not report it, and for other codes. */
  readonly mtu: number;
}

const unreachableType = 3;
const longestQuote = 576 - 20 - headerLength;
const shortestStart = 8;

/** Encodes the message, with its checksum. */
export function encodeIcmpUnreachable({ code, packet, mtu = 0 }: IcmpUnreachable): Uint8Array {
  const quote = packet.subarray(0, longestQuote);
  const message = new Uint8Array(headerLength + quote.length);
  message[0] = unreachableType;
  message[1] = code;
  writeUint16(message, 6, mtu);
  message.set(quote, headerLength);
  writeUint16(message, 2, internetChecksum(message));
  return message;
}

/**
 * Decodes an unreachable message. Returns undefined if it is another message, its checksum is wrong, or it does not quote the beginning
 * of an IPv4 packet.
 */
export function decodeIcmpUnreachable(message: Uint8Array): UnreachablePacket | undefined {
  if (message[0] !== unreachableType || internetChecksum(message) !== 0) return undefined;
  const packet = message.subarray(headerLength);
  const [first = 0] = packet;
  const length = (first & 0xf) * 4;
  if (first >>> 4 !== 4 || length < 20 || packet.length < length + shortestStart) return undefined;
  const code = message[1] ?? 0;
  return {
    code,
    source: readIpv4(packet, 12),
    destination: readIpv4(packet, 16),
    protocol: packet[9] ?? 0,
    start: packet.subarray(length),
    length: readUint16(packet, 2),
    dontFragment: ((packet[6] ?? 0) & 0x40) !== 0,
    mtu: code === unreachableCodes.tooLong ? readUint16(message, 6) : 0,
  };
}
