/** The kind of a failure, for callers that act on it. */
export type ErrorCode =
  | 'bad-address' // text that should name a host, a port, a network or a socket does not
  | 'bad-option' // a command-line option or configuration value is not acceptable
  | 'bad-state' // a file of ours is damaged, or not ours
  | 'busy' // another process or client holds the resource
  | 'missing-peer' // a program that must be installed is not there
  | 'not-permitted' // the system, or our own safety rule, refuses
  | 'not-supported' // this operating system cannot do it
  | 'path-too-long' // the last part of a socket's path, or a path for a program that needs a short one
  | 'refused' // the other side refused
  | 'system' // a system call failed
  | 'timed-out'; // the other side did not answer in time

/**
 * The one class of error that this package throws on purpose. The message says what failed, with which thing, why, and what to do.
 *
 * @example
 * ```ts
 * import { EtherloomError } from 'etherloom/errors';
 * import { lab } from 'etherloom/lab';
 *
 * try {
 *   lab({ seed: -1 });
 * } catch (error) {
 *   if (!(error instanceof EtherloomError)) throw error;
 *   console.log(error.code); // bad-option
 * }
 * ```
 */
export class EtherloomError extends Error {
  override readonly name = 'EtherloomError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A failed system call. Its message is `WHAT: permission denied (EACCES); REMEDY`. */
export class SystemError extends EtherloomError {
  /** The symbolic name of the error: `ENOENT`. */
  readonly errno: string;

  /** `what` says what failed, with which thing; `remedy` says what to do about it. */
  constructor(errno: string, what: string, remedy?: string) {
    super('system', `${what}: ${errnoText(errno)}${remedy === undefined ? '' : `; ${remedy}`}`);
    this.errno = errno;
  }
}

/** Words for the errors that users meet. [errno(3)] */
const errnoWords: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'address not available on this machine',
  EAGAIN: 'not ready now',
  EBUSY: 'device or resource busy',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by the other side',
  EDQUOT: 'disk quota exceeded',
  EEXIST: 'file exists',
  EHOSTUNREACH: 'no route to that host',
  EINVAL: 'invalid argument',
  EIO: 'input/output error',
  EISDIR: 'is a directory',
  ELOOP: 'too many symbolic links',
  EMFILE: 'too many open files in this process',
  ENAMETOOLONG: 'name too long',
  ENETUNREACH: 'network is unreachable',
  ENFILE: 'too many open files on this machine',
  ENODEV: 'no such device',
  ENOENT: 'no such file or directory',
  ENOMEM: 'out of memory',
  ENOSPC: 'no space left on the disk',
  ENOSYS: 'not supported by this kernel',
  ENOTDIR: 'not a directory',
  ENOTFOUND: 'no host of that name',
  ENOTEMPTY: 'directory not empty',
  ENXIO: 'no such device or address',
  EPERM: 'operation not permitted',
  EPIPE: 'the other side has closed the connection',
  EPROTOTYPE: 'a socket of another type',
  EROFS: 'read-only file system',
  ETIMEDOUT: 'timed out',
};

/** Returns an error's symbolic name with words for it: `permission denied (EACCES)`. */
export function errnoText(errno: string): string {
  const words = errnoWords[errno];
  return words === undefined ? errno : `${words} (${errno})`;
}

/** Returns the symbolic name of a system call's error, one of ours or of Node's; undefined for any other. */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof SystemError) return error.errno;
  return error instanceof Error && 'code' in error && 'syscall' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Returns why something failed, for the end of a message: the error of a system call in words, else the error's own message. */
export function reasonOf(error: unknown): string {
  const errno = errnoOf(error);
  if (errno !== undefined) return errnoText(errno);
  return error instanceof Error ? error.message : String(error);
}

/** Returns the message of an error for the user; Node's own (`EROFS: read-only file system, open '/a'`) becomes a sentence. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof EtherloomError || !('syscall' in error)) return error.message;
  const path = 'path' in error ? ` ${String(error.path)}` : '';
  return `cannot ${String(error.syscall)}${path}: ${reasonOf(error)}`;
}

/** Returns true if the user can mend this: an error of ours, whose message says how, or a system call's (ENOSPC, EACCES). */
export function isForUser(error: unknown): error is Error {
  return error instanceof EtherloomError || errnoOf(error) !== undefined;
}

/** Throws when an invariant of ours is broken: always a bug, never the user's doing. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${message}`);
}
