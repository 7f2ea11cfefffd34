import { closeSync, openSync } from 'node:fs';
import { checked, libc } from './libc.ts';

/** What a process without a terminal is: its name, its standard error, its log. [syslog(3), prctl(2), dup2(2)] */

const PR_SET_NAME = 15;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const LOG_PID = 1;
const severities = { error: 3, warn: 4, info: 6 } as const;
const LOG_DAEMON = 24;

/** What the log says in front of each line. The C library keeps its place, so it must stay there; V8 may move what is small. */
const ident = new Uint8Array(256);

/** Gives the process a name for `ps`, `pgrep -x` and `start-stop-daemon --name`, of which the first 15 octets count; its command line stays. */
export function nameProcess(name: string): void {
  checked(libc.prctl(PR_SET_NAME, textOf(name)), `cannot name the process ${name}`);
}

/** Keeps a descriptor from the programs that this process starts. */
export function closeOnExec(fd: number): void {
  checked(libc.fcntl(fd, F_SETFD, FD_CLOEXEC), `cannot keep descriptor ${fd} from other programs`);
}

/** From now on nothing that is written to standard error is seen. */
export function closeStandardError(): void {
  const nowhere = openSync('/dev/null', 'w');
  checked(libc.dup2(nowhere, 2), 'cannot close standard error');
  closeSync(nowhere);
}

/** The system's log, under that name and with the process's id. Where nobody keeps one, what is said is lost. */
export function openSyslog(name: string): (message: string, level?: keyof typeof severities) => void {
  ident.set(textOf(name).subarray(-ident.length));
  libc.openlog(ident, LOG_PID, LOG_DAEMON);
  return (message, level = 'info') => libc.syslog(LOG_DAEMON + severities[level], '%s', 'str', message);
}

function textOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(`${text}\0`));
}
