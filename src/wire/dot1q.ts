/*
 * VLAN tag, 4 octets between the source address and the EtherType. [IEEE 802.1Q, 9.6]
 *
 *    12         14                      16         18
 *   +----------+---+-+-----------------+----------+---------
 *   |  0x8100  |PCP|D|       VID       | etherType| payload
 *   +----------+---+-+-----------------+----------+---------
 *    TPID       3   1  12 bits: the TCI
 */
import { etherTypes, etherTypeOf } from './ethernet.ts';
import { readUint16, writeUint16 } from './octets.ts';

declare const vidBrand: unique symbol;

/** The identifier of a VLAN, from 0 to 4095. [IEEE 802.1Q, 9.6] */
export type Vid = number & { readonly [vidBrand]: true };

/** A decoded tag. */
export interface Dot1q {
  /** PCP, from 0 to 7. */
  readonly priority: number;
  /** DEI: the frame may be dropped before others. */
  readonly dropEligible: boolean;
  readonly vid: Vid;
}

/** The length of the shortest frame with a whole tag: addresses, tag and EtherType, in octets. */
export const minTaggedFrame = 18;

const addressesLength = 12;
const tagLength = 4;

/** Returns the VLAN with that identifier. Throws RangeError if it is not an integer from 0 to 4095. */
export function vid(n: number): Vid {
  if (!Number.isInteger(n) || n < 0 || n > 0xfff) throw new RangeError(`not a VLAN identifier: ${n}`);
  return n as Vid;
}

/** Decodes the four octets of a tag. Returns undefined if there are fewer, or the TPID is not 0x8100. */
export function decodeDot1q(tag: Uint8Array): Dot1q | undefined {
  if (tag.length < tagLength || readUint16(tag, 0) !== etherTypes.dot1q) return undefined;
  const tci = readUint16(tag, 2);
  return { priority: tci >>> 13, dropEligible: (tci & 0x1000) !== 0, vid: (tci & 0xfff) as Vid };
}

/** Returns the four octets of a tag. */
export function encodeDot1q(dot1q: Dot1q): Uint8Array {
  const tag = new Uint8Array(tagLength);
  writeUint16(tag, 0, etherTypes.dot1q);
  writeUint16(tag, 2, (dot1q.priority << 13) | (dot1q.dropEligible ? 0x1000 : 0) | dot1q.vid);
  return tag;
}

/** Returns whether a frame of at least 14 octets has the EtherType of a tag. The tag is whole only from `minTaggedFrame` octets on. */
export function isTagged(frame: Uint8Array): boolean {
  return etherTypeOf(frame) === etherTypes.dot1q;
}

/** Returns whether a frame with a whole tag has another tag after the first. */
export function isDoubleTagged(frame: Uint8Array): boolean {
  return isTagged(frame) && readUint16(frame, minTaggedFrame - 2) === etherTypes.dot1q;
}

/** Returns whether a frame of at least 14 octets has a whole tag of VLAN 0, which carries a priority and no VLAN. [IEEE 802.1Q, 3.183] */
export function isPriorityTagged(frame: Uint8Array): boolean {
  return isTagged(frame) && frame.length >= minTaggedFrame && vidOf(frame) === 0;
}

/** Returns the VLAN of a frame with a whole tag. */
export function vidOf(frame: Uint8Array): Vid {
  return (tciOf(frame) & 0xfff) as Vid;
}

/** Returns the 16 bits of PCP, DEI and VID of a frame with a whole tag. */
export function tciOf(frame: Uint8Array): number {
  return readUint16(frame, 14);
}

/**
 * Returns a new frame: `frame`, of at least 14 octets, with a tag of that TCI before its EtherType.
 *
 * @example
 * ```ts
 * import { addTag, removeTag, vid } from 'etherloom/wire/dot1q';
 *
 * const tagged = addTag(new Uint8Array(60), vid(5));
 * console.log(tagged.length); // 64
 * console.log(removeTag(tagged).length); // 60
 * ```
 */
export function addTag(frame: Uint8Array, tci: number): Uint8Array {
  const tagged = new Uint8Array(frame.length + tagLength);
  tagged.set(frame, tagLength);
  copyAddresses(frame, tagged);
  writeUint16(tagged, 12, etherTypes.dot1q);
  writeUint16(tagged, 14, tci);
  return tagged;
}

/** Returns a new frame: `frame` without its tag, which must be whole. */
export function removeTag(frame: Uint8Array): Uint8Array {
  const untagged = new Uint8Array(frame.length - tagLength);
  untagged.set(frame.subarray(tagLength));
  copyAddresses(frame, untagged);
  return untagged;
}

function copyAddresses(from: Uint8Array, to: Uint8Array): void {
  for (let at = 0; at < addressesLength; at++) to[at] = from[at] ?? 0;
}
