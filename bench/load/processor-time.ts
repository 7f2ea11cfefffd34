import { readdirSync, readFileSync } from 'node:fs';
import { calls } from './calls.ts';

const CPUCLOCK_PROF = 0;
const CPUCLOCK_VIRT = 1;
const CPUCLOCK_SCHED = 2;
const CLOCK_THREAD_CPUTIME_ID = 3;
const tick = 1e7;
const time = Buffer.alloc(128);

/**
 * Returns the processor time that a process has used, in nanoseconds: of all its threads, those that have ended too, in user space and in
 * the kernel. It is the process's own clock, exact where /proc/PID/stat counts ticks of 10 ms. [clock_getcpuclockid(3)]
 */
export function processorTime(pid: number): number {
  return readClock(pid, CPUCLOCK_SCHED);
}

/** Returns the processor time that the calling thread has used, in nanoseconds. [clock_gettime(2)] */
export function threadTime(): number {
  calls.clock_gettime(CLOCK_THREAD_CPUTIME_ID, time);
  return nanoseconds();
}

/** The processor time of a process as the kernel's ticks found it, in nanoseconds. Where a tick finds it, there it was since the last one. */
export interface TickedTime {
  readonly user: number;
  /** In user space and in the kernel. */
  readonly all: number;
}

/**
 * Reads by which a process's time is shared between user space and the kernel, as utime and stime of /proc/PID/stat are, of which this is the source:
 * the share is good for some hundred ticks and more, their sum is less exact than `processorTime`.
 */
export function tickedTime(pid: number): TickedTime {
  return { user: readClock(pid, CPUCLOCK_VIRT), all: readClock(pid, CPUCLOCK_PROF) };
}

function readClock(pid: number, clock: number): number {
  if (calls.clock_gettime((~pid << 3) | clock, time) !== 0) throw new Error(`process ${pid} has ended before it was measured`);
  return nanoseconds();
}

function nanoseconds(): number {
  return Number(time.readBigInt64LE(0)) * 1e9 + Number(time.readBigInt64LE(8));
}

/**
 * Returns the processor time that the whole machine has used, in nanoseconds, to 10 ms: idling, waiting and what was stolen apart.
 * [proc(5), /proc/stat]
 */
export function machineTime(): number {
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = readFileSync('/proc/stat', 'utf8').split(/\s+/, 8).map(Number);
  return (user + nice + system + irq + softirq) * tick;
}

/** Returns the resident memory of a process, in octets. [proc(5), VmRSS] */
export function residentMemory(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes ?? 0) * 1024;
}

/**
 * Returns the kernel's threads for network work that is too much for the processes in whose time it would be done; none where they are not
 * visible.
 */
export function softirqThreads(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && nameOf(name).startsWith('ksoftirqd/'))
    .map(Number);
}

/** Returns the name of a process; empty if it has ended. */
function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8');
  } catch {
    return '';
  }
}
