/*
 * Where the EtherType of a frame's packet is, behind tags and SNAP headers, as receivers look for it: Linux strips nested priority tags and
 * takes service tags, others take packets behind a SNAP header.
 */
import { etherTypes } from '../wire/ethernet.ts';
import { readUint16, readUint32 } from '../wire/octets.ts';

/** The place of a frame's type that hides behind more tags than `mostTags`. */
export const hidden = -1;

/** The offset of the type in a frame without a tag. */
export const typeAt = 12;

const tagLength = 4;
/** The most tags that are looked through. */
const mostTags = 8;
/** The EtherType of service tags. [IEEE 802.1Q, table 9-1] */
const serviceTag = 0x88a8;
/** The highest length of a frame of IEEE 802.3, which stands in place of the EtherType. [IEEE 802.3, 3.2.6] */
const longestLlc = 1500;
/** LLC and SNAP headers before an EtherType. The last octets are 0x0000, or 0x00f8 from some bridges. [RFC 1042; IEEE 802.1H] */
const snap = { high: 0xaaaa_0300, low: 0x0000, bridged: 0x00f8, length: 8 } as const;

/** Returns whether a frame of at least 14 octets has a type behind which the type of its packet may be. */
export function isWrapped(frame: Uint8Array): boolean {
  const type = readUint16(frame, typeAt);
  return isTagType(type) || type <= longestLlc;
}

/** Returns the offset of the type of a frame in its VLAN: behind its tag, tags without a VLAN, and a SNAP header. It may be the frame's end. */
export function typeInVlan(frame: Uint8Array): number {
  let at = readUint16(frame, typeAt) === etherTypes.dot1q ? typeAt + tagLength : typeAt;
  while (isTag(frame, at) && (readUint16(frame, at + 2) & 0xfff) === 0) at += tagLength;
  return behindSnap(frame, at);
}

/** Returns the offset of the type of a frame, of at least 14 octets, behind all its tags and a SNAP header; `hidden` if there are too many. */
export function innermostType(frame: Uint8Array): number {
  if (!isWrapped(frame)) return typeAt;
  let at = typeAt;
  for (let tags = 0; isTag(frame, at); tags++) {
    if (tags === mostTags) return hidden;
    at += tagLength;
  }
  return behindSnap(frame, at);
}

function isTag(frame: Uint8Array, at: number): boolean {
  return frame.length >= at + tagLength && isTagType(readUint16(frame, at));
}

function isTagType(type: number): boolean {
  return type === etherTypes.dot1q || type === serviceTag;
}

function behindSnap(frame: Uint8Array, at: number): number {
  if (frame.length < at + 2 + snap.length || readUint16(frame, at) > longestLlc || readUint32(frame, at + 2) !== snap.high) return at;
  const low = readUint16(frame, at + 6);
  return low === snap.low || low === snap.bridged ? at + snap.length : at;
}
