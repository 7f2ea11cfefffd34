/** A user as containers have them: a uid without a line in /etc/passwd, an empty environment, no HOME. */
import { spawnSync } from 'node:child_process';
import { searchPath } from './running.ts';

const uid = 12_345;

/** The command that runs another as that user, who owns the files of the user who runs the test; `env` is all the environment there is. */
export function asBareUser(env: readonly string[] = []): readonly string[] {
  const program = ['unshare', '--user', `--map-user=${uid}`, `--map-group=${uid}`];
  return [...program, 'env', '-i', `PATH=${searchPath}`, ...env];
}

/** Why there can be no such user here; undefined when there can. In CI that is an error. */
export function noBareUser(): string | undefined {
  reason ??= probe();
  if (reason === '') return undefined;
  if (process.env['CI'] !== undefined) throw new Error(`${reason}, and CI must have it`);
  return reason;
}

let reason: string | undefined;

function probe(): string {
  const [program = '', ...args] = [...asBareUser(), 'id', '-u'];
  const { stdout } = spawnSync(program, args, { encoding: 'utf8' });
  return stdout.trim() === String(uid) ? '' : 'this machine has no user namespaces for this user (unshare --map-user)';
}
