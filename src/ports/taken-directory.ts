/** Makes or takes the directory for a switch's sockets, which no other switch may use. */
import { closeSync, constants, fstatSync, mkdirSync, openSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, EtherloomError, reasonOf, SystemError } from '../errors.ts';
import { changeInode } from '../system/bound-file.ts';
import { lockOpenFile, type FileLock } from '../system/file-lock.ts';
import { answers } from '../system/unix-socket.ts';

/** The directory, its owner and its mode. */
export interface DirectoryPlace {
  /** The directory; its parent must exist. */
  readonly directory: string;
  /** True if a link in its place is refused. Default: it is followed. */
  readonly noLink?: boolean;
  /** Permission bits of the directory. */
  readonly mode: number;
  /** Group that owns it. Default: unchanged. */
  readonly gid?: number | undefined;
}

/** A directory that is held by its lock. */
export interface TakenDirectory {
  /** Canonical. */
  readonly path: string;
  readonly lock: FileLock;
}

/**
 * Makes the directory, or takes one that no switch serves, and sets its mode and group. A directory that a switch serves is left unchanged.
 * Throws EtherloomError: `busy`, `not-permitted`, or a SystemError.
 */
export function takeDirectory(place: DirectoryPlace): TakenDirectory {
  const path = makeDirectory(place);
  const lock = lockDirectory(openDirectory(path), path);
  try {
    if (answers(join(`/proc/self/fd/${lock.fd}`, 'ctl'), 'stream')) throw directoryInUse(path);
    changeInode(lock.fd, { path, mode: place.mode, gid: place.gid });
    return { path, lock };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

/** Returns the error for a directory that another switch serves. */
export function directoryInUse(path: string): EtherloomError {
  return new EtherloomError('busy', `a switch is already serving ${path}; end it, or choose another directory with --sock`);
}

/** Creates the directory if needed, and returns its canonical path. */
function makeDirectory({ directory, noLink = false }: DirectoryPlace): string {
  try {
    mkdirSync(directory);
  } catch (error) {
    const errno = errnoOf(error) ?? 'EIO';
    if (errno !== 'EEXIST') throw new SystemError(errno, `cannot make the directory ${directory}`, remedyForDirectory(errno));
  }
  const path = realpathSync(directory);
  if (!noLink || path === directory) return path;
  throw new EtherloomError('not-permitted', `${directory} is a symbolic link now; remove it`);
}

function openDirectory(path: string): number {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    checkOwn(fd, path);
    return fd;
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    if (error instanceof EtherloomError) throw error;
    throw new EtherloomError(
      'not-permitted',
      `cannot use ${path} for the switch's sockets: ${reasonOf(error)}; choose a directory with --sock`,
    );
  }
}

function lockDirectory(fd: number, path: string): FileLock {
  try {
    return lockOpenFile(fd, path);
  } catch (error) {
    if (error instanceof EtherloomError && error.code === 'busy') throw directoryInUse(path);
    throw error;
  }
}

function checkOwn(fd: number, path: string): void {
  const status = fstatSync(fd);
  if (status.uid !== process.geteuid?.()) {
    throw new EtherloomError(
      'not-permitted',
      `${path} belongs to uid ${status.uid}, not to the switch's user; choose another directory with --sock`,
    );
  }
  if ((status.mode & 0o1000) === 0) return;
  throw new EtherloomError(
    'not-permitted',
    `${path} is shared by many users (sticky); choose a directory of the switch's own with --sock, such as ${join(path, 'switch')}`,
  );
}

function remedyForDirectory(errno: string): string {
  return errno === 'ENOENT' ? 'make its parent directory first' : 'choose another directory with --sock';
}
