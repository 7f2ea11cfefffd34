/**
 * The text of a lease journal: lines of a checksum, a space, JSON and a newline, in UTF-8. The first line gives the format of the file,
 * each further one is a lease record; a later record of an address replaces an earlier one. Zeros at the end are room for further lines.
 *
 *     5d3c0f1a {"format":"etherloom leases","version":1}
 *     1b9a04c7 {"address":"10.77.0.5","state":"bound",...}
 */
import type { Ipv4Address } from '../wire/ipv4.ts';
import { decodeLeaseRecord, encodeLeaseRecord, type LeaseRecord } from './lease-record.ts';

/** A record with its encoded line, kept so that it is encoded only once. */
export interface JournalLine {
  readonly record: LeaseRecord;
  readonly bytes: Uint8Array;
  /** The offset of its first octet, and of the one after its last. */
  readonly start: number;
  readonly end: number;
}

/** The content of a journal. */
export interface Journal {
  /** The last line of each address that is not forgotten. */
  readonly lines: Map<Ipv4Address, JournalLine>;
  /** Octets up to the end of the last good line. */
  readonly length: number;
  /** Octets after that: an unfinished write of a writer that died. */
  readonly torn: number;
  /** Zeros after that. */
  readonly room: number;
  /** The number of damaged lines before that, which are left out. */
  readonly damaged: number;
  /** False if the first good line gives another kind or version of file. */
  readonly isOurs: boolean;
}

const newline = 10;
const space = 32;
const checksumLength = 8;
const encoder = new TextEncoder();
// A byte order mark must be kept: it would be an extra octet in front of a checksum.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
// Above the first use: the header line is made when the module is loaded.
const crcTables = makeCrcTables();

const hexDigits = encoder.encode('0123456789abcdef');

const header = { format: 'etherloom leases', version: 1 };

/** The first line of a journal. */
export const journalHeader: Uint8Array = encodeLine(JSON.stringify(header));

/** Returns the line of a record. */
export function encodeJournalLine(record: LeaseRecord): Uint8Array {
  return encodeLine(encodeLeaseRecord(record));
}

/** Returns a record with its line. */
export function journalLineOf(record: LeaseRecord): JournalLine {
  const bytes = encodeJournalLine(record);
  return { record, bytes, start: 0, end: bytes.length };
}

/** Returns the octets of a line. */
export function octetsOf({ bytes, start, end }: JournalLine): Uint8Array {
  return bytes.subarray(start, end);
}

/** Reads a journal, even a damaged one. */
export function readJournal(bytes: Uint8Array): Journal {
  const lines = new Map<Ipv4Address, JournalLine>();
  // The text is decoded at once, which takes a fraction of the time of decoding line by line. Newlines have the same order in octets and in
  // text. Their positions are the same too if each octet is a character.
  const text = decoder.decode(bytes);
  const isAligned = text.length === bytes.length;
  let [textStart, length, damaged, skipped, isOurs, isFirst] = [0, 0, 0, 0, true, true];
  for (let start = 0; start < bytes.length;) {
    const textEnd = text.indexOf('\n', textStart) + 1;
    const end = isAligned ? textEnd : bytes.indexOf(newline, start) + 1;
    if (end === 0) break;
    const json = isSound(bytes, start, end) ? text.slice(textStart + checksumLength + 1, textEnd - 1) : undefined;
    const record = json === undefined ? undefined : decodeLeaseRecord(json);
    if (isFirst && json !== undefined && record === undefined) isOurs = json === JSON.stringify(header);
    else if (record === undefined) skipped++;
    else takeIn(lines, { record, bytes, start, end });
    start = end;
    textStart = textEnd;
    if (json === undefined) continue;
    isFirst = false;
    // A bad line is damage only if a good one follows; otherwise it is an unfinished write.
    damaged += skipped;
    length = start;
    skipped = 0;
  }
  // A file of zeros alone has lost its content.
  const room = length === 0 ? 0 : trailingZeros(bytes);
  return { lines, length, torn: bytes.length - length - room, room, damaged, isOurs };
}

function trailingZeros(bytes: Uint8Array): number {
  let end = bytes.length;
  while (bytes[end - 1] === 0) end--;
  return bytes.length - end;
}

/** Replaces the former record of the same address. */
export function takeIn(lines: Map<Ipv4Address, JournalLine>, line: JournalLine): void {
  if (line.record.state === 'forgotten') lines.delete(line.record.address);
  else lines.set(line.record.address, line);
}

/**
 * Returns the CRC-32, as in Ethernet and zip, of the octets from `start` to before `end`: four at a time, then one by one. [ISO 3309, 2.2]
 */
export function crc32(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = -1;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    crc ^= (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
    crc =
      (crcTables[0x300 | (crc & 0xff)] ?? 0) ^
      (crcTables[0x200 | ((crc >>> 8) & 0xff)] ?? 0) ^
      (crcTables[0x100 | ((crc >>> 16) & 0xff)] ?? 0) ^
      (crcTables[crc >>> 24] ?? 0);
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ (crcTables[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return ~crc >>> 0;
}

/**
 * Returns the effect of an octet on the checksum: for the last octet, and for those followed by one, two and three octets, 256 entries each.
 */
function makeCrcTables(): Int32Array {
  const tables = new Int32Array(4 * 256);
  for (let octet = 0; octet < 256; octet++) {
    let crc = octet;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0xedb8_8320;
    tables[octet] = crc;
  }
  for (let entry = 256; entry < tables.length; entry++) {
    const before = tables[entry - 256] ?? 0;
    tables[entry] = (before >>> 8) ^ (tables[before & 0xff] ?? 0);
  }
  return tables;
}

function encodeLine(json: string): Uint8Array {
  const checksum = crc32(encoder.encode(json)).toString(16).padStart(checksumLength, '0');
  return encoder.encode(`${checksum} ${json}\n`);
}

/** Returns whether the line between `start` and `end`, with its newline, has a correct checksum. */
function isSound(bytes: Uint8Array, start: number, end: number): boolean {
  const jsonStart = start + checksumLength + 1;
  if (jsonStart > end - 1 || bytes[jsonStart - 1] !== space) return false;
  let rest = crc32(bytes, jsonStart, end - 1);
  for (let at = jsonStart - 2; at >= start; at--, rest >>>= 4) if (bytes[at] !== hexDigits[rest & 0xf]) return false;
  return true;
}
