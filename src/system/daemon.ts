import { closeSync, constants, fstatSync, openSync, readlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { checked, libc } from './libc.ts';
import { renewStandardError } from './standard-streams.ts';

/** The name and the standard error of a process without a terminal. [prctl(2), dup2(2)] */

const PR_SET_NAME = 15;
const F_SETFD = 2;
const FD_CLOEXEC = 1;

/**
 * Gives the process a name for `ps`, `pgrep -x` and `start-stop-daemon --name`; its first 15 octets count. The command line is unchanged.
 */
export function nameProcess(name: string): void {
  checked(libc.prctl(PR_SET_NAME, textOf(name)), `cannot name the process ${name}`);
}

/** Prevents programs that this process starts from inheriting a descriptor. */
export function closeOnExec(fd: number): void {
  checked(libc.fcntl(fd, F_SETFD, FD_CLOEXEC), `cannot keep descriptor ${fd} from other programs`);
}

/** Redirects standard error to /dev/null. */
export function closeStandardError(): void {
  const nowhere = openSync('/dev/null', 'w');
  checked(libc.dup2(nowhere, 2), 'cannot close standard error');
  closeSync(nowhere);
  renewStandardError();
}

/** Returns the path of the file to which standard error goes; undefined if it is not a file. */
export function standardErrorFile(): string | undefined {
  try {
    return fstatSync(2).isFile() ? readlinkSync('/proc/self/fd/2') : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Redirects standard error to the file at a path. A missing file is created with the mode of the previous file. Rejects with the system's
 * error without any change. Other processes with the old file are not affected.
 */
export async function reopenStandardError(path: string): Promise<void> {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  const file = await open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, fstatSync(2).mode & 0o777);
  try {
    checked(libc.dup2(file.fd, 2), 'cannot set standard error');
  } finally {
    await file.close();
  }
  renewStandardError();
}

function textOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(`${text}\0`));
}
