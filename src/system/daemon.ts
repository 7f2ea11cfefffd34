import { closeSync, openSync } from 'node:fs';
import { checked, libc } from './libc.ts';
import { renewStandardError } from './standard-streams.ts';

/** What a process without a terminal is: its name, its standard error. [prctl(2), dup2(2)] */

const PR_SET_NAME = 15;
const F_SETFD = 2;
const FD_CLOEXEC = 1;

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
  renewStandardError();
}

function textOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(`${text}\0`));
}
