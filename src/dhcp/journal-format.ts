/**
 * The text of a lease journal: lines of a checksum, a space, JSON and a newline, in UTF-8. The first says what the file is, each further
 * one is a lease record; a later record of an address replaces an earlier one. Zeros at the end are room for further lines.
 *
 *     5d3c0f1a {"format":"etherloom leases","version":1}
 *     1b9a04c7 {"address":"10.77.0.5","state":"bound",...}
 */
import type { Ipv4Address } from '../wire/ipv4.ts';
import { decodeLeaseRecord, encodeLeaseRecord, type LeaseRecord } from './lease-record.ts';

/** A record and where its line is, kept so that it need not be made again. */
export interface JournalLine {
  readonly record: LeaseRecord;
  readonly bytes: Uint8Array;
  /** Its first octet, and the one after its last. */
  readonly start: number;
  readonly end: number;
}

/** What a journal says. */
export interface Journal {
  /** The last line of each address that is not forgotten. */
  readonly lines: Map<Ipv4Address, JournalLine>;
  /** Octets up to the end of the last good line. */
  readonly length: number;
  /** Octets after that: what was being written when its writer died. */
  readonly torn: number;
  /** Zeros after that. */
  readonly room: number;
  /** Lines before that which are damaged, and left out. */
  readonly damaged: number;
  /** False when the first good line says that the file is of another kind or version. */
  readonly isOurs: boolean;
}

const newline = 10;
const space = 32;
const checksumLength = 8;
const encoder = new TextEncoder();
// A byte order mark would be an octet too many in front of a checksum: it is kept.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
// Above the first use: the header line is made when the module is loaded.
const crcTables = makeCrcTables();

const hexDigits = encoder.encode('0123456789abcdef');

const header = { format: 'etherloom leases', version: 1 };

/** The first line of a journal. */
export const journalHeader: Uint8Array = encodeLine(JSON.stringify(header));

/** The line of a record. */
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

/** Reads a journal, however damaged. */
export function readJournal(bytes: Uint8Array): Journal {
  const lines = new Map<Ipv4Address, JournalLine>();
  // At once, which takes a fraction of decoding line by line. The newlines are in the same order in both, whatever the octets between;
  // in the same places, too, where each octet is a character.
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
    // Only what is followed by something good is damage; what is not was never finished.
    damaged += skipped;
    length = start;
    skipped = 0;
  }
  // Where there are zeros alone something was lost.
  const room = length === 0 ? 0 : trailingZeros(bytes);
  return { lines, length, torn: bytes.length - length - room, room, damaged, isOurs };
}

function trailingZeros(bytes: Uint8Array): number {
  let end = bytes.length;
  while (bytes[end - 1] === 0) end--;
  return bytes.length - end;
}

/** Puts a record in the place of the one before. */
export function takeIn(lines: Map<Ipv4Address, JournalLine>, line: JournalLine): void {
  if (line.record.state === 'forgotten') lines.delete(line.record.address);
  else lines.set(line.record.address, line);
}

/** CRC-32 as of Ethernet and zip, of the octets from `start` on and before `end`: four at a time, then one by one. [ISO 3309, 2.2] */
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

/** What an octet does to the checksum: the last one, and the ones with one, two and three octets behind them, 256 entries each. */
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

/** Whether the line between `start` and `end`, which includes its newline, has a checksum that is right. */
function isSound(bytes: Uint8Array, start: number, end: number): boolean {
  const jsonStart = start + checksumLength + 1;
  if (jsonStart > end - 1 || bytes[jsonStart - 1] !== space) return false;
  let rest = crc32(bytes, jsonStart, end - 1);
  for (let at = jsonStart - 2; at >= start; at--, rest >>>= 4) if (bytes[at] !== hexDigits[rest & 0xf]) return false;
  return true;
}
