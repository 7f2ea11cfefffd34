/**
 * The text of a lease journal: lines of a checksum, a space, JSON and a newline, in UTF-8. The first says what the file is, each further
 * one is a lease record; a later record of an address replaces an earlier one.
 *
 *     5d3c0f1a {"format":"etherloom leases","version":1}
 *     1b9a04c7 {"address":"10.77.0.5","state":"bound",...}
 */
import type { Ipv4Address } from '../wire/ipv4.ts';
import { decodeLeaseRecord, encodeLeaseRecord, type LeaseRecord } from './lease-record.ts';

/** A record and its line, kept so that it need not be made again. */
export interface JournalLine {
  readonly record: LeaseRecord;
  readonly line: Uint8Array;
}

/** What a journal says. */
export interface Journal {
  /** The last line of each address that is not forgotten. */
  readonly lines: Map<Ipv4Address, JournalLine>;
  /** Octets up to the end of the last good line. */
  readonly length: number;
  /** Octets after that: what was being written when its writer died. */
  readonly torn: number;
  /** Lines before that which are damaged, and left out. */
  readonly damaged: number;
  /** False when the first good line says that the file is of another kind or version. */
  readonly isOurs: boolean;
}

const newline = 10;
const checksumLength = 8;
// Above the first use: the header line is made when the module is loaded.
const crcTable = Uint32Array.from({ length: 256 }, (_, octet) => {
  let crc = octet;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0xedb8_8320;
  return crc;
});

const header = { format: 'etherloom leases', version: 1 };

/** The first line of a journal. */
export const journalHeader: Uint8Array = encodeLine(JSON.stringify(header));

/** The line of a record. */
export function encodeJournalLine(record: LeaseRecord): Uint8Array {
  return encodeLine(encodeLeaseRecord(record));
}

/** Reads a journal, however damaged. */
export function readJournal(bytes: Uint8Array): Journal {
  const lines = new Map<Ipv4Address, JournalLine>();
  let [length, damaged, skipped, isOurs, isFirst] = [0, 0, 0, true, true];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(newline, start);
    if (end === -1) break;
    const line = bytes.subarray(start, end + 1);
    const text = textOf(line);
    const record = text === undefined ? undefined : decodeLeaseRecord(text);
    if (isFirst && text !== undefined && record === undefined) isOurs = text === JSON.stringify(header);
    else if (record === undefined) skipped++;
    else takeIn(lines, { record, line });
    start = end + 1;
    if (text === undefined) continue;
    isFirst = false;
    // Only what is followed by something good is damage; what is not was never finished.
    damaged += skipped;
    [length, skipped] = [start, 0];
  }
  return { lines, length, torn: bytes.length - length, damaged, isOurs };
}

/** Puts a record in the place of the one before. */
export function takeIn(lines: Map<Ipv4Address, JournalLine>, line: JournalLine): void {
  if (line.record.state === 'forgotten') lines.delete(line.record.address);
  else lines.set(line.record.address, line);
}

/** CRC-32 as of Ethernet and zip. [ISO 3309, 2.2] */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const octet of bytes) crc = (crc >>> 8) ^ (crcTable[(crc ^ octet) & 0xff] ?? 0);
  return (crc ^ 0xffff_ffff) >>> 0;
}

function encodeLine(json: string): Uint8Array {
  const encoder = new TextEncoder();
  const checksum = crc32(encoder.encode(json)).toString(16).padStart(checksumLength, '0');
  return encoder.encode(`${checksum} ${json}\n`);
}

/** What a line says; undefined when its checksum is wrong. */
function textOf(line: Uint8Array): string | undefined {
  const json = line.subarray(checksumLength + 1, -1);
  const decoder = new TextDecoder();
  const checksum = crc32(json).toString(16).padStart(checksumLength, '0');
  return decoder.decode(line.subarray(0, checksumLength + 1)) === `${checksum} ` ? decoder.decode(json) : undefined;
}
