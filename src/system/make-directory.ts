import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errnoOf, SystemError } from '../errors.ts';

/**
 * Creates a directory and its missing parents, from the top down. Existing directories are left unchanged. `mode` has the permission bits
 * of new ones. Node's recursive mkdir is not used, because it retries forever where creation is impossible (`/proc/x/y`). Throws a
 * SystemError that names the directory that could not be created.
 */
export function makeDirectory(path: string, mode = 0o777): void {
  const directory = resolve(path);
  if (isMade(directory, mode)) return;
  makeDirectory(dirname(directory), mode);
  if (!isMade(directory, mode))
    throw new SystemError('ENOENT', `cannot create ${directory}: no directory can be created in ${dirname(directory)}`);
}

/** Creates one directory if it is missing. Returns false if its parent does not exist. */
function isMade(directory: string, mode: number): boolean {
  try {
    mkdirSync(directory, mode);
  } catch (error) {
    const errno = errnoOf(error) ?? 'EIO';
    if (errno === 'ENOENT') return false;
    // Some file systems refuse with EROFS or EACCES before they check whether the directory exists.
    if (isDirectory(directory)) return true;
    if (errno === 'EEXIST') throw new SystemError('ENOTDIR', `cannot use ${directory}`);
    throw new SystemError(errno, `cannot create ${directory}`);
  }
  return true;
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
