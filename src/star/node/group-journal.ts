/** The memory of a group on the disk of its master. */
import { journalLine, type JournalState } from '../../disk/journal-format.ts';
import { Journal, type JournalKind, type JournalOptions } from '../../disk/journal.ts';
import { decodeGroupChange, encodeGroupChange, type GroupChange } from '../group-change.ts';
import { GroupState } from '../group-state.ts';
import type { GroupStore } from '../group-store.ts';

/** The state of a group, as its journal has it. It is behind the master's own state by the changes that are being written. */
export class GroupRecords implements JournalState<GroupChange> {
  readonly #state = new GroupState();

  get size(): number {
    return this.#state.changeCount;
  }

  put(record: GroupChange): void {
    this.#state.apply(record);
  }

  records(): Iterable<GroupChange> {
    return this.#state.changes();
  }

  *lines(): Generator<Uint8Array> {
    for (const change of this.#state.changes()) yield journalLine(groupKind, [change]);
  }
}

/** The journal of a group's changes. */
export const groupKind: JournalKind<GroupChange, GroupRecords> = {
  header: { format: 'etherloom group', version: 1 },
  encode: (change) => JSON.stringify(encodeGroupChange(change)),
  decode: (json) => decodeGroupChange(parse(json)),
  begin: () => new GroupRecords(),
  name: 'group',
  title: 'group journal',
};

/** A group's store on disk, with one writer. */
export class GroupJournal implements GroupStore, AsyncDisposable {
  readonly #journal: Journal<GroupChange>;

  private constructor(journal: Journal<GroupChange>) {
    this.#journal = journal;
  }

  /** Opens the journal of a directory, `group.journal`, or begins one. Throws as `Journal.open` does. */
  static async open(options: JournalOptions): Promise<GroupJournal> {
    return new GroupJournal(await Journal.open(groupKind, options));
  }

  load(): Promise<readonly GroupChange[]> {
    return Promise.resolve(this.#journal.records());
  }

  /**
   * Appends changes. Rejects with EtherloomError `system`: the disk is full, or the file was removed. Then the file is written anew for the next
   * call, unless another process has put its own in that place.
   */
  append(changes: readonly GroupChange[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error?: Error): void => (error === undefined ? resolve() : reject(error));
      this.#journal.append({ records: changes, repairs: true, done });
    });
  }

  /** Waits until all changes are on the disk, then closes the journal. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#journal[Symbol.asyncDispose]();
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
