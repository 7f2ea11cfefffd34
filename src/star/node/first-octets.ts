/**
 * The first octets of a connection on a port that serves several protocols.
 *
 *     0x16 0x03 . . . 0x01   TLS: a record of the handshake, with a ClientHello  [RFC 8446, 4 and 5.1]
 *     {                      the control protocol, plain
 *     anything else          frames, plain: the high octet of a length, or text in front of the first frame
 *
 * As a frame, the octets of TLS would be one of 5,635 octets. Between our own programs a link begins with zeros.
 */

/** The protocol that a connection begins. `undecided` if more octets are needed. */
export type FirstOctets = 'tls' | 'control' | 'link' | 'undecided';

/** The number of octets that always decide. */
export const decisiveLength = 6;

const handshakeRecord = 0x16;
const tlsMajor = 0x03;
const clientHello = 0x01;
const brace = 0x7b;

/** Returns the protocol that these octets begin: all octets of a connection so far, up to `decisiveLength`. */
export function judgeFirstOctets(octets: Uint8Array): FirstOctets {
  const [first, second = tlsMajor] = octets;
  if (first === undefined) return 'undecided';
  if (first === brace) return 'control';
  if (first !== handshakeRecord || second !== tlsMajor) return 'link';
  if (octets.length < decisiveLength) return 'undecided';
  return octets[decisiveLength - 1] === clientHello ? 'tls' : 'link';
}

/** The octets of a record in front of its content: type, version, and length. [RFC 8446, 5.1] */
const recordHeader = 5;

/** The most octets of a ClientHello that are waited for. One of ours has 500, or 1,700 with a key of ML-KEM. */
const mostAwaited = 4096;

/** Returns how many octets of a connection of TLS are awaited before its handshake begins: the first record, if it is not too long. */
export function lengthOfHello(octets: Uint8Array): number {
  const [, , , high = 0, low = 0] = octets;
  return Math.min(recordHeader + 256 * high + low, mostAwaited);
}
