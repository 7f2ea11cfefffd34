import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ownDirectory } from './directories.ts';
import { diskFiles, type DiskFiles } from '../disk/disk-files.ts';
import { replaceFile } from '../disk/replace-file.ts';
import { EtherloomError, errnoOf, SystemError } from '../errors.ts';
import { lockFile } from '../system/file-lock.ts';

/** The directory with a node's state, which outlives its processes. One process at a time holds it. */
export class StateDirectory implements AsyncDisposable {
  readonly path: string;
  readonly #locks: readonly Disposable[];
  readonly #files: DiskFiles;
  /** Resolves when all writes so far are on the disk, or have failed. */
  #written: Promise<void> = Promise.resolve();

  private constructor(path: string, locks: readonly Disposable[], files: DiskFiles) {
    this.path = path;
    this.#locks = locks;
    this.#files = files;
  }

  /**
   * Creates the directory if necessary, and locks it. `files` is the disk; tests give another view of it. Throws EtherloomError: `busy` if another process holds it, `not-permitted`, `system`.
   */
  static open(given: string, files = diskFiles): StateDirectory {
    // A process in the background leaves the directory in which it was started.
    const path = resolve(given);
    ownDirectory(path, '--state');
    try {
      return new StateDirectory(path, [lockFile(join(path, 'lock')), ...keepFromCleaners(path)], files);
    } catch (error) {
      if (!(error instanceof EtherloomError && error.code === 'busy')) throw unusable(path, error);
      throw new EtherloomError('busy', `cannot use ${path}: another etherloom process holds it; end that, or choose another --state`);
    }
  }

  /** Releases the directory when all writes are on the disk. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#written;
    for (const lock of this.#locks) lock[Symbol.dispose]();
  }

  /** Returns the path of a file or directory of that name in it. */
  in(name: string): string {
    return join(this.path, name);
  }

  /** Returns the text of a file, or undefined if there is none. */
  read(name: string): string | undefined {
    try {
      return readFileSync(this.in(name), 'utf8');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw unusable(this.in(name), error);
    }
  }

  /**
   * Replaces a file's text in one step, after all earlier writes. It is on the disk when this resolves. Rejects with a SystemError
   * (ENOSPC); then the old text is still there. Threads of Node's pool wait for the disk, so that the thread that forwards frames need not.
   */
  write(name: string, text: string): Promise<void> {
    return this.#change(name, (path) => replaceFile(this.#files, path, text));
  }

  /** Removes a file, if it is there, after all earlier writes. It is gone from the disk when this resolves. Rejects with a SystemError. */
  remove(name: string): Promise<void> {
    return this.#change(name, async (path) => {
      await this.#files.remove(path);
      await this.#files.syncDirectory(this.path);
    });
  }

  #change(name: string, change: (path: string) => Promise<void>): Promise<void> {
    const path = this.in(name);
    const done = this.#written.then(async () => {
      try {
        await change(path);
      } catch (error) {
        throw unwritable(path, error);
      }
    });
    this.#written = done.catch(() => undefined);
    return done;
  }
}

/**
 * Locks the directory itself, which may be below /tmp: systemd-tmpfiles keeps the contents of a locked directory, however old. Returns no
 * lock if another process has it, such as a cleaner at work.
 */
function keepFromCleaners(path: string): Disposable[] {
  try {
    return [lockFile(path)];
  } catch {
    return [];
  }
}

function unusable(path: string, error: unknown): unknown {
  return failed(error, `cannot use ${path}`, 'choose another directory with --state');
}

function unwritable(path: string, error: unknown): unknown {
  return failed(error, `cannot write ${path}`, 'make room there, or choose another directory with --state');
}

function failed(error: unknown, what: string, remedy: string): unknown {
  const errno = errnoOf(error);
  return errno === undefined ? error : new SystemError(errno, what, remedy);
}
