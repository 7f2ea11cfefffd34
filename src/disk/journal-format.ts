/**
 * The text of a journal: lines of a checksum, a space, JSON and a newline, in UTF-8. The first line gives the format of the file. Each further
 * one is a record, or several in brackets, which belong together: a crash keeps all of them or none. A later record of a key replaces an
 * earlier one. Zeros at the end are room for further lines.
 *
 *     5d3c0f1a {"format":"etherloom leases","version":1}
 *     1b9a04c7 {"address":"10.77.0.5","state":"bound",...}
 */

/** The format of a journal, and the state that its records make. */
export interface JournalFormat<Entry, State extends JournalState<Entry> = JournalState<Entry>> {
  /** The content of the first line. */
  readonly header: { readonly format: string; readonly version: number };
  /** Encodes a record as a JSON object. */
  readonly encode: (record: Entry) => string;
  /** Decodes it. Returns undefined if it is not a record. */
  readonly decode: (json: string) => Entry | undefined;
  /** Returns the state before the first record. */
  readonly begin: () => State;
}

/** The state that the records of a journal make, one after the other. */
export interface JournalState<Entry> {
  /** The fewest records that make it. */
  readonly size: number;
  /** Takes the next record, which is on the disk. `line` is its line; undefined if it shares one. */
  put(record: Entry, line?: JournalLine): void;
  /** Returns the records that make it, in an order in which they do. */
  records(): Iterable<Entry>;
  /** Returns their lines. */
  lines(): Iterable<Uint8Array>;
  /** Of single records that are appended together, returns those that must be written. Default: all. */
  news?(records: readonly Entry[]): readonly Entry[];
}

/** An encoded line. */
export interface JournalLine {
  readonly bytes: Uint8Array;
  /** The offset of its first octet, and of the one after its last. */
  readonly start: number;
  readonly end: number;
}

/** The content of a journal. */
export interface JournalContent<State> {
  readonly state: State;
  /** The number of its records. */
  readonly records: number;
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

/** Returns the first line of a journal. */
export function journalHeader({ header }: Pick<JournalFormat<unknown>, 'header'>): Uint8Array {
  return encodeLine(JSON.stringify(header));
}

/** Returns the line of a record, or of several, of which a crash keeps all or none. */
export function journalLine<Entry>({ encode }: Pick<JournalFormat<Entry>, 'encode'>, records: readonly Entry[]): Uint8Array {
  const texts = records.map(encode).join(',');
  return encodeLine(records.length === 1 ? texts : `[${texts}]`);
}

/** Reads a journal, even a damaged one. */
export function readJournal<Entry, State extends JournalState<Entry>>(
  format: JournalFormat<Entry, State>,
  bytes: Uint8Array,
): JournalContent<State> {
  const state = format.begin();
  // The text is decoded at once, which takes a fraction of the time of decoding line by line. Newlines have the same order in octets and in
  // text. Their positions are the same too if each octet is a character.
  const text = decoder.decode(bytes);
  const isAligned = text.length === bytes.length;
  let [textStart, records, length, damaged, skipped, isOurs, isFirst] = [0, 0, 0, 0, 0, true, true];
  for (let start = 0; start < bytes.length;) {
    const textEnd = text.indexOf('\n', textStart) + 1;
    const end = isAligned ? textEnd : bytes.indexOf(newline, start) + 1;
    if (end === 0) break;
    const json = isSound(bytes, start, end) ? text.slice(textStart + checksumLength + 1, textEnd - 1) : undefined;
    const taken = json === undefined ? 0 : takeLine(state, format, json, { bytes, start, end });
    if (isFirst && json !== undefined && taken === 0) isOurs = json === JSON.stringify(format.header);
    else if (taken === 0) skipped++;
    records += taken;
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
  return { state, records, length, torn: bytes.length - length - room, room, damaged, isOurs };
}

/** Takes the records of a line, and returns their number. */
function takeLine<Entry>(state: JournalState<Entry>, format: JournalFormat<Entry>, json: string, line: JournalLine): number {
  if (json.startsWith('[')) return takeSeveral(state, format, json);
  const record = format.decode(json);
  if (record === undefined) return 0;
  state.put(record, line);
  return 1;
}

function takeSeveral<Entry>(state: JournalState<Entry>, format: JournalFormat<Entry>, json: string): number {
  const records = elementsOf(json).map((element) => format.decode(JSON.stringify(element)));
  if (records.includes(undefined)) return 0;
  for (const record of records) if (record !== undefined) state.put(record);
  return records.length;
}

function elementsOf(json: string): readonly unknown[] {
  try {
    return JSON.parse(json) as unknown[];
  } catch {
    return [];
  }
}

function trailingZeros(bytes: Uint8Array): number {
  let end = bytes.length;
  while (bytes[end - 1] === 0) end--;
  return bytes.length - end;
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
