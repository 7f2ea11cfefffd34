/** What went wrong, for callers that act on it. */
export type ErrorCode =
  | 'bad-address' // text that should name a host, a port, a network or a socket does not
  | 'bad-option' // a command-line option or configuration value is not acceptable
  | 'bad-state' // a file of ours is damaged, or not ours
  | 'busy' // somebody else holds what we need
  | 'missing-peer' // a program that must be installed is not there
  | 'not-permitted' // the system, or our own safety rule, refuses
  | 'path-too-long' // a unix socket path holds 107 octets
  | 'refused' // the other side said no
  | 'system' // a system call failed
  | 'timed-out'; // the other side said nothing in time

/** The one class of error that the house throws on purpose; the message says what to do. */
export class EtherloomError extends Error {
  override readonly name = 'EtherloomError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A system call that failed; `errno` is its symbolic name (`ENOENT`). */
export class SystemError extends EtherloomError {
  readonly errno: string;

  constructor(errno: string, message: string) {
    super('system', `${message}: ${errno}`);
    this.errno = errno;
  }
}

/** Whether this is for the user to mend, and its message says what: an error of ours, or one of the system's (ENOSPC, EACCES). */
export function isForUser(error: unknown): error is Error {
  return error instanceof EtherloomError || (error instanceof Error && 'code' in error && 'syscall' in error);
}

/** Throws when an invariant of ours is broken: always a bug, never the user's doing. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${message}`);
}
