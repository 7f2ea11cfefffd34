import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const program = new URL('kill-points.mjs', import.meta.url).href;

/**
 * Returns the environment in which a Node process is killed (SIGKILL) at a point of its work on the files below `directory`: before and after each
 * write, synchronisation, cut, renaming, copy and removal by threads of Node's pool. Points are numbered from 0; without `at` the process lives. Their names are
 * written to the file `log`, which `pointsIn` reads. Works for commands of the build and for programs of the tests.
 */
export function killPoints(directory: string, log: string, at?: number): Readonly<Record<string, string>> {
  return {
    NODE_OPTIONS: `--import=${program}`,
    ETHERLOOM_KILL_IN: resolve(directory),
    ETHERLOOM_KILL_LOG: log,
    ETHERLOOM_KILL_AT: String(at ?? -1),
  };
}

/** Returns the names of the points that a process came to, in their order: `before write group.journal`. */
export function pointsIn(log: string): readonly string[] {
  return readFileSync(log, 'utf8').trimEnd().split('\n');
}
