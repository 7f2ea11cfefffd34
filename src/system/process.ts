/** What a process is to the others: the group that it leads, the terminal's foreground, the program that it is. [setpgid(2), exec(3)] */
import { readdirSync, readFileSync } from 'node:fs';
import { checked, lastErrno, libc } from './libc.ts';
import type { Fd } from './unix-socket.ts';

const F_SETFD = 2;

/** Those that Node ignores, and that a program would go on to ignore. */
const SIGPIPE = 13;
const SIGXFSZ = 25;

/** Makes this process the leader of a group of its own, if it is not one; the leader of a session is. Throws a SystemError. */
export function leadGroup(): void {
  if (libc.getpgid(0) !== process.pid) checked(libc.setpgid(0, 0), 'cannot make a process group');
}

/** Whether this process's group is the one that its terminal tells of the keys that interrupt. */
export function isInForeground(): boolean {
  const status = statusOf('self');
  return status !== undefined && status.group === status.foreground;
}

/** Returns whether a terminal controls this process. */
export function hasTerminal(): boolean {
  return (statusOf('self')?.terminal ?? 0) !== 0;
}

/** Ends the process without waiting for its threads, which may be held by a disk that hangs. [_exit(2)] */
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
      // It has ended by itself.
    }
  }
}

/** Lets the descriptor go on to the program that this process becomes. */
export function keepOpen(fd: Fd): void {
  checked(libc.fcntl(fd, F_SETFD, 0), `cannot keep descriptor ${fd}`);
}

/**
 * Becomes another program, with those descriptors as standard input and output. Returns only when that cannot be: the errno's name. Then
 * they have changed all the same.
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
  /** The number of the device; 0 is none. */
  readonly terminal: number;
  readonly foreground: number;
}

/** What the kernel says of a process; undefined when there is none. [proc(5)] */
function statusOf(pid: number | 'self'): ProcessStatus | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [, , group, , terminal, foreground] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { group: Number(group), terminal: Number(terminal), foreground: Number(foreground) };
  } catch {
    return undefined;
  }
}
