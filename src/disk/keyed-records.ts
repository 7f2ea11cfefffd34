import { octetsOf, type JournalLine, type JournalState } from './journal-format.ts';

/** The keys of the records of a journal that keeps the last record of each key. */
export interface RecordKeys<Entry, Key> {
  readonly keyOf: (record: Entry) => Key;
  /** Returns whether the record says that there is nothing under its key any more. */
  readonly isEnd: (record: Entry) => boolean;
  /** Returns whether two records of one key are the same. Then the second one need not be written. */
  readonly isSame: (a: Entry, b: Entry) => boolean;
}

/** The last record of each key that has not ended. Their lines are kept, so that each is encoded only once. */
export class KeyedRecords<Entry, Key> implements JournalState<Entry> {
  readonly #keys: RecordKeys<Entry, Key>;
  readonly #lines = new Map<Key, JournalLine<Entry>>();

  constructor(keys: RecordKeys<Entry, Key>) {
    this.#keys = keys;
  }

  get size(): number {
    return this.#lines.size;
  }

  put(line: JournalLine<Entry>): void {
    const { keyOf, isEnd } = this.#keys;
    if (isEnd(line.record)) this.#lines.delete(keyOf(line.record));
    else this.#lines.set(keyOf(line.record), line);
  }

  /** Returns the record of a key. */
  get(key: Key): Entry | undefined {
    return this.#lines.get(key)?.record;
  }

  *records(): Generator<Entry> {
    for (const { record } of this.#lines.values()) yield record;
  }

  *lines(): Generator<Uint8Array> {
    for (const line of this.#lines.values()) yield octetsOf(line);
  }

  /** Returns the last record of each key, if it differs from the one that is kept. */
  news(records: readonly Entry[]): readonly Entry[] {
    const last = new Map<Key, Entry>();
    for (const record of records) last.set(this.#keys.keyOf(record), record);
    return Array.from(last.values()).filter((record) => !this.#isKept(record));
  }

  #isKept(record: Entry): boolean {
    const kept = this.get(this.#keys.keyOf(record));
    return kept === undefined ? this.#keys.isEnd(record) : this.#keys.isSame(kept, record);
  }
}
