import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownDirectory } from '../daemon/directories.ts';
import { EtherloomError } from '../errors.ts';
import { lockFile } from '../system/file-lock.ts';

/** The directory that a role keeps across restarts, held by one process at a time. */
export class StateDirectory implements Disposable {
  readonly path: string;
  readonly #lock: Disposable;

  private constructor(path: string, lock: Disposable) {
    this.path = path;
    this.#lock = lock;
  }

  /** Makes the directory if need be and takes it. Throws EtherloomError: `busy` when another process has it, `not-permitted`, `system`. */
  static open(path: string): StateDirectory {
    ownDirectory(path, '--state');
    try {
      return new StateDirectory(path, lockFile(join(path, 'lock')));
    } catch (error) {
      if (!(error instanceof EtherloomError && error.code === 'busy')) throw error;
      throw new EtherloomError('busy', `another etherloom process uses the state in ${path}: end it, or choose another --state`);
    }
  }

  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
  }

  /** The path of a file or directory of that name in it. */
  in(name: string): string {
    return join(this.path, name);
  }

  /** The text of a file, or undefined when there is none. */
  read(name: string): string | undefined {
    try {
      return readFileSync(this.in(name), 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Replaces a file's text as one step; on return it is on the disk. Throws the system's error (ENOSPC); then the old text is still there. */
  write(name: string, text: string): void {
    const next = this.in(`${name}.next`);
    try {
      const fd = openSync(next, 'w', 0o600);
      try {
        writeFileSync(fd, text);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      renameSync(next, this.in(name));
    } catch (error) {
      rmSync(next, { force: true });
      throw error;
    }
    const directory = openSync(this.path, 'r');
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  }
}
