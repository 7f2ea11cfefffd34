/**
 * The directories of a user. They may be missing: in a container, a process may have a uid without an entry in /etc/passwd, and no HOME.
 */
import { accessSync, constants } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { isAbsolute } from 'node:path';

/** Returns the user's home directory: HOME, or the one in the user database; undefined if neither is set. */
export function homeDirectory(): string | undefined {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the directory for temporary files: TMPDIR if it is writable, otherwise /tmp. */
export function temporaryDirectory(): string {
  const given = tmpdir();
  try {
    accessSync(given, constants.W_OK | constants.X_OK);
    return given;
  } catch {
    return '/tmp';
  }
}
