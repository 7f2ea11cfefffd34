/** Records on disk: an append-only journal, synchronised in groups, and rewritten when most of it is out of date. */
import { join } from 'node:path';
import { EtherloomError, reasonOf } from '../errors.ts';
import { diskFiles, type DiskFiles } from './disk-files.ts';
import { JournalFile } from './journal-file.ts';
import { journalHeader, journalLine, readJournal, type JournalContent, type JournalFormat, type JournalState } from './journal-format.ts';

/** The kind of a journal: its records and its names. */
export interface JournalKind<Entry, State extends JournalState<Entry> = JournalState<Entry>> extends JournalFormat<Entry, State> {
  /** The file is called `NAME.journal`, its lock `NAME.lock`. */
  readonly name: string;
  /** Its title in errors: `lease journal`. */
  readonly title: string;
}

/** The options of a journal. */
export interface JournalOptions {
  /** The journal's directory, in an existing one. It is created, for the owner only, if it does not exist. */
  readonly directory: string;
  /** Locks the file at that path until this process ends, or throws EtherloomError('busy'). */
  readonly lock: (path: string) => Disposable;
  /** Called with a report for people about damage in the file and the repair. */
  readonly report?: ((message: string) => void) | undefined;
  /** Runs the callbacks of records that became durable together; by default just runs them. */
  readonly batch?: ((work: () => void) => void) | undefined;
  /** Called when records are sent to the disk; the returned value is disposed when they have been written, or the write has failed. */
  readonly writing?: (() => Disposable) | undefined;
  /** The file system; the disk by default, another one in tests. */
  readonly files?: DiskFiles | undefined;
}

/** Records to append, together or not at all. */
export interface JournalEntry<Entry> {
  /** May be none, to repair the file only. */
  readonly records: readonly Entry[];
  /** True if the file may be written anew for them after a failure. Otherwise they fail until others have done that. */
  readonly repairs: boolean;
  /** Called in the order of the calls: without an error when the records survive a crash of the machine. */
  readonly done: (error?: Error) => void;
}

const nothing: Disposable = { [Symbol.dispose]: () => undefined };

/** A journal shorter than this, in octets, is never rewritten. */
const leastWaste = 1 << 20;

/** The octets that are put together at once when a journal is rewritten. More would hold up the thread that forwards frames. */
const pieceSize = 1 << 16;

/** A journal on disk, with one writer. */
export class Journal<Entry> implements AsyncDisposable {
  readonly #kind: JournalKind<Entry>;
  readonly #options: JournalOptions;
  readonly #path: string;
  readonly #file: JournalFile;
  readonly #state: JournalState<Entry>;
  /** The number of records in the file. */
  #records: number;
  #failure: Error | undefined;
  #rewriteAt = leastWaste;
  #queue: JournalEntry<Entry>[] = [];
  #work: Promise<void> | undefined;
  #isClosed = false;

  private constructor(
    kind: JournalKind<Entry>,
    options: JournalOptions,
    file: JournalFile,
    { state, records }: JournalContent<JournalState<Entry>>,
  ) {
    this.#kind = kind;
    this.#options = options;
    this.#path = pathOf(kind, options);
    this.#file = file;
    this.#state = state;
    this.#records = records;
  }

  /**
   * Opens the journal of a directory, or begins one. An unfinished end is cut off. Damaged lines are left out, and the file is then kept as
   * `NAME.journal.damaged`; both are reported. Throws EtherloomError: `busy` if another process has it, `bad-state` if the file is not a
   * journal of this version, `system` if it cannot be read. If it can be read but not written, records fail until it is repaired.
   */
  static async open<Entry>(kind: JournalKind<Entry>, options: JournalOptions): Promise<Journal<Entry>> {
    const path = pathOf(kind, options);
    const lock = (): Disposable => options.lock(join(options.directory, `${kind.name}.lock`));
    const { file, bytes } = await JournalFile.lock({ path, files: options.files ?? diskFiles, lock });
    const content = readJournal(kind, bytes ?? new Uint8Array(0));
    if (!content.isOurs) {
      await file[Symbol.asyncDispose]();
      throw new EtherloomError('bad-state', `${path} is not a ${kind.title} of this version; move it away`);
    }
    const journal = new Journal(kind, options, file, content);
    await journal.#begin(content);
    return journal;
  }

  /** Returns the records that make the present state. */
  records(): readonly Entry[] {
    return Array.from(this.#state.records());
  }

  /** Appends records. */
  append(entry: JournalEntry<Entry>): void {
    const isIdle = this.#work === undefined && !this.#isClosed;
    // A client that asks again early in its lease gets an answer that the disk knows already.
    const isKept = isIdle && entry.records.length > 0 && this.#state.news?.(entry.records).length === 0;
    if (isKept && this.#file.isNamed) entry.done();
    else this.#enqueue(entry);
  }

  /** Waits until all appended records are on disk, then closes the journal. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#work;
    await this.#file[Symbol.asyncDispose]();
  }

  async #begin({ torn, damaged, length, room }: JournalContent<unknown>): Promise<void> {
    const report = this.#options.report ?? (() => undefined);
    try {
      if (damaged > 0 || (torn > 0 && length === 0)) {
        await (this.#options.files ?? diskFiles).copy(this.#path, `${this.#path}.damaged`);
        report(`${this.#path}: ${damaged} damaged lines were left out; the file as it was is kept as ${this.#path}.damaged`);
      }
      if (torn > 0) report(`${this.#path}: the last ${torn} octets are an unfinished line, and were cut off`);
      if (length === 0 || damaged > 0) await this.#rewrite();
      else await this.#file.open({ size: length, torn, room });
    } catch (error) {
      report(this.#fail(error).message);
    }
  }

  #enqueue(entry: JournalEntry<Entry>): void {
    if (this.#isClosed) {
      entry.done(new EtherloomError('bad-state', `the ${this.#kind.title} is closed; open it again`));
      return;
    }
    this.#queue.push(entry);
    this.#work ??= this.#drain();
  }

  /** Writes groups of records. While one group is being written, the next one gathers: many records, one write. */
  async #drain(): Promise<void> {
    const { writing = () => nothing, batch = (work: () => void) => work() } = this.#options;
    while (this.#queue.length > 0) {
      const group = this.#queue;
      this.#queue = [];
      const written = writing();
      const error = await this.#commit(group);
      written[Symbol.dispose]();
      batch(() => {
        for (const { done } of group) done(error);
      });
      if (error === undefined) await this.#rewriteIfWasteful();
    }
    this.#work = undefined;
  }

  async #commit(group: readonly JournalEntry<Entry>[]): Promise<Error | undefined> {
    const units = this.#newsOf(group).map((records) => ({ records, bytes: journalLine(this.#kind, records) }));
    try {
      if (!this.#file.isOpen) {
        if (this.#failure !== undefined && !group.some(({ repairs }) => repairs)) return this.#failure;
        await this.#rewrite();
      }
      await this.#file.append(Buffer.concat(units.map(({ bytes }) => bytes)));
      for (const { records, bytes } of units) this.#put(records, bytes);
      return undefined;
    } catch (error) {
      return this.#fail(error);
    }
  }

  #put(records: readonly Entry[], bytes: Uint8Array): void {
    const line = records.length === 1 ? { bytes, start: 0, end: bytes.length } : undefined;
    for (const record of records) this.#state.put(record, line);
    this.#records += records.length;
  }

  /** Returns the records of a group that must be written, in the units in which they were appended. */
  #newsOf(group: readonly JournalEntry<Entry>[]): readonly (readonly Entry[])[] {
    const units = group.map(({ records }) => records).filter(({ length }) => length > 0);
    return this.#state.news?.(units.flat()).map((record) => [record]) ?? units;
  }

  async #rewriteIfWasteful(): Promise<void> {
    const { size } = this.#file;
    if (size < this.#rewriteAt) return;
    this.#rewriteAt = Math.max(leastWaste, size * 1.25);
    if (this.#state.size * 2 > this.#records) return;
    try {
      await this.#rewrite();
    } catch (error) {
      this.#options.report?.(`cannot rewrite ${this.#path}: ${reasonOf(error)}; it goes on as it is`);
    }
  }

  async #rewrite(): Promise<void> {
    await this.#file.replace(this.#pieces());
    this.#records = this.#state.size;
    this.#failure = undefined;
    this.#rewriteAt = Math.max(leastWaste, this.#file.size * 2);
  }

  /** Returns the content of a file that has only the live records. They do not change while it is written. */
  *#pieces(): Generator<Uint8Array> {
    let [piece, octets] = [[journalHeader(this.#kind)], 0];
    for (const line of this.#state.lines()) {
      piece.push(line);
      octets += line.length;
      if (octets < pieceSize) continue;
      yield Buffer.concat(piece);
      [piece, octets] = [[], 0];
    }
    yield Buffer.concat(piece);
  }

  /** Returns the error of all records until the file is repaired. */
  #fail(error: unknown): Error {
    this.#failure = new EtherloomError('system', `cannot write ${this.#path}: ${reasonOf(error)}`, { cause: error });
    return this.#failure;
  }
}

function pathOf({ name }: { readonly name: string }, { directory }: JournalOptions): string {
  return join(directory, `${name}.journal`);
}
