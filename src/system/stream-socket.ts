/** Stream sockets, unix and TCP alike, and pipes: octets by single system calls, into reused memory, without Node's streams. */
import { isatty } from 'node:tty';
import { addressOf, errnoName, lastErrno, libc } from './libc.ts';
import { takeSocketError, type Fd } from './unix-socket.ts';

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/**
 * The medium of a stream: a socket; a non-blocking pipe, terminal or file; or a pipe or terminal that is blocking, as others that share it
 * expect. Before each call on the last kind, the kernel is asked whether it would wait.
 */
export type StreamKind = 'socket' | 'file' | 'waiting';

const POLLIN = 0x1;
const POLLOUT = 0x4;

/** The octets for which a writable pipe has room. [pipe(7)] */
const pipePiece = 4096;

/** A writable terminal may have room for no more. [tty_ioctl(4)] */
const terminalPiece = 1;

/** Memory for the kernel. It must be held as long as a call may use it. */
export class StreamMemory {
  readonly octets: Uint8Array;
  readonly #address: number;

  /** `size` in octets, more than 64. */
  constructor(size: number) {
    this.octets = new Uint8Array(size);
    this.#address = addressOf(this.octets);
  }

  /**
   * Receives the octets that wait on `fd` into those from `from` up to `to`.
   * @returns their number, 0 at the end of the stream, or the errno's name: `EAGAIN` if none waits.
   */
  receive(fd: Fd, from: number, to: number, kind: StreamKind = 'socket'): number | string {
    const [at, room] = [this.#address + from, to - from];
    if (kind === 'waiting' && !isReady(fd, POLLIN)) return 'EAGAIN';
    const count = kind === 'socket' ? libc.recv(fd, at, room, MSG_DONTWAIT) : libc.read(fd, at, room);
    return count >= 0 ? count : waitingErrno();
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
}

const asked = new Uint8Array(8);
const question = new DataView(asked.buffer);

/** Returns whether a call would not wait; true also at the end of the stream, and if the other side has closed. */
function isReady(fd: Fd, events: number): boolean {
  question.setInt32(0, fd, true);
  question.setInt16(4, events, true);
  return libc.poll(asked, 1, 0) > 0;
}

function sendInPieces(fd: Fd, at: number, length: number): number | string {
  const piece = isatty(fd) ? terminalPiece : pipePiece;
  let sent = 0;
  while (sent < length && isReady(fd, POLLOUT)) {
    const count = libc.write(fd, at + sent, Math.min(piece, length - sent));
    // The octets sent before an error count; the next call meets the error again.
    if (count < 0) return sent > 0 ? sent : waitingErrno();
    sent += count;
  }
  return sent > 0 ? sent : 'EAGAIN';
}

/** The most octets that one call receives. */
const receiveSize = 65_536;

/**
 * The least that a socket is allowed in a round, however many others are ready, in octets. If fewer were received, no more were waiting.
 */
export const leastReceived = 16_384;

/** The size of a ring, in octets: those that the streams of one round receive. */
const ringSize = 524_288;

/** The receive memory for the streams of an event loop. Octets stay until the next round: see ReceiveRing. */
export class StreamRing {
  readonly #memory = new StreamMemory(ringSize);
  #allowance = receiveSize;
  #next = 0;

  /** The memory of the ring; `receive` returns the place of a call's octets. */
  get octets(): Uint8Array {
    return this.#memory.octets;
  }

  /** The place of the next call's octets. */
  get next(): number {
    return this.#next;
  }

  /** Begins a round with that many sockets: the octets of the last one are overwritten from now on. */
  rewind(sockets: number): void {
    this.#next = 0;
    this.#allowance = Math.min(Math.max(Math.floor(ringSize / sockets), leastReceived), receiveSize);
  }

  /**
   * Receives the octets that wait on `fd`, up to a fair share of the round, at `next` behind `rest`, earlier octets that are copied there.
   * @returns the end of the received octets, to which `next` moves too; 0 at the end of the stream, or the errno's name: `EAGAIN` if none
   * waits, or there is no room in this round.
   */
  receive(fd: Fd, rest: Uint8Array, kind: StreamKind = 'socket'): number | string {
    const start = this.#next + rest.length;
    if (start + leastReceived > ringSize) return 'EAGAIN';
    const count = this.#memory.receive(fd, start, Math.min(start + this.#allowance, ringSize), kind);
    if (typeof count === 'string' || count === 0) return count;
    this.#memory.octets.set(rest, this.#next);
    return (this.#next = start + count);
  }

  /** Overwrites the octets of this round: see ReceiveRing. */
  poison(): void {
    this.#memory.octets.fill(0xa5, 0, this.#next);
  }
}

/** Returns why a pending connection failed: the errno's name. Returns undefined if it did not. */
export function connectError(fd: Fd): string | undefined {
  const number = takeSocketError(fd);
  return number === 0 ? undefined : errnoName(number);
}

/** Returns the errno of the last call, with `EAGAIN` for all that only ask for another attempt. */
function waitingErrno(): string {
  const errno = lastErrno();
  return errno === 'EINTR' || errno === 'ENOBUFS' ? 'EAGAIN' : errno;
}
