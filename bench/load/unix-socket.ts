import { calls, lastErrno } from './calls.ts';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;

/** Returns a new non-blocking unix socket. */
export function unixSocket(type: 'stream' | 'datagram'): number {
  const kind = type === 'stream' ? SOCK_STREAM : SOCK_DGRAM;
  return checked(calls.socket(AF_UNIX, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), 'make a socket');
}

/** Gives a socket its name. Throws when it cannot. */
export function bindUnix(fd: number, path: string): void {
  checked(calls.bind(fd, address(path), addressSize(path)), `bind ${path}`);
}

/** Connects a socket to the one of that name. Throws when it cannot. */
export function connectUnix(fd: number, path: string): void {
  checked(calls.connect(fd, address(path), addressSize(path)), `connect to ${path}`);
}

function checked(result: number, what: string): number {
  if (result === -1) throw new Error(`the load cannot ${what}: errno ${lastErrno()}`);
  return result;
}

/** `struct sockaddr_un`: the family in host order, then the path and a NUL. [unix(7)] */
function address(path: string): Uint8Array {
  const octets = Buffer.alloc(110);
  octets.writeUInt16LE(AF_UNIX);
  octets.write(path, 2);
  return octets;
}

function addressSize(path: string): number {
  return 2 + Buffer.byteLength(path) + 1;
}
