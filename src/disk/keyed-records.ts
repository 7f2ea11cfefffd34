import { journalLine, type JournalFormat, type JournalLine, type JournalState } from './journal-format.ts';

/** The keys of the records of a journal that keeps the last record of each key. */
export interface RecordKeys<Entry, Key> extends Pick<JournalFormat<Entry>, 'encode'> {
  readonly keyOf: (record: Entry) => Key;
  /** Returns whether the record says that there is nothing under its key any more. */
  readonly isEnd: (record: Entry) => boolean;
  /** Returns whether two records of one key are the same. Then the second one need not be written. */
  readonly isSame: (a: Entry, b: Entry) => boolean;
}

/** The last record of each key that has not ended. Their lines are kept, so that each is encoded only once. */
export class KeyedRecords<Entry, Key> implements JournalState<Entry> {
  readonly #keys: RecordKeys<Entry, Key>;
  readonly #kept = new Map<Key, { readonly record: Entry; readonly line: JournalLine }>();

  constructor(keys: RecordKeys<Entry, Key>) {
    this.#keys = keys;
  }

  get size(): number {
    return this.#kept.size;
  }

  put(record: Entry, line: JournalLine = this.#lineOf(record)): void {
    const { keyOf, isEnd } = this.#keys;
    if (isEnd(record)) this.#kept.delete(keyOf(record));
    else this.#kept.set(keyOf(record), { record, line });
  }

  /** Returns the record of a key. */
  get(key: Key): Entry | undefined {
    return this.#kept.get(key)?.record;
  }

  *records(): Generator<Entry> {
    for (const { record } of this.#kept.values()) yield record;
  }

  *lines(): Generator<Uint8Array> {
    for (const { line } of this.#kept.values()) yield line.bytes.subarray(line.start, line.end);
  }

  /** Returns the last record of each key, if it differs from the one that is kept. */
  news(records: readonly Entry[]): readonly Entry[] {
    const last = new Map<Key, Entry>();
    for (const record of records) last.set(this.#keys.keyOf(record), record);
    return Array.from(last.values()).filter((record) => !this.#isKept(record));
  }

  #lineOf(record: Entry): JournalLine {
    const bytes = journalLine(this.#keys, [record]);
    return { bytes, start: 0, end: bytes.length };
  }

  #isKept(record: Entry): boolean {
    const kept = this.get(this.#keys.keyOf(record));
    return kept === undefined ? this.#keys.isEnd(record) : this.#keys.isSame(kept, record);
  }
}
