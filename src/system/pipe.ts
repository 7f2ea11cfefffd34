/** Pipes, and the ends of streams that others share: what a process was given as its standard input and output. [pipe(7), open(2)] */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { checked, libc } from './libc.ts';
import type { StreamKind } from './stream-socket.ts';
import type { Fd } from './unix-socket.ts';

const F_GETFL = 3;
const F_SETFL = 4;
const F_SETPIPE_SZ = 1031;
const O_CLOEXEC = 0o2000000;

/** The two ends of a pipe. They do wait, and go with whatever program this process becomes. */
export interface Pipe {
  readonly read: Fd;
  readonly write: Fd;
}

/** How much a wide pipe holds, in octets. More takes root. */
const wideRoom = 2 ** 20;

/** One end of a stream, on which nothing waits that heeds its kind. Disposing it gives back what is ours. */
export interface StreamEnd extends Disposable {
  readonly fd: Fd;
  readonly kind: StreamKind;
}

/** A new pipe. Throws a SystemError (EMFILE). */
export function openPipe(): Pipe {
  const descriptors = Buffer.alloc(8);
  checked(libc.pipe2(descriptors, O_CLOEXEC), 'cannot make a pipe');
  return { read: descriptors.readInt32LE(0), write: descriptors.readInt32LE(4) };
}

/**
 * A new pipe in packet mode: its reader gets what each write wrote, up to 4,096 octets, by a read of its own. For programs that lose their
 * place where a read ends within the header of a frame. One that reads less at a time loses the rest. It is wide, since each packet takes a
 * page. [pipe(2): O_DIRECT]
 */
export function openPacketPipe(): Pipe {
  const descriptors = Buffer.alloc(8);
  checked(libc.pipe2(descriptors, O_CLOEXEC | constants.O_DIRECT), 'cannot make a pipe');
  return widened({ read: descriptors.readInt32LE(0), write: descriptors.readInt32LE(4) });
}

/** Lets a pipe hold 1 MiB, so that its writer waits less often, and returns it. Where the user has many such pipes it holds less, and works as well. */
export function widened(pipe: Pipe): Pipe {
  libc.fcntl(pipe.write, F_SETPIPE_SZ, wideRoom);
  return pipe;
}

/** An end of a pipe of ours, made not to wait; its other end is as it was. It is closed when it is disposed. */
export function ownEnd(fd: Fd): StreamEnd {
  doNotWait(fd);
  return { fd, kind: 'file', [Symbol.dispose]: () => closeSync(fd) };
}

/**
 * An end that others may share: a pipe, a socket, a terminal or a file. Whoever shares it goes on waiting as before: a socket can be asked
 * not to wait for each call alone, and a pipe or terminal is opened anew or, where that is refused, asked before each call. Throws a SystemError when it is not open.
 */
export function sharedEnd(fd: Fd, way: 'read' | 'write'): StreamEnd {
  const status = fstatSync(fd);
  if (status.isSocket()) return { fd, kind: 'socket', [Symbol.dispose]: () => undefined };
  // Opened anew a file would begin from its start; and none makes anybody wait.
  if (status.isFile()) return { fd, kind: 'file', [Symbol.dispose]: () => undefined };
  try {
    const access = way === 'read' ? constants.O_RDONLY : constants.O_WRONLY;
    const own = openSync(`/proc/self/fd/${fd}`, access | constants.O_NONBLOCK | constants.O_NOCTTY);
    return { fd: own, kind: 'file', [Symbol.dispose]: () => closeSync(own) };
  } catch {
    // It is another user's. O_NONBLOCK would be set for all who share it.
    return { fd, kind: 'waiting', [Symbol.dispose]: () => undefined };
  }
}

function doNotWait(fd: Fd): void {
  const flags = checked(libc.fcntl(fd, F_GETFL, 0), `cannot ask for the flags of descriptor ${fd}`);
  checked(libc.fcntl(fd, F_SETFL, flags | constants.O_NONBLOCK), `cannot set the flags of descriptor ${fd}`);
}
