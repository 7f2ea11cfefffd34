/** Leases on disk: an append-only journal, synchronised in groups, and rewritten when most of it is out of date. */
import { join } from 'node:path';
import { EtherloomError, reasonOf, SystemError } from '../../errors.ts';
import type { Ipv4Address } from '../../wire/ipv4.ts';
import { diskFiles, makeDirectory, readFrom, writeWithRoom, type JournalFile, type JournalFiles } from './journal-files.ts';
import { journalHeader, journalLineOf, octetsOf, readJournal, takeIn, type Journal, type JournalLine } from '../journal-format.ts';
import { isSameRecord, type LeaseRecord, type LeaseStore } from '../lease-record.ts';

/** The options of a journal. */
export interface LeaseJournalOptions {
  /** The journal's directory, in an existing one. It is created, for the owner only, if it does not exist. */
  readonly directory: string;
  /** Locks the file at that path until this process ends, or throws EtherloomError('busy'). */
  readonly lock: (path: string) => Disposable;
  /** Called with a report for people about damage in the file and the repair. */
  readonly report?: (message: string) => void;
  /** Runs the callbacks of records that became durable together; by default just runs them. */
  readonly batch?: (work: () => void) => void;
  /** Called when records are sent to the disk; the returned value is disposed when they have been written, or the write has failed. */
  readonly writing?: () => Disposable;
  /** The file system; the disk by default, another one in tests. */
  readonly files?: JournalFiles;
}

interface Waiting {
  /** Undefined stands for a request to recover. */
  readonly record: LeaseRecord | undefined;
  readonly done: (error?: Error) => void;
}

const nothing: Disposable = { [Symbol.dispose]: () => undefined };

/** A journal shorter than this, in octets, is never rewritten. */
const leastWaste = 1 << 20;

/** A lease store on disk, with one writer. */
export class LeaseJournal implements LeaseStore, AsyncDisposable {
  readonly #directory: string;
  readonly #path: string;
  readonly #files: JournalFiles;
  readonly #report: (message: string) => void;
  readonly #batch: (work: () => void) => void;
  readonly #writing: () => Disposable;
  readonly #takeLock: () => Promise<Disposable>;
  readonly #lines: Map<Ipv4Address, JournalLine>;
  /** Undefined after the file was removed: another process may hold the new journal. */
  #lock: Disposable | undefined;
  /** Undefined after a failure: then the file's content is unknown, and must be written anew. */
  #file: JournalFile | undefined;
  #failure: Error | undefined;
  /** The length of the lines, in octets. */
  #size = 0;
  /** The length of the file, in octets: lines, and room for more. */
  #length = 0;
  #rewriteAt = leastWaste;
  #queue: Waiting[] = [];
  #work: Promise<void> | undefined;
  #isClosed = false;

  private constructor(options: LeaseJournalOptions, lock: Disposable, journal: Journal) {
    this.#directory = options.directory;
    this.#path = pathOf(options.directory);
    this.#files = options.files ?? diskFiles;
    this.#report = options.report ?? (() => undefined);
    this.#batch = options.batch ?? ((work) => work());
    this.#writing = options.writing ?? (() => nothing);
    this.#takeLock = () => takeLock(options);
    this.#lock = lock;
    this.#lines = journal.lines;
    this.#size = journal.length;
  }

  /**
   * Opens the journal of a directory, or begins one. An unfinished end is cut off. Damaged lines are left out, and the file is then kept as
   * `leases.journal.damaged`; both are reported. Throws EtherloomError: `busy` if another process has it, `bad-state` if the file is not a
   * journal of this version, `system` if it cannot be read. If it can be read but not written, all calls fail until `recover`.
   */
  static async open(options: LeaseJournalOptions): Promise<LeaseJournal> {
    const lock = await takeLock(options);
    try {
      const bytes = await readFrom(options.files ?? diskFiles, pathOf(options.directory));
      const journal = readJournal(bytes ?? new Uint8Array(0));
      if (!journal.isOurs)
        throw new EtherloomError('bad-state', `${pathOf(options.directory)} is not a lease journal of this version; move it away`);
      const leases = new LeaseJournal(options, lock, journal);
      await leases.#begin(journal);
      return leases;
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /** Returns the current records: the last one of each address that is not forgotten. */
  records(): readonly LeaseRecord[] {
    return Array.from(this.#lines.values(), ({ record }) => record);
  }

  append(record: LeaseRecord, done: (error?: Error) => void): void {
    const isIdle = this.#work === undefined && !this.#isClosed;
    // A client that asks again early in its lease gets an answer that the disk knows already.
    if (isIdle && this.#isKept(record) && this.#file?.isNamed() === true) done();
    else this.#enqueue({ record, done });
  }

  recover(done: (error?: Error) => void): void {
    this.#enqueue({ record: undefined, done });
  }

  /** Waits until all appended records are on disk, then closes the journal. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#work;
    // Removes the room after the text. If that fails, the room remains, and is used the next time.
    await this.#file?.truncate(this.#size).catch(() => undefined);
    await this.#abandon();
    this.#lock?.[Symbol.dispose]();
  }

  async #begin({ torn, damaged, length, room }: Journal): Promise<void> {
    try {
      if (damaged > 0 || (torn > 0 && length === 0)) {
        await this.#files.copy(this.#path, `${this.#path}.damaged`);
        this.#report(`${this.#path}: ${damaged} damaged lines were left out; the file as it was is kept as ${this.#path}.damaged`);
      }
      if (torn > 0) this.#report(`${this.#path}: the last ${torn} octets are an unfinished line, and were cut off`);
      if (length === 0 || damaged > 0) {
        await this.#rewrite();
        return;
      }
      this.#file = await this.#files.open(this.#path, 'existing');
      this.#length = length + room;
      if (torn === 0) return;
      await this.#file.truncate(length);
      await this.#file.datasync();
      this.#length = length;
    } catch (error) {
      this.#report((await this.#fail(error)).message);
    }
  }

  #enqueue(waiting: Waiting): void {
    if (this.#isClosed) {
      waiting.done(new EtherloomError('bad-state', 'the lease journal is closed; open it again'));
      return;
    }
    this.#queue.push(waiting);
    this.#work ??= this.#drain();
  }

  /** Writes groups of records. While one group is being written, the next one gathers: many records, one write. */
  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const group = this.#queue;
      this.#queue = [];
      const written = this.#writing();
      const error = await this.#commit(group);
      written[Symbol.dispose]();
      this.#batch(() => {
        for (const { done } of group) done(error);
      });
      if (error === undefined) await this.#rewriteIfWasteful();
    }
    this.#work = undefined;
  }

  async #commit(group: readonly Waiting[]): Promise<Error | undefined> {
    const lines = this.#newsOf(group).map(journalLineOf);
    try {
      if (this.#file === undefined && group.some(({ record }) => record === undefined)) await this.#rewrite();
      if (this.#file === undefined)
        return this.#failure ?? new EtherloomError('system', `${this.#path} is not open; recover the leases first`);
      const bytes = Buffer.concat(lines.map(octetsOf));
      this.#length = await writeWithRoom(this.#file, bytes, this.#size, this.#length);
      if (!this.#file.isNamed()) return await this.#lose();
      this.#size += bytes.length;
      for (const line of lines) takeIn(this.#lines, line);
      return undefined;
    } catch (error) {
      // The kernel may have dropped octets that it could not write: this file can no longer be trusted.
      return this.#fail(error);
    }
  }

  /** Returns the last record of a group for each address, if it differs from the one on the disk. */
  #newsOf(group: readonly Waiting[]): readonly LeaseRecord[] {
    const last = new Map<Ipv4Address, LeaseRecord>();
    for (const { record } of group) if (record !== undefined) last.set(record.address, record);
    return Array.from(last.values()).filter((record) => !this.#isKept(record));
  }

  #isKept(record: LeaseRecord): boolean {
    const kept = this.#lines.get(record.address)?.record;
    return kept === undefined ? record.state === 'forgotten' : isSameRecord(kept, record);
  }

  async #rewriteIfWasteful(): Promise<void> {
    if (this.#size < this.#rewriteAt) return;
    let live = journalHeader.length;
    for (const { start, end } of this.#lines.values()) live += end - start;
    this.#rewriteAt = Math.max(leastWaste, this.#size * 1.25);
    if (live * 2 > this.#size) return;
    try {
      await this.#rewrite();
    } catch (error) {
      this.#report(`cannot rewrite ${this.#path}: ${reasonOf(error)}; it goes on as it is`);
    }
  }

  /** Replaces the journal with a file that has only the live records. At every moment one of the two is whole. */
  async #rewrite(): Promise<void> {
    this.#lock ??= await this.#takeLockAgain();
    const temporary = `${this.#path}.tmp`;
    const bytes = Buffer.concat([journalHeader, ...Array.from(this.#lines.values(), octetsOf)]);
    const fresh = await this.#files.open(temporary, 'empty');
    let length;
    try {
      length = await writeWithRoom(fresh, bytes, 0, 0);
      await this.#files.rename(temporary, this.#path);
    } catch (error) {
      await fresh.close().catch(() => undefined);
      throw error;
    }
    await this.#abandon();
    try {
      await this.#files.syncDirectory(this.#directory);
    } catch (error) {
      await fresh.close().catch(() => undefined);
      throw error;
    }
    this.#file = fresh;
    this.#size = bytes.length;
    this.#length = length;
    this.#rewriteAt = Math.max(leastWaste, bytes.length * 2);
  }

  /** Closes the file, and returns the error that is reported until `recover`. */
  async #fail(error: unknown): Promise<Error> {
    await this.#abandon();
    this.#failure = new EtherloomError('system', `cannot write ${this.#path}: ${reasonOf(error)}`, { cause: error });
    return this.#failure;
  }

  /** Locks the journal again: another process may have a journal in place of a removed one. */
  async #takeLockAgain(): Promise<Disposable> {
    const lock = await this.#takeLock();
    if ((await readFrom(this.#files, this.#path)) === undefined) return lock;
    lock[Symbol.dispose]();
    throw new EtherloomError(
      'bad-state',
      `another server has put its journal at ${this.#path}; move that away, or start this server again to go on with it`,
    );
  }

  /** Gives up a file that was removed, with its records. */
  #lose(): Promise<Error> {
    this.#lock?.[Symbol.dispose]();
    this.#lock = undefined;
    return this.#fail(new SystemError('ENOENT', `cannot find ${this.#path}`));
  }

  async #abandon(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }
}

function pathOf(directory: string): string {
  return join(directory, 'leases.journal');
}

async function takeLock({ directory, lock }: LeaseJournalOptions): Promise<Disposable> {
  await makeDirectory(directory);
  return lock(join(directory, 'leases.lock'));
}
