import { closeSync, lstatSync, readdirSync, rmdirSync, unlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { EtherloomError, SystemError } from '../../errors.ts';
import { fileNumber } from '../../system/file-number.ts';
import { isUnixPath } from '../../system/socket-path.ts';
import { answers, bindFile, type Fd } from '../../system/unix-socket.ts';
import type { PortNumber } from '../pure/port.ts';
import { isInPlace, listenAt, type NamedFile } from '../socket-file.ts';
import { directoryInUse, takeDirectory, type TakenDirectory } from '../taken-directory.ts';

/** The directory of a switch's sockets, and its permissions. */
export interface VdeDirectoryOptions {
  /** The directory; its parent must exist. */
  readonly directory: string;
  /** Permission bits of `ctl` and of the ports' sockets. Default: 0600, or those of `directoryMode`. */
  readonly mode?: number | undefined;
  /** Permission bits of the directory. Default: 02700, or those that match `mode`. */
  readonly directoryMode?: number | undefined;
  /** The group of all of it. Default: unchanged. */
  readonly gid?: number | undefined;
  /** Permission bits and group of sockets of the management port. Default: 0600, and the others' group. */
  readonly managementMode?: number | undefined;
  readonly managementGid?: number | undefined;
}

/** The socket of a port. */
export interface PortSocket {
  /** Its name in the directory. */
  readonly name: string;
  /** The path by which its client can connect to it. */
  readonly told: string;
}

const portName = /^\d{3,}\.\d+$/;
const clientName = /^\.\d{5,}-\d{5,}$/;

/**
 * The directory of a VDE switch: its control socket `ctl`, a socket `PPP.F` for each port, and the clients' sockets beside them. It is held
 * open and locked, and its files are reached through its descriptor: a directory that another switch has made in its place is not touched.
 */
export class VdeDirectory implements Disposable {
  /** Canonical. */
  readonly path: string;
  /** Permission bits of the sockets in it. */
  readonly mode: number;
  readonly #options: VdeDirectoryOptions;
  readonly #held: TakenDirectory['lock'];
  readonly #number: string | undefined;
  #control: Fd;
  #controlNumber: string | undefined;

  private constructor({ path, lock }: TakenDirectory, options: VdeDirectoryOptions) {
    this.path = path;
    this.#options = options;
    this.mode = options.mode ?? (options.directoryMode === undefined ? 0o600 : options.directoryMode & 0o666);
    this.#held = lock;
    this.#number = fileNumber(`/proc/self/fd/${lock.fd}/.`);
    this.#control = this.#bindControl();
    this.#controlNumber = fileNumber(this.#inside('ctl'));
    this.removeDead();
  }

  /** Makes or takes the directory and listens on its `ctl`. `noLink`: not through a link. Throws EtherloomError: see VdeListener.open. */
  static open(options: VdeDirectoryOptions, { noLink = false } = {}): VdeDirectory {
    const { directory, mode, directoryMode, gid } = options;
    const taken = takeDirectory({
      directory,
      noLink,
      mode: directoryMode ?? (mode === undefined ? 0o2700 : matchingDirectoryMode(mode)),
      gid,
    });
    try {
      return new VdeDirectory(taken, options);
    } catch (error) {
      taken.lock[Symbol.dispose]();
      throw error;
    }
  }

  /** The listening control socket. */
  get control(): Fd {
    return this.#control;
  }

  /** The directory and its control socket, as they were made. */
  get files(): readonly [NamedFile, NamedFile] {
    return [
      { path: this.path, number: this.#number },
      { path: join(this.path, 'ctl'), number: this.#controlNumber },
    ];
  }

  /**
   * Listens on a new `ctl`, in place of one that was removed. Throws EtherloomError, and then still listens on the old one: see
   * VdeListener.open.
   */
  renewControl(): void {
    const old = this.#control;
    this.#control = this.#bindControl();
    this.#controlNumber = fileNumber(this.#inside('ctl'));
    closeSync(old);
  }

  /** Binds a port's socket under a new name, for a client of that user. Throws a SystemError. */
  bindPort(fd: Fd, number: PortNumber, uid: number, management: boolean): PortSocket {
    const { managementMode = 0o600, managementGid, gid } = this.#options;
    const root = process.geteuid?.() === 0;
    const mode = root ? this.mode & 0o700 : this.mode;
    const file = {
      directory: this.#held.fd,
      mode: management ? managementMode : mode,
      // Clients change the mode of the switch's socket, and so must own it.
      uid: root && uid !== 0 ? uid : undefined,
      gid: management ? (managementGid ?? gid) : gid,
    };
    for (let suffix = fd; ; suffix += 1000) {
      const name = `${String(number).padStart(3, '0')}.${suffix}`;
      const path = join(this.path, name);
      try {
        bindFile(fd, { path, ...file });
        // A path that is too long for a socket's name is reported through this process's descriptor, which its user and root may follow.
        return { name, told: isUnixPath(path) ? path : `/proc/${process.pid}/fd/${this.#held.fd}/${name}` };
      } catch (error) {
        if (!isInUse(error) || suffix > 100_000) throw error;
      }
    }
  }

  /** Removes the name of a port's socket. */
  removePort(name: string): void {
    removeSocket(this.#inside(name));
  }

  /** Removes sockets that no process holds. Their pids do not matter: the directory may be shared with another pid namespace. */
  removeDead(): void {
    for (const name of namesIn(this.#inside('.'))) {
      if (!portName.test(name) && !clientName.test(name)) continue;
      const path = this.#inside(name);
      if (isDead(path)) removeSocket(path);
    }
  }

  /** Closes and removes the control socket, the sockets of dead processes, and the directory if it is then empty. */
  [Symbol.dispose](): void {
    if (fileNumber(this.#inside('ctl')) === this.#controlNumber) removeSocket(this.#inside('ctl'));
    closeSync(this.#control);
    this.removeDead();
    if (isInPlace(this.files[0])) removeEmpty(this.path);
    this.#held[Symbol.dispose]();
  }

  #inside(name: string): string {
    return join(`/proc/self/fd/${this.#held.fd}`, name);
  }

  #bindControl(): Fd {
    const file = { path: join(this.path, 'ctl'), directory: this.#held.fd, mode: this.mode, gid: this.#options.gid };
    try {
      return listenAt(file);
    } catch (error) {
      if (!isInUse(error)) throw error;
      removeStale(this.#inside('ctl'), this.path);
      return listenAt(file);
    }
  }
}

/** Returns directory permissions that let a user pass who may read or write the sockets. */
function matchingDirectoryMode(mode: number): number {
  return [0o700, 0o070, 0o007].reduce((bits, who) => bits | (mode & 0o666 & who ? (mode | 0o111) & who : 0), 0o2000);
}

function removeStale(control: string, directory: string): void {
  const status = statusOf(control);
  if (status && !status.isSocket()) {
    throw new EtherloomError(
      'not-permitted',
      `${join(directory, 'ctl')} is not a socket; move it away, or choose another directory with --sock`,
    );
  }
  if (answers(control, 'stream')) throw directoryInUse(directory);
  removeSocket(control);
}

function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // The directory has a living client's socket, or was not ours to remove: it stays, as the original leaves it.
  }
}

function isInUse(error: unknown): boolean {
  return error instanceof SystemError && error.errno === 'EADDRINUSE';
}

/** Removes a socket's name. Others may write to the directory: a file that is no longer a socket, or cannot be removed, is theirs. */
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
    // Without a free descriptor it is not known; a later call tries again.
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
