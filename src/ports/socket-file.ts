import { lstatSync, unlinkSync } from 'node:fs';
import { EtherloomError } from '../errors.ts';
import { answers } from '../system/unix-socket.ts';

/**
 * Removes the socket file that a dead process left at `path`, if there is one. Throws EtherloomError: `busy` when somebody holds it,
 * `not-permitted` when it is no socket.
 */
export function removeStaleSocket(path: string, kind: 'stream' | 'datagram'): void {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (!status) return;
  if (!status.isSocket()) throw new EtherloomError('not-permitted', `${path} is not a socket: move it away`);
  if (answers(path, kind)) throw new EtherloomError('busy', `another process holds ${path}`);
  unlinkSync(path);
}
