/*
 * The frames by which two switches agree on shortcuts. They have the second local experimental EtherType, and are never given to a station.
 *
 *    0             6        12       14       18     19     20     22            28       34       38
 *   +-------------+--------+--------+--------+------+------+------+-------------+--------+--------+--------
 *   | destination | source | 0x88b6 | "elsc" | kind | 0    | VLAN | destination | source | nonce  | sender
 *   +-------------+--------+--------+--------+------+------+------+-------------+--------+--------+--------
 *
 * A marker and a refresh pass the uplink in the flow's VLAN, under the flow's own addresses, so that they take the way of its frames. The others pass
 * the shortcut without a tag, to the address 00:00:00:00:00:00, which no shortcut carries frames for. [IEEE 802, 9.2.4]
 */
import { isTagged, minTaggedFrame, vidOf, type Vid } from '../wire/dot1q.ts';
import { readMac, writeMac, type MacAddress } from '../wire/mac.ts';
import { readUint16, readUint32, writeUint16, writeUint32 } from '../wire/octets.ts';

/** The frames of one station for another, in one VLAN. Their order is kept. */
export interface Flow {
  readonly vid: Vid;
  readonly destination: MacAddress;
  readonly source: MacAddress;
}

/** The kinds of these frames. */
export const shortcutKinds = [
  'marker', // by the uplink, behind the last frame of the flow there
  'refresh', // by the uplink: the source is still alive, though its frames take a shortcut
  'ask', // is the destination behind your local ports?
  'have', // it is
  'gone', // it no longer is, or is silent
  'ack', // the marker with that nonce came
  'go', // the frames of the flow follow
  'alive', // a sign of life
  'closed', // frames of the flow are dropped: they came by the uplink
] as const;

/** The kind of a frame about shortcuts. */
export type ShortcutKind = (typeof shortcutKinds)[number];

/** A decoded frame about a shortcut. */
export interface ShortcutFrame extends Flow {
  readonly kind: ShortcutKind;
  /** Of marker, ack and go; else 0. An unsigned number of 32 bits. */
  readonly nonce: number;
  /** The number of the sending switch among its group. */
  readonly sender: number;
}

/** The EtherType. [IEEE 802, 9.2.4: local experimental Ethertype 2] */
export const shortcutType = 0x88b6;

const magic = 0x656c_7363;
const typeAt = 12;
/** Padded as a frame of Ethernet. */
const frameLength = 60;
const fields = { magic: 14, kind: 18, vid: 20, destination: 22, source: 28, nonce: 34, sender: 38, end: 42 } as const;

/** Encodes a frame, without a tag. */
export function encodeShortcutFrame({ kind, vid, destination, source, nonce, sender }: ShortcutFrame): Uint8Array {
  const frame = new Uint8Array(frameLength);
  if (isForUplink(kind)) {
    writeMac(frame, 0, destination);
    writeMac(frame, 6, source);
  }
  writeUint16(frame, typeAt, shortcutType);
  writeUint32(frame, fields.magic, magic);
  frame[fields.kind] = shortcutKinds.indexOf(kind);
  writeUint16(frame, fields.vid, vid);
  writeMac(frame, fields.destination, destination);
  writeMac(frame, fields.source, source);
  writeUint32(frame, fields.nonce, nonce);
  writeUint32(frame, fields.sender, sender);
  return frame;
}

/** Decodes a frame that came by a shortcut. Undefined for a frame of a station. */
export function decodeAtShortcut(frame: Uint8Array): ShortcutFrame | undefined {
  if (readUint32(frame, 0) !== 0 || readUint16(frame, 4) !== 0) return undefined;
  const decoded = decode(frame, typeAt);
  return decoded && !isForUplink(decoded.kind) ? decoded : undefined;
}

/** Decodes a marker or a refresh that came by the uplink. Undefined for all other frames. */
export function decodeAtUplink(frame: Uint8Array, vid: Vid): ShortcutFrame | undefined {
  const at = isTagged(frame) ? minTaggedFrame - 2 : typeAt;
  const decoded = decode(frame, at);
  if (!decoded || !isForUplink(decoded.kind)) return undefined;
  // The header is what the guards have judged.
  return { ...decoded, vid, destination: readMac(frame, 0), source: readMac(frame, 6) };
}

/** Returns whether a frame, of 14 octets at least, has the type of these frames behind its tag. */
export function isShortcutType(frame: Uint8Array): boolean {
  return readUint16(frame, isTagged(frame) && frame.length >= minTaggedFrame ? minTaggedFrame - 2 : typeAt) === shortcutType;
}

function decode(frame: Uint8Array, at: number): ShortcutFrame | undefined {
  const shift = at - typeAt;
  if (frame.length < fields.end + shift || readUint16(frame, at) !== shortcutType) return undefined;
  if (readUint32(frame, fields.magic + shift) !== magic) return undefined;
  const kind = shortcutKinds[frame[fields.kind + shift] ?? shortcutKinds.length];
  if (kind === undefined) return undefined;
  return {
    kind,
    vid: (readUint16(frame, fields.vid + shift) & 0xfff) as Vid,
    destination: readMac(frame, fields.destination + shift),
    source: readMac(frame, fields.source + shift),
    nonce: readUint32(frame, fields.nonce + shift),
    sender: readUint32(frame, fields.sender + shift),
  };
}

function isForUplink(kind: ShortcutKind): boolean {
  return kind === 'marker' || kind === 'refresh';
}

/** Returns the VLAN of a frame as shortcuts carry it: by its tag, else 0. */
export function vidAtShortcut(frame: Uint8Array): Vid {
  return isTagged(frame) ? vidOf(frame) : (0 as Vid);
}
