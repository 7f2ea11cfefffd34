/** Standard output and standard error of a process that must not wait for the readers. [open(2), tty_ioctl(4)] */
import { closeSync, constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { realClock } from '../clock.ts';
import { errnoOf } from '../errors.ts';
import { libc } from './libc.ts';
import { Outlet, type Give } from './outlet.ts';
import { StreamMemory } from './stream-socket.ts';
import type { Fd } from './unix-socket.ts';

const POLLOUT = 0x4;
const TIOCGDEV = 0x80045432;

/** The most octets of one write to a blocking pipe. A writable pipe has room for them. [pipe(7)] */
const pipePiece = 4096;

/** The most octets of one write to a blocking terminal. A writable terminal may have no more room. [tty_ioctl(4)] */
const terminalPiece = 1;

/** The most octets of text that may wait for the reader of the log. */
const mostWaiting = 64 * 1024;

/** Writes to a descriptor that other processes may share, without blocking, and without changing it for them. */
export interface SharedWriter {
  readonly give: Give;
  /** Releases our own descriptor, if there is one. */
  close(): void;
}

/**
 * Returns a writer to a descriptor that other processes share. A pipe or a terminal is opened once more, as a non-blocking description of
 * our own. If that is refused (it belongs to another user, or /proc is missing), the kernel is polled before each small write. A socket is
 * non-blocking for the single call. A file cannot be non-blocking, so a thread of Node's pool writes it.
 */
export function sharedWriter(fd: Fd): SharedWriter {
  const shared = (give: Give): SharedWriter => ({ give, close: () => undefined });
  try {
    const status = fstatSync(fd);
    if (status.isSocket()) return shared(giveToSocket(fd));
    if (status.isFile()) return shared(giveToFile(fd));
  } catch {
    // The descriptor is closed, so all text is discarded.
    return shared(() => undefined);
  }
  const own = openOwn(fd);
  if (own === undefined) return shared(givePolled(fd, isatty(fd) ? terminalPiece : pipePiece));
  return { give: giveAtOnce(own), close: () => closeSync(own) };
}

let output: Outlet | undefined;
let error: Outlet | undefined;
let errorWriter: SharedWriter | undefined;

/** Returns standard output. Its backlog is unlimited, so a program that writes much must check it. */
export function standardOutput(): Outlet {
  return (output ??= new Outlet(sharedWriter(1).give, { clock: realClock, limit: Infinity }));
}

/** Returns standard error. */
export function standardError(): Outlet {
  errorWriter ??= sharedWriter(2);
  return (error ??= new Outlet(errorWriter.give, { clock: realClock, limit: mostWaiting }));
}

/** Opens standard error again, after descriptor 2 was replaced. */
export function renewStandardError(): void {
  const before = errorWriter;
  errorWriter = sharedWriter(2);
  error?.redirect(errorWriter.give);
  before?.close();
}

/** Returns standard input for code that uses Node's streams. */
export function inputStream(): Readable & { readonly isTTY?: boolean } {
  const fd = openOwnPipe(0, constants.O_RDONLY);
  return fd === undefined ? process.stdin : new Socket({ fd, readable: true, writable: false });
}

/** Returns standard output for code that uses Node's streams. */
export function outputStream(): Writable & { readonly isTTY?: boolean } {
  const fd = openOwnPipe(1, constants.O_WRONLY);
  return fd === undefined ? process.stdout : new Socket({ fd, readable: false, writable: true });
}

/** Opens a shared pipe once more, since Node would make the shared one non-blocking. For terminals, Node does that itself. */
function openOwnPipe(fd: Fd, access: number): Fd | undefined {
  try {
    return fstatSync(fd).isFIFO() ? openSync(`/proc/self/fd/${fd}`, access | constants.O_NONBLOCK) : undefined;
  } catch {
    return undefined;
  }
}

function openOwn(fd: Fd): Fd | undefined {
  const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_APPEND | constants.O_NOCTTY;
  try {
    return openSync(`/proc/self/fd/${fd}`, flags);
  } catch {
    return isatty(fd) ? openControllingTerminal(fd, flags) : undefined;
  }
}

/** Opens a terminal that belongs to another user (`sudo -u`). Its path is refused, but /dev/tty works if it is our controlling terminal. */
function openControllingTerminal(fd: Fd, flags: number): Fd | undefined {
  let own;
  try {
    own = openSync('/dev/tty', flags);
  } catch {
    return undefined;
  }
  const device = deviceOf(fd);
  if (device !== undefined && device === deviceOf(own)) return own;
  closeSync(own);
  return undefined;
}

function deviceOf(terminal: Fd): number | undefined {
  const number = Buffer.alloc(4);
  return libc.ioctlOn(terminal, TIOCGDEV, number) === 0 ? number.readUInt32LE() : undefined;
}

function giveToSocket(fd: Fd): Give {
  const memory = new StreamMemory(pipePiece);
  return (octets) => {
    const piece = octets.subarray(0, pipePiece);
    memory.octets.set(piece);
    const taken = memory.send(fd, 0, piece.length);
    return taken === 'EAGAIN' ? 0 : typeof taken === 'string' ? undefined : taken;
  };
}

function giveToFile(fd: Fd): Give {
  return (octets) => new Promise((resolve) => write(fd, octets, (failure, count) => resolve(failure ? undefined : count)));
}

function giveAtOnce(fd: Fd): Give {
  return (octets) => {
    try {
      return writeSync(fd, octets);
    } catch (failure) {
      return errnoOf(failure) === 'EAGAIN' ? 0 : undefined;
    }
  };
}

function givePolled(fd: Fd, piece: number): Give {
  const give = giveAtOnce(fd);
  const asked = Buffer.alloc(8);
  asked.writeInt32LE(fd, 0);
  asked.writeInt16LE(POLLOUT, 4);
  return (octets) => (libc.poll(asked, 1, 0) > 0 ? give(octets.subarray(0, piece)) : 0);
}
