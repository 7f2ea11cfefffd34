import { closeSync, lstatSync, rmSync, statSync, unlinkSync, type Stats } from 'node:fs';
import { errnoOf, EtherloomError, SystemError } from '../errors.ts';
import type { OwnedFile } from '../system/bound-file.ts';
import { fileNumber } from '../system/file-number.ts';
import { answers, bindFile, listen, socketOf, type Fd, type SocketKind } from '../system/unix-socket.ts';

/** A file that must keep its name: its path, and the identity of the file when it was made. */
export interface NamedFile {
  readonly path: string;
  /** See fileNumber; undefined if it was gone at once. */
  readonly number: string | undefined;
}

/** A socket that clients find by its name, and that others may remove: a cleaner of /tmp, or a user by mistake. */
export interface NamedSocket {
  /** The files by which it is found, directories first. */
  readonly files: readonly NamedFile[];
  /** Makes the socket again, for new clients; connected clients stay. Throws EtherloomError: `busy` if another process has its place. */
  restore(): void;
}

/** Connections that may wait to be accepted. */
const acceptBacklog = 128;

/** A socket of connections that listens at a path of its own. */
export class ListeningFile implements Disposable {
  readonly path: string;
  readonly #file: OwnedFile;
  readonly #kind: SocketKind;
  #fd: Fd;
  #number: string | undefined;

  private constructor(file: OwnedFile, kind: SocketKind) {
    this.path = file.path;
    this.#file = file;
    this.#kind = kind;
    this.#fd = listenInPlace(file, kind);
    this.#number = fileNumber(file.path);
  }

  /** Binds the socket, in place of one that a dead process left. Throws EtherloomError: what `bindFile` and `removeStaleSocket` throw. */
  static open(file: OwnedFile, kind: SocketKind = 'stream'): ListeningFile {
    return new ListeningFile(file, kind);
  }

  /** The listening socket. */
  get fd(): Fd {
    return this.#fd;
  }

  /** The file as it was made. */
  get named(): NamedFile {
    return { path: this.path, number: this.#number };
  }

  /** Listens on a new socket at the path, and closes the old one. If it throws, as `open` does, the old one stays. */
  renew(): void {
    const old = this.#fd;
    this.#fd = listenInPlace(this.#file, this.#kind);
    this.#number = fileNumber(this.path);
    closeSync(old);
  }

  /** Closes the socket and removes its file, unless that belongs to another process. */
  [Symbol.dispose](): void {
    if (isInPlace(this.named)) rmSync(this.path, { force: true });
    closeSync(this.#fd);
  }
}

/** Returns whether a file still has its name. */
export function isInPlace({ path, number }: NamedFile): boolean {
  return number !== undefined && fileNumber(path) === number;
}

function listenInPlace(file: OwnedFile, kind: SocketKind): Fd {
  removeStaleSocket(file.path, kind);
  return listenAt(file, kind);
}

/**
 * Returns a new socket that listens at a new file. Throws EtherloomError, as `bindFile` does; then neither a descriptor nor a file
 * is left.
 */
export function listenAt(file: OwnedFile, kind: SocketKind = 'stream'): Fd {
  const fd = socketOf(kind);
  let isBound = false;
  try {
    bindFile(fd, file);
    isBound = true;
    listen(fd, acceptBacklog);
    return fd;
  } catch (error) {
    closeSync(fd);
    if (isBound) rmSync(file.path, { force: true });
    throw error;
  }
}

/**
 * Checks that a socket can be created at `path`: there is a socket, or nothing yet. Throws EtherloomError('bad-address') for any other
 * file.
 */
export function checkSocketPlace(path: string, remedy: string): void {
  const status = statusOf(path, statSync);
  if (status && !status.isSocket()) throw new EtherloomError('bad-address', `${path} is not a socket; ${remedy}`);
}

/**
 * Removes the socket file that a dead process left at `path`, if there is one. Throws EtherloomError: `busy` if a process holds it,
 * `not-permitted` if it is not a socket.
 */
export function removeStaleSocket(path: string, kind: SocketKind): void {
  const status = statusOf(path, lstatSync);
  if (!status) return;
  if (!status.isSocket()) throw new EtherloomError('not-permitted', `${path} is not a socket; move it away, or choose another name`);
  if (answers(path, kind)) throw new EtherloomError('busy', `another process serves ${path}; end it, or choose another name`);
  unlinkSync(path);
}

/** Returns the status of the file at `path`; undefined if there is none. */
function statusOf(path: string, look: (path: string) => Stats): Stats | undefined {
  try {
    return look(path);
  } catch (error) {
    const errno = errnoOf(error) ?? 'EIO';
    // `throwIfNoEntry` is not used: from Node 22 on it also covers a path through a file that is not a directory.
    if (errno === 'ENOENT') return undefined;
    throw new SystemError(errno, `cannot use ${path} as the name of a socket`, 'choose another one');
  }
}
