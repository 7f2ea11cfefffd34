/** Pipes, and stream ends that other processes share: the standard input and output. [pipe(7), open(2)] */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { checked, libc } from './libc.ts';
import type { StreamKind } from './stream-socket.ts';
import type { Fd } from './unix-socket.ts';

const F_GETFL = 3;
const F_SETFL = 4;
const F_SETPIPE_SZ = 1031;
const O_CLOEXEC = 0o2000000;

/** The two ends of a pipe. Both are blocking. */
export interface Pipe {
  readonly read: Fd;
  readonly write: Fd;
}

/** The capacity of a wide pipe, in octets. More requires root. */
const wideRoom = 2 ** 20;

/** One end of a stream. Its kind determines how it can be used without blocking. Disposing it closes the descriptor if it is our own. */
export interface StreamEnd extends Disposable {
  readonly fd: Fd;
  readonly kind: StreamKind;
}

/** Returns a new pipe. Throws a SystemError (EMFILE). */
export function openPipe(): Pipe {
  const descriptors = Buffer.alloc(8);
  checked(libc.pipe2(descriptors, O_CLOEXEC), 'cannot make a pipe');
  return { read: descriptors.readInt32LE(0), write: descriptors.readInt32LE(4) };
}

/**
 * Returns a new pipe in packet mode: each write of up to 4,096 octets is read by a separate read. It is for programs that lose the frame
 * boundaries if a read ends within a header. A read that is too short loses the rest of its packet. The pipe is wide, since each packet
 * takes a page. [pipe(2): O_DIRECT]
 */
export function openPacketPipe(): Pipe {
  const descriptors = Buffer.alloc(8);
  checked(libc.pipe2(descriptors, O_CLOEXEC | constants.O_DIRECT), 'cannot make a pipe');
  return widened({ read: descriptors.readInt32LE(0), write: descriptors.readInt32LE(4) });
}

/**
 * Enlarges a pipe to 1 MiB, so that its writer waits less often, and returns it. A user with many such pipes gets smaller ones, which also
 * work.
 */
export function widened(pipe: Pipe): Pipe {
  libc.fcntl(pipe.write, F_SETPIPE_SZ, wideRoom);
  return pipe;
}

/** Makes an end of our own pipe non-blocking, and returns it. The other end is unchanged. Disposing it closes it. */
export function ownEnd(fd: Fd): StreamEnd {
  doNotWait(fd);
  return { fd, kind: 'file', [Symbol.dispose]: () => closeSync(fd) };
}

/**
 * Returns an end that other processes may share: a pipe, a socket, a terminal or a file. For them, it remains blocking. A socket can be
 * made non-blocking for a single call. A pipe or terminal is opened once more, or, if that is refused, polled before each call. Throws a
 * SystemError if it is not open.
 */
export function sharedEnd(fd: Fd, way: 'read' | 'write'): StreamEnd {
  const status = fstatSync(fd);
  if (status.isSocket()) return { fd, kind: 'socket', [Symbol.dispose]: () => undefined };
  // A file is not opened once more, since its offset would then be 0. Files never block.
  if (status.isFile()) return { fd, kind: 'file', [Symbol.dispose]: () => undefined };
  try {
    const access = way === 'read' ? constants.O_RDONLY : constants.O_WRONLY;
    const own = openSync(`/proc/self/fd/${fd}`, access | constants.O_NONBLOCK | constants.O_NOCTTY);
    return { fd: own, kind: 'file', [Symbol.dispose]: () => closeSync(own) };
  } catch {
    // It belongs to another user. O_NONBLOCK would affect all processes that share it.
    return { fd, kind: 'waiting', [Symbol.dispose]: () => undefined };
  }
}

function doNotWait(fd: Fd): void {
  const flags = checked(libc.fcntl(fd, F_GETFL, 0), `cannot ask for the flags of descriptor ${fd}`);
  checked(libc.fcntl(fd, F_SETFL, flags | constants.O_NONBLOCK), `cannot set the flags of descriptor ${fd}`);
}
