/** Stream sockets, unix and TCP alike, and pipes: octets by single system calls, into memory that is used again, without Node's streams between. */
import { isatty } from 'node:tty';
import { addressOf, errnoName, lastErrno, libc } from './libc.ts';
import { takeSocketError, type Fd } from './unix-socket.ts';

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/**
 * What a stream goes through: a socket; what is none (a pipe, a terminal, a file) and does not wait; or a pipe or terminal that does, because
 * others share it and expect that. Before each call on such a one the kernel is asked whether it would wait.
 */
export type StreamKind = 'socket' | 'file' | 'waiting';

const POLLIN = 0x1;
const POLLOUT = 0x4;

/** A pipe that is writable has room for so many octets. [pipe(7)] */
const pipePiece = 4096;

/** A terminal that is writable may have room for no more. [tty_ioctl(4)] */
const terminalPiece = 1;

/** Memory that the kernel is given. It must be held as long as a call may use it. */
export class StreamMemory {
  readonly octets: Uint8Array;
  readonly #address: number;

  /** `size` in octets, more than 64. */
  constructor(size: number) {
    this.octets = new Uint8Array(size);
    this.#address = addressOf(this.octets);
  }

  /**
   * Receives what waits on `fd` into the octets from `from` up to `to`.
   * @returns how many octets came, 0 at the end of the stream, or the errno's name: `EAGAIN` when nothing waits.
   */
  receive(fd: Fd, from: number, to: number, kind: StreamKind = 'socket'): number | string {
    const [at, room] = [this.#address + from, to - from];
    if (kind === 'waiting' && !isReady(fd, POLLIN)) return 'EAGAIN';
    const count = kind === 'socket' ? libc.recv(fd, at, room, MSG_DONTWAIT) : libc.read(fd, at, room);
    return count >= 0 ? count : waitingErrno();
  }

  /**
   * Sends the octets from `from` up to `to`.
   * @returns how many the kernel took, or the errno's name: `EAGAIN` when it takes none now.
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

/** Returns whether a call would not wait: also at the end of the stream, and when its other side is gone. */
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
    // What was sent before an error counts; the next call meets it again.
    if (count < 0) return sent > 0 ? sent : waitingErrno();
    sent += count;
  }
  return sent > 0 ? sent : 'EAGAIN';
}

/** What one call receives at most, in octets. */
const receiveSize = 65_536;

/** The least that a socket is allowed in a round, however many others are ready, in octets. Where less came, that was all. */
export const leastReceived = 16_384;

/** The size of a ring, in octets: what the streams of one round bring. */
const ringSize = 524_288;

/** Where the streams of an event loop receive. What came stays until the next round: see ReceiveRing. */
export class StreamRing {
  readonly #memory = new StreamMemory(ringSize);
  #allowance = receiveSize;
  #next = 0;

  /** All that was received; where a call's octets are, `receive` tells. */
  get octets(): Uint8Array {
    return this.#memory.octets;
  }

  /** Where the next call's octets will be. */
  get next(): number {
    return this.#next;
  }

  /** Begins a round with that many sockets: what came in the last one is overwritten from now on. */
  rewind(sockets: number): void {
    this.#next = 0;
    this.#allowance = Math.min(Math.max(Math.floor(ringSize / sockets), leastReceived), receiveSize);
  }

  /**
   * Receives what waits on `fd`, up to a fair share of the round, at `next` behind `rest`, octets that came earlier and are put there.
   * @returns where what came ends, `next` being moved there too; 0 at the end of the stream, or the errno's name: `EAGAIN` when nothing
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

  /** Overwrites what was received in this round: see ReceiveRing. */
  poison(): void {
    this.#memory.octets.fill(0xa5, 0, this.#next);
  }
}

/** Why a connection that was under way failed: the errno's name. Undefined when it did not. */
export function connectError(fd: Fd): string | undefined {
  const number = takeSocketError(fd);
  return number === 0 ? undefined : errnoName(number);
}

/** The errno of the last call, with `EAGAIN` for all that only mean another try. */
function waitingErrno(): string {
  const errno = lastErrno();
  return errno === 'EINTR' || errno === 'ENOBUFS' ? 'EAGAIN' : errno;
}
