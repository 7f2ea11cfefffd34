import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf, isForUser } from '../errors.ts';
import { isLocked } from '../system/file-lock.ts';
import { stopNodeGuest } from './node-guest.ts';

/** The age from which a directory without a lock was left behind, and is not one that is just being made; in milliseconds. */
const grace = 60_000;

/**
 * Makes a state directory for a process that keeps nothing: for its sockets and the files of its guest. `prefix` is the beginning of its path. Those
 * of processes that were killed are removed first, with the guests that they left running. Rejects with Node's error.
 */
export async function makeTemporaryState(prefix: string): Promise<string> {
  for (const name of readdirSync(dirname(prefix))) {
    const path = join(dirname(prefix), name);
    if (name.startsWith(basename(prefix)) && wasLeft(path)) await removeTemporaryState(path);
  }
  return mkdtempSync(prefix);
}

/** Removes such a directory, and ends a guest that runs in it. It stays if it cannot be removed. */
export async function removeTemporaryState(path: string): Promise<void> {
  try {
    await stopNodeGuest(path);
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    if (!isForUser(error)) throw error;
  }
}

/** Returns true if no process uses the directory: the lock in it ends with its process. */
function wasLeft(path: string): boolean {
  try {
    return !isLocked(join(path, 'lock'));
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') return false;
    return Date.now() - statSync(path).mtimeMs > grace;
  }
}
