import { lstatSync, statSync, unlinkSync, type Stats } from 'node:fs';
import { errnoOf, EtherloomError, SystemError } from '../errors.ts';
import { answers } from '../system/unix-socket.ts';

/**
 * Checks that a socket can come to be at `path`: there is one, or nothing yet. Throws EtherloomError('bad-address') for any other file, which is
 * no place to wait at.
 */
export function checkSocketPlace(path: string, remedy: string): void {
  const status = statusOf(path);
  if (status && !status.isSocket()) throw new EtherloomError('bad-address', `${path} is not a socket; ${remedy}`);
}

/**
 * Removes the socket file that a dead process left at `path`, if there is one. Throws EtherloomError: `busy` when somebody holds it,
 * `not-permitted` when it is no socket.
 */
export function removeStaleSocket(path: string, kind: 'stream' | 'datagram'): void {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (!status) return;
  if (!status.isSocket()) throw new EtherloomError('not-permitted', `${path} is not a socket; move it away, or choose another name`);
  if (answers(path, kind)) throw new EtherloomError('busy', `another process serves ${path}; end it, or choose another name`);
  unlinkSync(path);
}

/** What is at `path`, behind symbolic links; undefined for nothing yet. */
function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    const errno = errnoOf(error) ?? 'EIO';
    // Not by `throwIfNoEntry`, for which a file in the place of the directory is no entry, too, from Node 22 on.
    if (errno === 'ENOENT') return undefined;
    throw new SystemError(errno, `cannot use ${path} as the name of a socket`);
  }
}
