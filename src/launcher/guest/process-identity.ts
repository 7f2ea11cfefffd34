import { readdirSync, readFileSync } from 'node:fs';
import { errnoOf } from '../../errors.ts';

/**
 * Distinguishes a process from all others that had or will have its number, so that a record on disk still means the same process later.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** The start time, in clock ticks since boot. [proc(5), /proc/pid/stat, 22] */
  readonly startTime: number;
  /** The boot of the machine. [proc(5), /proc/sys/kernel/random/boot_id] */
  readonly bootId: string;
}

/**
 * Returns the identity of the living process with that number. Returns undefined if there is none, or only a zombie. Throws the system's
 * error if /proc cannot be read, since the process may then still live.
 */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses. The name may itself contain spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startTime] = [fields[0], Number(fields[19])];
    if (state === 'Z' || state === 'X' || !Number.isSafeInteger(startTime)) return undefined;
    return { pid, startTime, bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() };
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** Returns true if exactly this process lives. Throws if /proc cannot be read. */
export function isAlive(identity: ProcessIdentity): boolean {
  const found = identifyProcess(identity.pid);
  return found?.startTime === identity.startTime && found.bootId === identity.bootId;
}

/** Sends a signal to exactly this process. Has no effect if it has ended. */
export function signalProcess(identity: ProcessIdentity, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

/** Returns a process that was started with these consecutive arguments; undefined if there is none. */
export function findProcess(words: readonly string[]): number | undefined {
  const text = `\0${words.join('\0')}\0`;
  const pid = readdirSync('/proc').find((name) => /^\d+$/.test(name) && `\0${commandLineOf(name)}`.includes(text));
  return pid === undefined ? undefined : Number(pid);
}

/** Returns the arguments of a process, each followed by a NUL; empty if the process has ended. */
function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
