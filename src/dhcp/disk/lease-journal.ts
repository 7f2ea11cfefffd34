/** Leases on disk. */
import type { JournalContent } from '../../disk/journal-format.ts';
import { KeyedRecords } from '../../disk/keyed-records.ts';
import { Journal, type JournalKind, type JournalOptions } from '../../disk/journal.ts';
import type { Ipv4Address } from '../../wire/ipv4.ts';
import { decodeLeaseRecord, encodeLeaseRecord, isSameRecord, type LeaseRecord, type LeaseStore } from '../lease-record.ts';

/** The last record of each address that is not forgotten. */
type Leases = KeyedRecords<LeaseRecord, Ipv4Address>;

/** The journal of leases. */
export const leaseKind: JournalKind<LeaseRecord, Leases> = {
  header: { format: 'etherloom leases', version: 1 },
  encode: encodeLeaseRecord,
  decode: decodeLeaseRecord,
  begin: () =>
    new KeyedRecords({
      encode: encodeLeaseRecord,
      keyOf: ({ address }) => address,
      isEnd: ({ state }) => state === 'forgotten',
      isSame: isSameRecord,
    }),
  name: 'leases',
  title: 'lease journal',
};

/** The content of a lease journal. */
export type LeaseJournalContent = JournalContent<Leases>;

/** A lease store on disk, with one writer. */
export class LeaseJournal implements LeaseStore, AsyncDisposable {
  readonly #journal: Journal<LeaseRecord>;

  private constructor(journal: Journal<LeaseRecord>) {
    this.#journal = journal;
  }

  /** Opens the journal of a directory, `leases.journal`, or begins one. Throws as `Journal.open` does. */
  static async open(options: JournalOptions): Promise<LeaseJournal> {
    return new LeaseJournal(await Journal.open(leaseKind, options));
  }

  /** Returns the current records: the last one of each address that is not forgotten. */
  records(): readonly LeaseRecord[] {
    return this.#journal.records();
  }

  append(record: LeaseRecord, done: (error?: Error) => void): void {
    this.#journal.append({ records: [record], repairs: false, done });
  }

  recover(done: (error?: Error) => void): void {
    this.#journal.append({ records: [], repairs: true, done });
  }

  /** Waits until all appended records are on disk, then closes the journal. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#journal[Symbol.asyncDispose]();
  }
}
