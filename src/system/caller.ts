/**
 * The process state that a command gets from its caller, and that Node changes before the first line of JavaScript. Node raises the soft
 * limit of open descriptors to the hard limit, and resets the signals that the caller ignored. Programs that we start must not get Node's
 * values, since many of them close "all descriptors" one by one, up to the limit.
 *
 * Only a shell that runs before Node can record the caller's values. The second line of each file in bin/ does that. To start a program,
 * another shell restores the values and then becomes the program, so there is no additional process, and this process's own limit never
 * changes. [getrlimit(2), signal(7)]
 */
import { accessSync, constants as fsConstants, statSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

/** Set by the files in bin/: the soft limit of descriptors, and the ignored signals as a decimal bit mask. */
const variable = 'ETHERLOOM_CALLER';

/** Signals that our commands handle. As in any program that handles a signal, child processes start with its default action. */
const handled: readonly number[] = [constants.signals.SIGHUP, constants.signals.SIGINT, constants.signals.SIGTERM];

const noted = takeVariable(variable);
const restoring = noted === undefined ? undefined : restoringScript(noted);

/** Returns whether the caller ignored that signal, as nohup(1) does. */
export function isIgnoredByCaller(signal: NodeJS.Signals): boolean {
  const [, mask] = /\s(\d+)\s*$/.exec(noted ?? '') ?? [];
  return signalsIn(Number(mask ?? 0)).includes(constants.signals[signal]);
}

/** Removes a variable from the environment, so that child processes do not inherit it. Returns its value; undefined if it is not set. */
export function takeVariable(name: string): string | undefined {
  const value = process.env[name];
  Reflect.deleteProperty(process.env, name);
  return value;
}

/** Returns the variables by which another command of ours learns the state of this one's caller. */
export function callerVariables(): Readonly<Record<string, string>> {
  return noted === undefined ? {} : { [variable]: noted };
}

/**
 * Returns the command line that runs a program with the caller's limit of descriptors and ignored signals. If the program cannot be run,
 * its command line is returned unchanged, so that starting it results in the usual error.
 */
export function asCalled(program: string, args: readonly string[]): readonly [program: string, args: readonly string[]] {
  if (restoring === undefined || !isRunnable(program)) return [program, args];
  // The first `program` is the name with which the shell begins its own messages.
  return ['/bin/sh', ['-c', restoring, program, program, ...args]];
}

function restoringScript(text: string): string | undefined {
  const [, limit, mask = '0'] = /^(\d+|unlimited)(?:\s+(\d+))?\s*$/.exec(text) ?? [];
  if (limit === undefined) return undefined;
  const ignored = signalsIn(Number(mask)).filter((signal) => !handled.includes(signal));
  const trap = ignored.length > 0 ? `trap '' ${ignored.join(' ')}; ` : '';
  return `${trap}ulimit -Sn ${limit}; exec "$@"`;
}

function signalsIn(mask: number): number[] {
  return Array.from({ length: 31 }, (_, i) => i + 1).filter((signal) => (mask >>> (signal - 1)) & 1);
}

/** Looks for the program as execvp(3) does. */
function isRunnable(program: string): boolean {
  const path = process.env['PATH'] ?? '/bin:/usr/bin';
  const candidates = program.includes('/') ? [program] : path.split(':').map((directory) => join(directory || '.', program));
  return program !== '' && candidates.some(isExecutableFile);
}

function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, fsConstants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
