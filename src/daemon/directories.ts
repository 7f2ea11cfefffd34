/** Where sockets and state go when the user does not say. */
import { lstatSync, mkdirSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { EtherloomError } from '../errors.ts';

/**
 * A directory of that name for sockets, in one that is this user's alone: `$XDG_RUNTIME_DIR/etherloom`, else `/tmp/etherloom-UID`. Its
 * parent is made. Throws EtherloomError('not-permitted') when somebody else made the parent first.
 */
export function defaultSocketDirectory(name: string): string {
  const runtime = process.env['XDG_RUNTIME_DIR'];
  const parent = runtime ? join(runtime, 'etherloom') : join(tmpdir(), `etherloom-${ownUid()}`);
  return join(ownDirectory(parent, '--sock'), name);
}

/** A directory of that name for state: in `$XDG_STATE_HOME/etherloom`, else `~/.local/state/etherloom`. Made by `ownDirectory`. */
export function defaultStateDirectory(name: string): string {
  const given = process.env['XDG_STATE_HOME'];
  const home = given === undefined || given === '' ? join(homedir(), '.local', 'state') : given;
  return join(home, 'etherloom', name);
}

/**
 * Makes the directory, for this user alone, and returns it. One that is there must belong to the user and be closed to others; `option`
 * names what chooses another. Throws EtherloomError: `not-permitted`, `system`.
 */
export function ownDirectory(path: string, option: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new EtherloomError('system', `cannot make ${path}: ${why}; choose another with ${option}`, { cause: error });
  }
  const status = lstatSync(path);
  if (status.isDirectory() && status.uid === ownUid() && (status.mode & 0o022) === 0) return path;
  throw new EtherloomError(
    'not-permitted',
    `${path} belongs to another user, or others may write to it; choose another directory with ${option}`,
  );
}

/** Not `userInfo`, which fails where the user has no name. */
function ownUid(): number {
  return process.getuid?.() ?? 0;
}
