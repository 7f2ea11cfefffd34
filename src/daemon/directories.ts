/** Returns the default directories of sockets and state. */
import { existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { EtherloomError, messageOf } from '../errors.ts';
import { makeDirectory } from '../system/make-directory.ts';
import { homeDirectory, temporaryDirectory } from '../system/user-directories.ts';

/**
 * Returns a directory of that name for sockets, in this user's runtime directory: see `runtimeDirectory`. Throws the errors of
 * `ownDirectory`.
 */
export function defaultSocketDirectory(name: string): string {
  return join(ownDirectory(runtimeDirectory(), '--sock'), name);
}

/**
 * Returns a directory of that name for state: in `$XDG_STATE_HOME/etherloom`, else `~/.local/state/etherloom`. For a user without a home,
 * it is in the directory for sockets, and `warn` is called with the consequences. The directory itself is not created yet. Throws the
 * errors of `ownDirectory`.
 */
export function defaultStateDirectory(name: string, warn: (message: string) => void): string {
  const given = process.env['XDG_STATE_HOME'];
  if (given !== undefined && given !== '') return join(given, 'etherloom', name);
  const home = homeDirectory();
  if (home !== undefined) return join(home, '.local', 'state', 'etherloom', name);
  const state = join(ownDirectory(runtimeDirectory(), '--state'), `${name}.state`);
  warn(`this user has no home directory: the state is kept in ${state}, which a reboot may remove; choose another directory with --state`);
  return state;
}

/**
 * Returns the directory of the notes of running services: in `$XDG_RUNTIME_DIR/etherloom`, else beside the default directories for state;
 * for a user whose home directory does not exist, in the directory for sockets, since a note must not make a home. It is not created yet.
 * Throws the errors of `ownDirectory`.
 */
export function servicesDirectory(): string {
  if (process.env['XDG_RUNTIME_DIR']) return join(runtimeDirectory(), 'services');
  const isHomeless = (process.env['XDG_STATE_HOME'] ?? '') === '' && !existsSync(homeDirectory() ?? '');
  return isHomeless ? join(ownDirectory(runtimeDirectory(), 'TMPDIR'), 'services') : defaultStateDirectory('services', () => undefined);
}

/**
 * Creates the directory, for this user alone, and returns it. An existing one must belong to the user and must not be writable by others;
 * `option` names the option that chooses another. Throws EtherloomError: `not-permitted`, `system`.
 */
export function ownDirectory(path: string, option: string): string {
  try {
    makeDirectory(path, 0o700);
  } catch (error) {
    throw new EtherloomError('system', `${messageOf(error)}; choose another directory with ${option}`, { cause: error });
  }
  const flaw = flawOf(path);
  if (flaw === undefined) return path;
  throw new EtherloomError('not-permitted', `cannot use ${path}: ${flaw}; choose a directory of your own with ${option}`);
}

/** Returns why the directory is not this user's alone; undefined if it is. */
function flawOf(path: string): string | undefined {
  const status = lstatSync(path);
  if (!status.isDirectory()) return 'it is a symbolic link';
  const { mode, uid } = status;
  if (uid !== ownUid()) return `it belongs to uid ${uid}`;
  return (mode & 0o022) === 0 ? undefined : `others may write to it (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`;
}

/** Returns this user's directory for files that live as long as its processes: `$XDG_RUNTIME_DIR/etherloom`, else `/tmp/etherloom-UID`. */
function runtimeDirectory(): string {
  const runtime = process.env['XDG_RUNTIME_DIR'];
  return runtime ? join(runtime, 'etherloom') : join(temporaryDirectory(), `etherloom-${ownUid()}`);
}

/** Returns this user's id. `userInfo` fails for a user without a name. */
function ownUid(): number {
  return process.getuid?.() ?? 0;
}
