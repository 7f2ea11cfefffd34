/**
 * Paths of unix sockets. The kernel's structure for a socket's name has room for a path of 107 octets. A longer path is replaced by one
 * through a descriptor, `/proc/self/fd/N`, which is short and leads to the same file. [unix(7), proc_pid_fd(5)]
 */
import { closeSync, openSync } from 'node:fs';
import { EtherloomError, errnoOf, SystemError } from '../errors.ts';

const O_PATH = 0o10000000;

/** The longest path in the name of a unix socket, in octets, without its terminating NUL. [unix(7)] */
export const maxUnixPath = 107;

/** Returns whether a path is short enough for the name of a unix socket. */
export function isUnixPath(path: string): boolean {
  return Buffer.byteLength(path) <= maxUnixPath;
}

/** The longest last part of a path that is bound through the descriptor of its directory, in octets. */
const maxSocketName = maxUnixPath - '/proc/self/fd/00000/'.length;

/** Throws `path-too-long` if `name` is too long for a socket in `directory`. */
export function checkSocketName(name: string, directory: string): void {
  const length = Buffer.byteLength(name);
  if (length <= maxSocketName) return;
  throw new EtherloomError(
    'path-too-long',
    `cannot make the socket ${name} in ${directory}: its path is longer than the ${maxUnixPath} octets of a unix socket's, and its name` +
      ` may then have ${maxSocketName} octets, not ${length}; choose a shorter name`,
  );
}

/** A name by which a socket can be connected to, valid until it is disposed. */
export interface SocketWay extends Disposable {
  readonly name: string;
}

/**
 * Returns a name for the socket file at `path`: the path itself if it is short enough. Otherwise the file is opened, following symbolic
 * links, and the name leads through its descriptor. Throws a SystemError if it cannot be opened.
 */
export function socketWayTo(path: string): SocketWay {
  if (isUnixPath(path)) return { name: path, [Symbol.dispose]: () => undefined };
  const fd = open(path);
  return { name: `/proc/self/fd/${fd}`, [Symbol.dispose]: () => closeSync(fd) };
}

function open(path: string): number {
  try {
    return openSync(path, O_PATH);
  } catch (error) {
    throw new SystemError(errnoOf(error) ?? 'EIO', `cannot connect to ${path}`);
  }
}
