/**
 * The messages on the control socket of a VDE switch, in the byte order of the host (here: little endian).
 *
 *   request, version 3                       request, version 1 (before 2005)
 *   0    4  magic feed face                  0    4  magic
 *   4    4  version 3                        4    4  type, port
 *   8    4  type (low 8 bits), port          8    6  MAC address, unused
 *   12   2  AF_UNIX                          14   2  AF_UNIX
 *   14 108  path of the client's socket      16 108  path of the client's socket
 *   122  .. description, to the end          124  .. description, to the end
 *
 *   reply: struct sockaddr_un, 110 octets: AF_UNIX, path of the switch's socket, zeros. The switch never sends anything else.
 */
// The package's ESM entry has no types where NodeNext looks for them; this one has.
import { Parser } from 'binary-parser/dist/binary_parser.js';
import type { PortWish } from '../pure/port.ts';

const magic = 0xfeedface;
const pathSize = 108;
const newPort0 = 1;

/** The size of the only reply. */
export const vdeReplySize = 110;

/** The length of the shortest request. */
export const minVdeRequest = 122;

const minOldRequest = minVdeRequest + 2;

/** A client's request for a port. */
export interface VdeRequest {
  readonly wish: PortWish;
  /** The path of the client's datagram socket; empty when its name is abstract, or it has none. */
  readonly path: string;
  /** The abstract name of that socket, a NUL and 107 octets; undefined if it has a path, or no name. */
  readonly abstractName?: Uint8Array | undefined;
  /** The client's description of itself: text from outside, made printable. */
  readonly description: string;
}

const header = new Parser().endianness('little').uint32('magic').uint32('version');
const address = new Parser()
  .endianness('little')
  .uint16('family')
  .buffer('path', { length: pathSize })
  .buffer('description', { readUntil: 'eof' });
const version3 = new Parser().endianness('little').seek(8).int32('type').nest('client', { type: address });
const version1 = new Parser().endianness('little').seek(4).int32('type').seek(6).nest('client', { type: address });
const reply = new Parser().endianness('little').uint16('family').buffer('path', { length: pathSize });

/** Returns whether more octets can still complete a request. A client sends its request at once; this is for one that does not. */
export function mayBecomeVdeRequest(octets: Uint8Array): boolean {
  if (octets.length < 4) return true;
  const { magic: found, version } = header.parse(pad(octets)) as Header;
  return found === magic && octets.length < (octets.length >= 8 && version <= 1 ? minOldRequest : minVdeRequest);
}

/** Decodes a request. Returns undefined if it is too short, has no magic, or an unknown version or type. */
export function decodeVdeRequest(octets: Uint8Array): VdeRequest | undefined {
  if (octets.length < minVdeRequest) return undefined;
  const { magic: found, version } = header.parse(octets) as Header;
  if (found !== magic) return undefined;
  if (version === 3) return request(version3.parse(octets) as ParsedRequest);
  if (version > 1 || octets.length < minOldRequest) return undefined;
  return request(version1.parse(octets) as ParsedRequest);
}

/** Encodes the version 3 request for a port, from a client whose socket is bound at `path` (at most 107 octets). */
export function encodeVdeRequest({ wish, path, description }: VdeRequest): Uint8Array {
  const text = Buffer.from(description).subarray(0, 127);
  const octets = Buffer.alloc(minVdeRequest + text.length);
  octets.writeUInt32LE(magic, 0);
  octets.writeUInt32LE(3, 4);
  octets.writeInt32LE(wish === 'management' ? newPort0 : wish === 'any' ? 0 : wish << 8, 8);
  octets.writeUInt16LE(1, 12);
  octets.write(path, 14, pathSize - 1);
  octets.set(text, minVdeRequest);
  return octets;
}

/** Returns the path of the switch's socket for the new port, or undefined if this is not a reply. */
export function decodeVdeReply(octets: Uint8Array): string | undefined {
  if (octets.length !== vdeReplySize) return undefined;
  const { family, path } = reply.parse(octets) as ParsedReply;
  return family === 1 ? untilNul(path) : undefined;
}

/** Encodes the reply that names the switch's socket for the new port (at most 107 octets). */
export function encodeVdeReply(path: string): Uint8Array {
  const octets = Buffer.alloc(vdeReplySize);
  octets.writeUInt16LE(1, 0);
  octets.write(path, 2, pathSize - 1);
  return octets;
}

interface Header {
  readonly magic: number;
  readonly version: number;
}

interface ParsedReply {
  readonly family: number;
  readonly path: Uint8Array;
}

interface ParsedRequest {
  readonly type: number;
  readonly client: { readonly family: number; readonly path: Uint8Array; readonly description: Uint8Array };
}

function request({ type, client }: ParsedRequest): VdeRequest | undefined {
  const wish = portWish(type & 0xff, type >> 8);
  if (wish === undefined || client.family !== 1) return undefined;
  const { path, description } = client;
  const abstractName = path[0] === 0 && path.some((octet) => octet !== 0) ? path.slice() : undefined;
  return { wish, path: untilNul(path), abstractName, description: printable(description) };
}

function portWish(kind: number, port: number): PortWish | undefined {
  if (kind === newPort0) return 'management';
  if (kind !== 0) return undefined;
  if (port < 0) return 'management';
  return port === 0 ? 'any' : port;
}

function untilNul(path: Uint8Array): string {
  const end = path.indexOf(0, 1);
  return Buffer.from(path[0] === 0 ? path.subarray(0, 0) : path.subarray(0, end < 0 ? path.length : end)).toString();
}

/** Makes a description printable: the console shows it in a line format, so it must not end the line or move the cursor. */
function printable(description: Uint8Array): string {
  return Buffer.from(description)
    .toString('latin1')
    .replace(/\0.*$/s, '')
    .replace(/[^\x20-\x7e]/g, '?');
}

function pad(octets: Uint8Array): Uint8Array {
  return Buffer.concat([octets, Buffer.alloc(8)]);
}
