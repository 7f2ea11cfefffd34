/** Stream sockets (unix and TCP) and pipes, used by single system calls on reused memory, without Node's streams. */
import { isatty } from 'node:tty';
import { addressOf, errnoName, lastErrno, libc } from './libc.ts';
import { takeSocketError, type Fd } from './unix-socket.ts';

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/**
 * The medium of a stream: a socket (`socket`); a non-blocking pipe, terminal or file (`file`); or a pipe or terminal that remains blocking,
 * as other processes that share it expect (`waiting`). Before each call on the last kind, the kernel is polled.
 */
export type StreamKind = 'socket' | 'file' | 'waiting';

const POLLIN = 0x1;

/** There is room to write. [poll(2)] */
export const POLLOUT = 0x4;

/** A source of octets above a descriptor, such as a TLS session. */
export interface OctetSource {
  /** Receives up to `room` octets into the memory at `address`; with the result of StreamMemory.receive. */
  receive(address: number, room: number): number | string;
}

/** A sink of octets above a descriptor, such as a TLS session. */
export interface OctetSink {
  /** Sends `length` octets at `address`; with the result of StreamMemory.send. */
  send(address: number, length: number): number | string;
}

/** The most octets of one write to a blocking pipe. A writable pipe has room for them. [pipe(7)] */
const pipePiece = 4096;

/** The most octets of one write to a blocking terminal. A writable terminal may have no more room. [tty_ioctl(4)] */
const terminalPiece = 1;

/** Memory that system calls read and write. It must be kept as long as a call may use it. */
export class StreamMemory {
  readonly octets: Uint8Array;
  readonly #address: number;

  /** `size` is in octets, and above 64. */
  constructor(size: number) {
    this.octets = new Uint8Array(size);
    this.#address = addressOf(this.octets);
  }

  /**
   * Receives octets that wait on `fd` into the memory from `from` up to `to`.
   * @returns their number, 0 at the end of the stream, or the errno's name: `EAGAIN` if none waits.
   */
  receive(fd: Fd, from: number, to: number, kind: StreamKind = 'socket'): number | string {
    const [at, room] = [this.#address + from, to - from];
    if (kind === 'waiting' && !isReady(fd, POLLIN)) return 'EAGAIN';
    const count = kind === 'socket' ? libc.recv(fd, at, room, MSG_DONTWAIT) : libc.read(fd, at, room);
    return count >= 0 ? count : waitingErrno();
  }

  /** Receives octets from `source` into the memory from `from` up to `to`, like `receive`. */
  receiveFrom(source: OctetSource, from: number, to: number): number | string {
    return source.receive(this.#address + from, to - from);
  }

  /**
   * Sends the octets from `from` up to `to`.
   * @returns the number that the kernel took, or the errno's name: `EAGAIN` if it takes none now.
   */
  send(fd: Fd, from: number, to: number, kind: StreamKind = 'socket'): number | string {
    const [at, length] = [this.#address + from, to - from];
    if (kind === 'waiting') return sendInPieces(fd, at, length);
    const count = kind === 'socket' ? libc.send(fd, at, length, MSG_DONTWAIT | MSG_NOSIGNAL) : libc.write(fd, at, length);
    return count >= 0 ? count : waitingErrno();
  }

  /** Sends the octets from `from` up to `to` to `sink`, like `send`. */
  sendTo(sink: OctetSink, from: number, to: number): number | string {
    return sink.send(this.#address + from, to - from);
  }
}

const asked = new Uint8Array(8);
const question = new DataView(asked.buffer);

/** Returns whether a call would not block. Also true at the end of the stream, and if the other side has closed. */
export function isReady(fd: Fd, events: number): boolean {
  question.setInt32(0, fd, true);
  question.setInt16(4, events, true);
  return libc.poll(asked, 1, 0) > 0;
}

function sendInPieces(fd: Fd, at: number, length: number): number | string {
  const piece = isatty(fd) ? terminalPiece : pipePiece;
  let sent = 0;
  while (sent < length && isReady(fd, POLLOUT)) {
    const count = libc.write(fd, at + sent, Math.min(piece, length - sent));
    // If some octets were sent before the error, their number is returned; the next call gets the error again.
    if (count < 0) return sent > 0 ? sent : waitingErrno();
    sent += count;
  }
  return sent > 0 ? sent : 'EAGAIN';
}

/** The most octets that one call receives. */
const receiveSize = 65_536;

/**
 * The most octets that a socket may always receive in a round, however many others are ready. If fewer were received, no more were waiting.
 */
export const leastReceived = 16_384;

/** The size of a ring, in octets: the most that all streams together receive in a round. */
const ringSize = 524_288;

/** The receive memory for the streams of an event loop. Octets remain valid until the next round: see ReceiveRing. */
export class StreamRing {
  readonly #memory = new StreamMemory(ringSize);
  #allowance = receiveSize;
  #next = 0;

  /** The memory of the ring. `next` and the result of `receive` are offsets in it. */
  get octets(): Uint8Array {
    return this.#memory.octets;
  }

  /** The offset at which the next call puts its octets. */
  get next(): number {
    return this.#next;
  }

  /** Begins a round with the given number of sockets. The octets of the last round are overwritten from now on. */
  rewind(sockets: number): void {
    this.#next = 0;
    this.#allowance = Math.min(Math.max(Math.floor(ringSize / sockets), leastReceived), receiveSize);
  }

  /**
   * Receives octets that wait on `fd`, up to a fair share of the round. `rest`, octets of an earlier call, is copied to `next`, and the new
   * octets follow it.
   * @returns the end of the received octets, which is also the new `next`; 0 at the end of the stream; or the errno's name: `EAGAIN` if
   * none waits, or if there is no room in this round.
   */
  receive(fd: Fd, rest: Uint8Array, kind: StreamKind = 'socket'): number | string {
    const start = this.#next + rest.length;
    return this.#hasRoom(start) ? this.#took(rest, this.#memory.receive(fd, start, this.#endFor(start), kind)) : 'EAGAIN';
  }

  /** Receives octets from `source`, like `receive`. */
  receiveFrom(source: OctetSource, rest: Uint8Array): number | string {
    const start = this.#next + rest.length;
    return this.#hasRoom(start) ? this.#took(rest, this.#memory.receiveFrom(source, start, this.#endFor(start))) : 'EAGAIN';
  }

  #hasRoom(start: number): boolean {
    return start + leastReceived <= ringSize;
  }

  #endFor(start: number): number {
    return Math.min(start + this.#allowance, ringSize);
  }

  #took(rest: Uint8Array, count: number | string): number | string {
    if (typeof count === 'string' || count === 0) return count;
    this.#memory.octets.set(rest, this.#next);
    return (this.#next += rest.length + count);
  }

  /** Overwrites the octets of this round: see ReceiveRing. */
  poison(): void {
    this.#memory.octets.fill(0xa5, 0, this.#next);
  }
}

/** Returns the errno's name of a pending connection that failed; undefined if it did not fail. */
export function connectError(fd: Fd): string | undefined {
  const number = takeSocketError(fd);
  return number === 0 ? undefined : errnoName(number);
}

/** Returns the errno of the last call, with `EAGAIN` for every errno that means to try again. */
function waitingErrno(): string {
  const errno = lastErrno();
  return errno === 'EINTR' || errno === 'ENOBUFS' ? 'EAGAIN' : errno;
}
