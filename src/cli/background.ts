import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { callerVariables, takeVariable } from '../system/caller.ts';
import { printError } from './print.ts';

/*
 * A command that goes on in the background: it starts itself again as the leader of a session of its own, without a terminal, and ends when
 * that one serves, or with its exit code when it does not.
 */

/** What the one in the background is given. */
export interface BackgroundOptions {
  /** Whether it has this process's standard input and output. Default: false. */
  readonly standard?: boolean;
  /** Descriptors of this process that it has too, as 4, 5 and so on. */
  readonly further?: readonly number[];
  /** More environment. */
  readonly env?: Readonly<Record<string, string>>;
}

const readyVariable = 'ETHERLOOM_READY_FD';

/** The descriptor at which the parent of the one in the background waits. */
const parentFd = 3;

/** In the process in the background: the descriptor at which its parent waits until it serves. Undefined in any other. */
export const readyFd = takeVariable(readyVariable) === undefined ? undefined : parentFd;

/** Returns true in the process in the background. */
export function isInBackground(): boolean {
  return readyFd !== undefined;
}

/** Starts this command again in the background. Returns 0 when it serves, else the exit code with which it ended; what it said is said here. */
export async function startInBackground({ standard = false, further = [], env = {} }: BackgroundOptions = {}): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: [...(standard ? [0, 1] : ['ignore' as const, 'ignore' as const]), 'pipe', 'pipe', ...further],
    env: { ...process.env, ...callerVariables(), ...env, [readyVariable]: String(parentFd) },
  });
  child.stderr?.on('data', printError);
  const ended = once(child, 'close') as Promise<[number | null]>;
  const pipe = child.stdio[parentFd];
  if (pipe && 'on' in pipe) {
    const ready = once(pipe, 'data').then(() => 0);
    const status = await Promise.race([ready, ended.then(([code]) => code ?? 1)]);
    child.unref();
    return status;
  }
  return 1;
}
