import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  rmdirSync,
  unlinkSync,
  type Stats,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { errnoOf, EtherloomError, reasonOf, SystemError } from '../errors.ts';
import { changeInode } from '../system/bound-file.ts';
import { lockFile } from '../system/file-lock.ts';
import { answers, bindFile, checkUnixPath, listen, streamSocket, type Fd } from '../system/unix-socket.ts';
import type { PortNumber } from './port.ts';

/** The directory of a switch's sockets, and the users that may use them. */
export interface VdeDirectoryOptions {
  /** The directory; its parent must exist. */
  readonly directory: string;
  /** Permission bits of `ctl` and of the ports' sockets. Default: 0600, or those of `directoryMode`. */
  readonly mode?: number | undefined;
  /** Permission bits of the directory. Default: 02700, or what goes with `mode`. */
  readonly directoryMode?: number | undefined;
  /** Group that owns all of it. Default: unchanged. */
  readonly gid?: number | undefined;
  /** Permission bits and group of sockets of the management port. Default: 0600, and the others' group. */
  readonly managementMode?: number | undefined;
  readonly managementGid?: number | undefined;
}

const controlBacklog = 128;
const remedy = 'choose a directory with a shorter name with --sock';
const longestName = '00000.00000';
const portName = /^\d{3,}\.\d+$/;
const clientName = /^\.\d{5,}-\d{5,}$/;

/** The directory of a VDE switch: its control socket `ctl`, a socket `PPP.F` for each port, and those that clients put beside them. */
export class VdeDirectory implements Disposable {
  /** Canonical. */
  readonly path: string;
  /** Permission bits of the sockets in it. */
  readonly mode: number;
  /** The listening control socket. */
  readonly control: Fd;
  readonly #options: VdeDirectoryOptions;
  readonly #lock: Disposable;
  readonly #controlInode: number;

  private constructor(path: string, options: VdeDirectoryOptions, lock: Disposable) {
    this.path = path;
    this.#options = options;
    this.mode = options.mode ?? (options.directoryMode === undefined ? 0o600 : options.directoryMode & 0o666);
    this.#lock = lock;
    this.control = this.#bindControl();
    this.#controlInode = lstatSync(this.#controlPath).ino;
    this.removeDead();
  }

  /** Makes or takes the directory and listens on its `ctl`. Throws EtherloomError: see VdeListener.open. */
  static open(options: VdeDirectoryOptions): VdeDirectory {
    // Before anything is made; and again when links in it are followed.
    checkUnixPath(join(resolve(options.directory), longestName), remedy);
    const path = makeDirectory(options);
    checkUnixPath(join(path, longestName), remedy);
    const lock = lockDirectory(path);
    try {
      return new VdeDirectory(path, options, lock);
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /** Binds a port's socket under a new name, for a client of that user, and returns its path. Throws a SystemError. */
  bindPort(fd: Fd, number: PortNumber, uid: number, management: boolean): string {
    const { managementMode = 0o600, managementGid, gid } = this.#options;
    const root = process.geteuid?.() === 0;
    const mode = root ? this.mode & 0o700 : this.mode;
    const file = {
      mode: management ? managementMode : mode,
      // Clients change the mode of the switch's socket, and so must own it.
      uid: root && uid !== 0 ? uid : undefined,
      gid: management ? (managementGid ?? gid) : gid,
    };
    for (let suffix = fd; ; suffix += 1000) {
      const path = join(this.path, `${String(number).padStart(3, '0')}.${suffix}`);
      try {
        bindFile(fd, { path, ...file });
        return path;
      } catch (error) {
        if (!isInUse(error) || suffix > 100_000) throw error;
      }
    }
  }

  /** Removes the name of a port's socket. */
  removePort(path: string): void {
    removeSocket(path);
  }

  /** Removes sockets that no process holds. Not by their pid: the directory may be shared with another pid namespace. */
  removeDead(): void {
    for (const name of namesIn(this.path)) {
      if (!portName.test(name) && !clientName.test(name)) continue;
      const path = join(this.path, name);
      if (isDead(path)) removeSocket(path);
    }
  }

  /** Closes and removes the control socket, the sockets of dead processes, and the directory if it is empty then. */
  [Symbol.dispose](): void {
    closeSync(this.control);
    if (statusOf(this.#controlPath)?.ino === this.#controlInode) removeSocket(this.#controlPath);
    this.removeDead();
    try {
      rmdirSync(this.path);
    } catch {
      // A living client's socket is in it, or it was not ours to remove: it stays, as the original leaves it.
    }
    this.#lock[Symbol.dispose]();
  }

  get #controlPath(): string {
    return join(this.path, 'ctl');
  }

  #bindControl(): Fd {
    const fd = streamSocket();
    const file = { path: this.#controlPath, mode: this.mode, gid: this.#options.gid };
    try {
      try {
        bindFile(fd, file);
      } catch (error) {
        if (!isInUse(error)) throw error;
        removeStale(this.#controlPath);
        bindFile(fd, file);
      }
      listen(fd, controlBacklog);
      return fd;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }
}

/** Makes the directory, or takes one that is ours alone to govern, and gives it its mode and group. Returns its canonical path. */
function makeDirectory({ directory, mode, directoryMode, gid }: VdeDirectoryOptions): string {
  try {
    mkdirSync(directory);
  } catch (error) {
    const errno = errnoOf(error) ?? 'EIO';
    if (errno !== 'EEXIST') throw new SystemError(errno, `cannot make the directory ${directory}`, remedyForDirectory(errno));
  }
  const path = realpathSync(directory);
  const fd = openDirectory(path);
  try {
    const status = fstatSync(fd);
    if (status.uid !== process.geteuid?.()) {
      throw new EtherloomError(
        'not-permitted',
        `${path} belongs to uid ${status.uid}, not to the switch's user; choose another directory with --sock`,
      );
    }
    if (status.mode & 0o1000) {
      throw new EtherloomError(
        'not-permitted',
        `${path} is shared by many users (sticky); choose a directory of the switch's own with --sock, such as ${join(path, 'switch')}`,
      );
    }
    changeInode(fd, { path, mode: directoryMode ?? (mode === undefined ? 0o2700 : matchingDirectoryMode(mode)), gid });
  } finally {
    closeSync(fd);
  }
  return path;
}

function openDirectory(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    throw new EtherloomError(
      'not-permitted',
      `cannot use ${path} for the switch's sockets: ${reasonOf(error)}; choose a directory with --sock`,
    );
  }
}

function remedyForDirectory(errno: string): string {
  return errno === 'ENOENT' ? 'make its parent directory first' : 'choose another directory with --sock';
}

/** A user that may read or write the sockets may also pass through the directory. */
function matchingDirectoryMode(mode: number): number {
  return [0o700, 0o070, 0o007].reduce((bits, who) => bits | (mode & 0o666 & who ? (mode | 0o111) & who : 0), 0o2000);
}

function lockDirectory(path: string): Disposable {
  try {
    return lockFile(path);
  } catch (error) {
    if (error instanceof EtherloomError && error.code === 'busy') throw inUse(path);
    throw error;
  }
}

function removeStale(controlPath: string): void {
  const status = statusOf(controlPath);
  if (status && !status.isSocket()) {
    throw new EtherloomError('not-permitted', `${controlPath} is not a socket; move it away, or choose another directory with --sock`);
  }
  if (answers(controlPath, 'stream')) throw inUse(controlPath);
  removeSocket(controlPath);
}

function inUse(path: string): EtherloomError {
  return new EtherloomError('busy', `a switch is already serving ${path}; end it, or choose another directory with --sock`);
}

function isInUse(error: unknown): boolean {
  return error instanceof SystemError && error.errno === 'EADDRINUSE';
}

/** Removes a socket's name. Others may write to the directory: what is not a socket any more, or not to be removed, is theirs. */
function removeSocket(path: string): void {
  if (statusOf(path)?.isSocket() !== true) return;
  try {
    unlinkSync(path);
  } catch {
    // It changed hands at this moment.
  }
}

function isDead(path: string): boolean {
  try {
    return !answers(path, 'datagram');
  } catch {
    // No descriptor is free: another time. Or the name is too long for a socket: never.
    return false;
  }
}

function statusOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    // It was removed.
    return [];
  }
}
