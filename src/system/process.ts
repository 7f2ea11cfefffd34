/** Process groups, the foreground of the terminal, and the replacement of this process by another program. [setpgid(2), exec(3)] */
import { readdirSync, readFileSync } from 'node:fs';
import { checked, lastErrno, libc } from './libc.ts';
import type { Fd } from './unix-socket.ts';

const F_SETFD = 2;

/** Signals that Node ignores. A program that replaces this process would continue to ignore them. */
const SIGPIPE = 13;
const SIGXFSZ = 25;

/** Makes this process the leader of a new process group, unless it already leads one, as a session leader does. Throws a SystemError. */
export function leadGroup(): void {
  if (libc.getpgid(0) !== process.pid) checked(libc.setpgid(0, 0), 'cannot make a process group');
}

/** Returns whether this process is in the foreground group, which gets the signals of the terminal's keys. */
export function isInForeground(): boolean {
  const status = statusOf('self');
  return status !== undefined && status.group === status.foreground;
}

/** Returns whether this process has a controlling terminal. */
export function hasTerminal(): boolean {
  return (statusOf('self')?.terminal ?? 0) !== 0;
}

/** Ends the process without waiting for its threads, which may be blocked by a hanging disk. [_exit(2)] */
export function exitAtOnce(status: number): void {
  libc._exit(status);
}

/** Kills all other processes of the group that this process leads. */
export function killOthersInGroup(): void {
  for (const pid of readdirSync('/proc').map(Number)) {
    if (!(pid > 0) || pid === process.pid || statusOf(pid)?.group !== process.pid) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // The process has already ended.
    }
  }
}

/** Keeps the descriptor open in the program that replaces this process. */
export function keepOpen(fd: Fd): void {
  checked(libc.fcntl(fd, F_SETFD, 0), `cannot keep descriptor ${fd}`);
}

/**
 * Replaces this process by another program, with the given descriptors as standard input and output. Returns only on failure, with the
 * errno's name; standard input and output have then been replaced anyway.
 */
export function becomeProgram(argv: readonly string[], { input, output }: { readonly input: Fd; readonly output: Fd }): string {
  checked(libc.dup2(input, 0), 'cannot set standard input');
  checked(libc.dup2(output, 1), 'cannot set standard output');
  keepOpen(2);
  for (const signal of [SIGPIPE, SIGXFSZ]) libc.signal(signal, null);
  libc.execvp(argv[0] ?? '', [...argv, null]);
  return lastErrno();
}

interface ProcessStatus {
  readonly group: number;
  /** The device number of the controlling terminal; 0 if there is none. */
  readonly terminal: number;
  readonly foreground: number;
}

/** Returns the kernel's status of a process; undefined if there is none. [proc(5)] */
function statusOf(pid: number | 'self'): ProcessStatus | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [, , group, , terminal, foreground] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { group: Number(group), terminal: Number(terminal), foreground: Number(foreground) };
  } catch {
    return undefined;
  }
}
