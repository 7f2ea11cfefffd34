/** Leases on disk: an append-only journal, synchronised in groups, written anew when most of it is out of date. */
import { copyFile, mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { EtherloomError, errnoOf, reasonOf, SystemError } from '../errors.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import { journalHeader, journalLineOf, octetsOf, readJournal, takeIn, type Journal, type JournalLine } from './journal-format.ts';
import type { LeaseRecord, LeaseStore } from './lease-record.ts';

/** Where and how a journal is kept. */
export interface LeaseJournalOptions {
  /** Its directory, in one that exists; made, for the owner only, when it is not there. */
  readonly directory: string;
  /** Takes a lock on a file of that path, freed when this process ends, or throws EtherloomError('busy'). */
  readonly lock: (path: string) => Disposable;
  /** Told, for people, what was wrong with the file and what was done. */
  readonly report?: (message: string) => void;
  /** Runs the callbacks of records that became durable together; by default just runs them. */
  readonly batch?: (work: () => void) => void;
  /** The disk by default; for tests. */
  readonly files?: JournalFiles;
}

/** What of a file system a journal uses. Each call rejects with an error of Node's kind. */
export interface JournalFiles {
  /** The octets of a file; undefined when there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Opens for writing: what is there, or an empty file of mode 0600 in its place. */
  open(path: string, how: 'existing' | 'empty'): Promise<JournalFile>;
  rename(from: string, to: string): Promise<void>;
  copy(from: string, to: string): Promise<void>;
  /** Makes renames in a directory durable. */
  syncDirectory(path: string): Promise<void>;
}

/** An open file. */
export interface JournalFile {
  /** Writes at a place, and returns how many octets it wrote, which may be fewer. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  datasync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

interface Waiting {
  /** Undefined asks for recovery. */
  readonly record: LeaseRecord | undefined;
  readonly done: (error?: Error) => void;
}

/** A journal shorter than this, in octets, is never written anew. */
const leastWaste = 1 << 20;

/** A lease store on disk, with one writer. */
export class LeaseJournal implements LeaseStore, AsyncDisposable {
  readonly #directory: string;
  readonly #path: string;
  readonly #files: JournalFiles;
  readonly #report: (message: string) => void;
  readonly #batch: (work: () => void) => void;
  readonly #lock: Disposable;
  readonly #lines: Map<Ipv4Address, JournalLine>;
  /** Undefined after a failure: what is in the file is not known then, and must be written anew. */
  #file: JournalFile | undefined;
  #failure: Error | undefined;
  #size = 0;
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
    this.#lock = lock;
    this.#lines = journal.lines;
    this.#size = journal.length;
  }

  /**
   * Takes the journal of a directory, or begins one. A torn end is cut off, damaged lines are left out (the file is then kept as
   * `leases.journal.damaged`); both are reported. Throws EtherloomError: `busy` when another has it, `bad-state` when the file is not a
   * journal of this version, `system` when it cannot be read. When it can be read but not written, all calls fail until `recover`.
   */
  static async open(options: LeaseJournalOptions): Promise<LeaseJournal> {
    await makeDirectory(options.directory);
    const lock = options.lock(join(options.directory, 'leases.lock'));
    try {
      const bytes = await read(options.files ?? diskFiles, pathOf(options.directory));
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

  /** What is kept now: the last record of each address that is not forgotten. */
  records(): readonly LeaseRecord[] {
    return Array.from(this.#lines.values(), ({ record }) => record);
  }

  append(record: LeaseRecord, done: (error?: Error) => void): void {
    this.#enqueue({ record, done });
  }

  recover(done: (error?: Error) => void): void {
    this.#enqueue({ record: undefined, done });
  }

  /** Waits until all that was appended is on disk, then gives the journal up. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#work;
    await this.#abandon();
    this.#lock[Symbol.dispose]();
  }

  async #begin({ torn, damaged, length }: Journal): Promise<void> {
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
      if (torn > 0) {
        await this.#file.truncate(length);
        await this.#file.datasync();
      }
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

  /** While one group is on its way to the disk the next one gathers: many records, one fdatasync. */
  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const group = this.#queue;
      this.#queue = [];
      const error = await this.#commit(group);
      this.#batch(() => {
        for (const { done } of group) done(error);
      });
      if (error === undefined) await this.#rewriteIfWasteful();
    }
    this.#work = undefined;
  }

  async #commit(group: readonly Waiting[]): Promise<Error | undefined> {
    const records = group.flatMap(({ record }) => (record === undefined ? [] : [record]));
    const lines = records.map(journalLineOf);
    try {
      if (this.#file === undefined && records.length < group.length) await this.#rewrite();
      if (this.#file === undefined)
        return this.#failure ?? new EtherloomError('system', `${this.#path} is not open; recover the leases first`);
      const bytes = Buffer.concat(lines.map(octetsOf));
      await writeAll(this.#file, bytes, this.#size);
      await this.#file.datasync();
      this.#size += bytes.length;
      for (const line of lines) takeIn(this.#lines, line);
      return undefined;
    } catch (error) {
      // After a failed fdatasync the kernel may have dropped what it could not write: this file is not to be trusted any more.
      return this.#fail(error);
    }
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

  /** Puts a file with the live records alone in the journal's place: at every moment one of the two is whole. */
  async #rewrite(): Promise<void> {
    const temporary = `${this.#path}.tmp`;
    const bytes = Buffer.concat([journalHeader, ...Array.from(this.#lines.values(), octetsOf)]);
    const fresh = await this.#files.open(temporary, 'empty');
    try {
      await writeAll(fresh, bytes, 0);
      await fresh.datasync();
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
    this.#rewriteAt = Math.max(leastWaste, bytes.length * 2);
  }

  /** Closes the file, and returns the error that is reported until `recover`. */
  async #fail(error: unknown): Promise<Error> {
    await this.#abandon();
    this.#failure = new EtherloomError('system', `cannot write ${this.#path}: ${reasonOf(error)}`, { cause: error });
    return this.#failure;
  }

  async #abandon(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }
}

/** The real disk. */
export const diskFiles: JournalFiles = {
  async read(path) {
    try {
      return await readFile(path);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  },
  async open(path, how) {
    const handle = await open(path, how === 'existing' ? 'r+' : 'w', 0o600);
    return {
      write: async (bytes, position) => (await handle.write(bytes, 0, bytes.length, position)).bytesWritten,
      datasync: () => handle.datasync(),
      truncate: (length) => handle.truncate(length),
      close: () => handle.close(),
    };
  },
  rename,
  copy: copyFile,
  async syncDirectory(path) {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    // Whether it is a directory shows when its files are opened.
    if (errnoOf(error) !== 'EEXIST') throw new SystemError(errnoOf(error) ?? 'EIO', `cannot create ${path}`);
  });
}

function pathOf(directory: string): string {
  return join(directory, 'leases.journal');
}

async function read(files: JournalFiles, path: string): Promise<Uint8Array | undefined> {
  try {
    return await files.read(path);
  } catch (error) {
    const errno = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'EIO';
    throw new SystemError(errno, `cannot read ${path}`);
  }
}

async function writeAll(file: JournalFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const count = await file.write(bytes.subarray(written), position + written);
    if (count === 0) throw new EtherloomError('system', 'the disk took no octets of the lease journal; make room on it');
    written += count;
  }
}
