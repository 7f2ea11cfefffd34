/** A lock that the kernel releases when the process that holds it ends, in whatever way. [flock(2)] */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { EtherloomError, SystemError, errnoOf } from '../errors.ts';
import { lastErrno, libc } from './libc.ts';

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;

/** A held lock, with the descriptor of its file. */
export interface FileLock extends Disposable {
  readonly fd: number;
}

/**
 * Locks the file or directory at `path`; a missing file is created with mode 0600. Throws EtherloomError('busy') if another process holds
 * the lock, or this one already does. Disposing releases the lock; the file remains.
 */
export function lockFile(path: string): FileLock {
  return lockOpenFile(openLockable(path), path);
}

/** Locks an open file. The file is closed when the lock is released, or at once if it cannot be locked. Throws as `lockFile` does. */
export function lockOpenFile(fd: number, path: string): FileLock {
  if (libc.flock(fd, LOCK_EX | LOCK_NB) === 0) {
    let held = true;
    return {
      fd,
      [Symbol.dispose]() {
        if (held) closeSync(fd);
        held = false;
      },
    };
  }
  const errno = lastErrno();
  closeSync(fd);
  if (errno === 'EAGAIN')
    throw new EtherloomError('busy', `${path} is in use by another process; end that process, or choose another path`);
  throw new SystemError(errno, `cannot lock ${path}`);
}

/**
 * Returns whether a process holds the lock of an existing file, this one included. Several may ask at once. Throws the system's error if the
 * file cannot be opened.
 */
export function isLocked(path: string): boolean {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (libc.flock(fd, LOCK_SH | LOCK_NB) === 0) return false;
    const errno = lastErrno();
    if (errno === 'EAGAIN') return true;
    throw new SystemError(errno, `cannot lock ${path}`);
  } finally {
    closeSync(fd);
  }
}

function openLockable(path: string): number {
  // O_NONBLOCK, because opening a pipe would wait.
  const noFollow = constants.O_NOFOLLOW | constants.O_NONBLOCK;
  try {
    const fd = openSync(path, constants.O_RDONLY | noFollow);
    if (fstatSync(fd).isFile() || fstatSync(fd).isDirectory()) return fd;
    closeSync(fd);
    throw new EtherloomError('bad-state', `${path} is neither a file nor a directory; remove it, or choose another path`);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return openSync(path, constants.O_RDWR | constants.O_CREAT | noFollow, 0o600);
  }
}
