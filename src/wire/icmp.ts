/*
 * ICMP echo and echo reply, 8 octets and what is echoed; destination unreachable has zeros in place of the identifier, zeros or the MTU of
 * the next link in place of the sequence, and the beginning of the packet that did not come there in place of the payload. [RFC 792; RFC 1191, 4]
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

/** An echo message taken apart. */
export interface IcmpEcho {
  readonly type: 'request' | 'reply';
  readonly identifier: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

const headerLength = 8;
const requestType = 8;
const replyType = 0;

/** Takes an ICMP message, the payload of IPv4, apart. Undefined when it is none of the two echo messages, or its checksum is wrong. */
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

/** Puts an echo message together, with its checksum. */
export function encodeIcmpEcho(echo: IcmpEcho): Uint8Array {
  const message = new Uint8Array(headerLength + echo.payload.length);
  message[0] = echo.type === 'request' ? requestType : replyType;
  writeUint16(message, 4, echo.identifier);
  writeUint16(message, 6, echo.sequence);
  message.set(echo.payload, headerLength);
  writeUint16(message, 2, internetChecksum(message));
  return message;
}

/** Why a packet did not come to its destination. [RFC 792; RFC 1191, 4] */
export const unreachableCodes = { network: 0, host: 1, protocol: 2, port: 3, tooLong: 4 } as const;

/** That a packet did not come to its destination. */
export interface IcmpUnreachable {
  readonly code: number;
  /** The packet, as it was: of what is said of it as much is sent as fits into 576 octets. [RFC 1812, 4.3.2.3] */
  readonly packet: Uint8Array;
  /** For `tooLong`: the longest packet that the next link carries, in octets. */
  readonly mtu?: number;
}

/** What an unreachable message says of a packet. */
export interface UnreachablePacket {
  readonly code: number;
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly protocol: number;
  /** The first octets of its payload: eight at least. */
  readonly start: Uint8Array;
  /** How long it was, by its header, in octets. */
  readonly length: number;
  /** Whether it was not to be sent in fragments. */
  readonly dontFragment: boolean;
  /** For `tooLong`: the longest packet that the next link carries; 0 where the router does not say, and for other codes. */
  readonly mtu: number;
}

const unreachableType = 3;
const longestQuote = 576 - 20 - headerLength;
const shortestStart = 8;

/** Puts the message together, with its checksum. */
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

/** Takes an unreachable message apart. Undefined when it is none, its checksum is wrong, or what it quotes is no beginning of an IPv4 packet. */
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
