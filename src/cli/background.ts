import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { callerVariables, takeVariable } from '../system/caller.ts';
import { printError } from './print.ts';

/*
 * Runs a command in the background: it starts itself again as the leader of a new session, without a terminal. The first process exits once
 * the second one serves, or with its exit code if that one ends before.
 */

/** The descriptors and variables of the process in the background. */
export interface BackgroundOptions {
  /** True if it gets this process's standard input and output. Default: false. */
  readonly standard?: boolean;
  /** Descriptors of this process that it also gets, as 4, 5 and so on. */
  readonly further?: readonly number[];
  /** Additional environment variables. */
  readonly env?: Readonly<Record<string, string>>;
}

const readyVariable = 'ETHERLOOM_READY_FD';

/** The descriptor by which the process in the background reports to its parent. */
const parentFd = 3;

/** In the process in the background: the descriptor at which its parent waits until it serves. Undefined in any other process. */
export const readyFd = takeVariable(readyVariable) === undefined ? undefined : parentFd;

/** Returns true in the process in the background. */
export function isInBackground(): boolean {
  return readyFd !== undefined;
}

/**
 * Starts this command again in the background. Returns 0 when it serves, else its exit code. Its standard error is copied to that of this
 * process.
 */
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
