import { readdirSync, readFileSync } from 'node:fs';
import { errnoOf } from '../../errors.ts';

/** One process among all that ever had its number: what a record on disk needs to be sure that it still means the same one. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in clock ticks since the machine did. [proc(5), /proc/pid/stat, 22] */
  readonly startTime: number;
  /** Which start of the machine that was. [proc(5), /proc/sys/kernel/random/boot_id] */
  readonly bootId: string;
}

/**
 * The identity of the living process with that number. Undefined when there is none; one that waits to be reaped does not live. Throws the
 * system's error when that cannot be told: then nothing may be concluded.
 */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field, the program's name in parentheses, may hold spaces and parentheses itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startTime] = [fields[0], Number(fields[19])];
    if (state === 'Z' || state === 'X' || !Number.isSafeInteger(startTime)) return undefined;
    return { pid, startTime, bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() };
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** Whether that very process lives. Throws when that cannot be told. */
export function isAlive(identity: ProcessIdentity): boolean {
  const found = identifyProcess(identity.pid);
  return found?.startTime === identity.startTime && found.bootId === identity.bootId;
}

/** Sends a signal to that very process; does nothing when it does not live any more. */
export function signalProcess(identity: ProcessIdentity, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

/** A process that was started with these arguments, one after the other. Undefined when there is none. */
export function findProcess(words: readonly string[]): number | undefined {
  const text = `\0${words.join('\0')}\0`;
  const pid = readdirSync('/proc').find((name) => /^\d+$/.test(name) && `\0${commandLineOf(name)}`.includes(text));
  return pid === undefined ? undefined : Number(pid);
}

/** The arguments of a process, each with a NUL behind it; none when it has ended by now. */
function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
