import { dirname } from 'node:path';
import { EtherloomError, SystemError } from '../errors.ts';
import { makeDirectory, readFrom, writeWithRoom, type DiskFile, type DiskFiles } from './disk-files.ts';

/** The place of a journal, and its lock. */
export interface JournalPlace {
  readonly path: string;
  readonly files: DiskFiles;
  /** Locks the journal until this process ends, or throws EtherloomError('busy'). */
  readonly lock: () => Disposable;
}

/** The file of a journal. It grows at its end, or is replaced. After a failure its content is unknown: it is closed, and can only be replaced. */
export class JournalFile implements AsyncDisposable {
  readonly #place: JournalPlace;
  /** Undefined after the file was removed: another process may hold the new journal. */
  #lock: Disposable | undefined;
  #file: DiskFile | undefined;
  /** The length of the lines, in octets. */
  #size = 0;
  /** The length of the file, in octets: lines, and room for more. */
  #length = 0;

  private constructor(place: JournalPlace, lock: Disposable) {
    this.#place = place;
    this.#lock = lock;
  }

  /** Locks the place of a journal, and reads its octets, if it exists. Throws EtherloomError: `busy`, `system`. */
  static async lock(place: JournalPlace): Promise<{ readonly file: JournalFile; readonly bytes: Uint8Array | undefined }> {
    const lock = await takeLock(place);
    try {
      return { bytes: await readFrom(place.files, place.path), file: new JournalFile(place, lock) };
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /** The length of the lines, in octets. */
  get size(): number {
    return this.#size;
  }

  /** False before the file is opened, and after a failure. */
  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  /** Returns whether the file is open and has its name. Does not wait for the disk. */
  get isNamed(): boolean {
    return this.#file?.isNamed() === true;
  }

  /** Opens the existing file, which has lines of `size` octets, unfinished ones of `torn` octets, which are cut off, and room. Throws its errors. */
  async open({ size, torn, room }: { readonly size: number; readonly torn: number; readonly room: number }): Promise<void> {
    this.#file = await this.#place.files.open(this.#place.path, 'existing');
    this.#size = size;
    this.#length = size + torn + room;
    if (torn > 0) await this.#cut(this.#file);
  }

  /** Writes lines at the end. They are on the disk when this resolves. Throws the file's errors, and a SystemError if it lost its name. */
  async append(lines: Uint8Array): Promise<void> {
    const file = this.#file;
    if (file === undefined) throw new EtherloomError('system', `${this.#place.path} is not open; write it anew first`);
    try {
      this.#length = await writeWithRoom(file, lines, this.#size, this.#length);
    } catch (error) {
      // The kernel may have dropped octets that it could not write: this file can no longer be trusted. A next process reads it
      // without the lines that failed.
      await this.#cut(file).catch(() => undefined);
      await this.#abandon();
      throw error;
    }
    if (!file.isNamed()) {
      this.#lock?.[Symbol.dispose]();
      this.#lock = undefined;
      await this.#abandon();
      throw new SystemError('ENOENT', `cannot find ${this.#place.path}`);
    }
    this.#size += lines.length;
  }

  /**
   * Replaces the file with one of these lines. At every moment one of the two is whole. The lines are drawn piece by piece while the disk is
   * busy. Throws the file's errors, then the old file is still open, unless only the directory could not be synchronised; `bad-state` if another
   * process has put a journal in the place of a removed one.
   */
  async replace(pieces: Iterable<Uint8Array>): Promise<void> {
    const { path, files } = this.#place;
    this.#lock ??= await this.#lockAgain();
    const temporary = `${path}.tmp`;
    const fresh = await files.open(temporary, 'empty');
    let [size, length] = [0, 0];
    try {
      for (const piece of pieces) {
        length = await writeWithRoom(fresh, piece, size, length);
        size += piece.length;
      }
      await files.rename(temporary, path);
    } catch (error) {
      await fresh.close().catch(() => undefined);
      await files.remove(temporary).catch(() => undefined);
      throw error;
    }
    await this.#abandon();
    try {
      await files.syncDirectory(dirname(path));
    } catch (error) {
      await fresh.close().catch(() => undefined);
      throw error;
    }
    [this.#file, this.#size, this.#length] = [fresh, size, length];
  }

  /** Removes the room after the lines, and closes the file. If that fails, the room remains, and is used the next time. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.truncate(this.#size).catch(() => undefined);
    await this.#abandon();
    this.#lock?.[Symbol.dispose]();
    this.#lock = undefined;
  }

  async #cut(file: DiskFile): Promise<void> {
    await file.truncate(this.#size);
    await file.datasync();
    this.#length = this.#size;
  }

  /** Locks the journal again: another process may have a journal in place of a removed one. */
  async #lockAgain(): Promise<Disposable> {
    const { path, files } = this.#place;
    const lock = await takeLock(this.#place);
    if ((await readFrom(files, path)) === undefined) return lock;
    lock[Symbol.dispose]();
    throw new EtherloomError(
      'bad-state',
      `another process has put its journal at ${path}; move that away, or start this process again to go on with it`,
    );
  }

  async #abandon(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }
}

async function takeLock({ path, lock }: JournalPlace): Promise<Disposable> {
  await makeDirectory(dirname(path));
  return lock();
}
