/*
 * ICMP echo and echo reply, 8 octets and what is echoed. [RFC 792, Echo or Echo Reply Message]
 *
 *    0      1      2          4            6          8
 *   +------+------+----------+------------+----------+---------
 *   | 8, 0 |  0   | checksum | identifier | sequence | payload
 *   +------+------+----------+------------+----------+---------
 *    type   code
 */
import { internetChecksum } from './checksum.ts';
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
