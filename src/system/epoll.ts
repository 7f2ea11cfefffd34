/**
 * A set of descriptors of which the kernel tells those that are ready.
 *
 *   struct epoll_event, x86-64 (12 octets)  0 events  4 data       [epoll_ctl(2)]
 *                       others (16 octets)  0 events  8 data
 *
 * The data is the descriptor, and a number that tells its watch from those that the same descriptor had before.
 */
import { closeSync } from 'node:fs';
import { checked, lastErrno, libc } from './libc.ts';
import { SystemError } from '../errors.ts';
import type { Fd } from './unix-socket.ts';

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;

/** There is something to read. */
export const EPOLLIN = 0x1;
/** There is room to write. */
export const EPOLLOUT = 0x4;
/** An error waits. Told always. */
export const EPOLLERR = 0x8;
/** The other side is gone. Told always. */
export const EPOLLHUP = 0x10;
/** Tells once, until the descriptor is changed again. */
export const EPOLLONESHOT = 0x4000_0000;

const eventWords = process.arch === 'x64' ? 3 : 4;
const dataWord = process.arch === 'x64' ? 1 : 2;

/** How many descriptors one wait tells of at most. The kernel passes the others first the next time. */
export const maxEvents = 16;

/** What is ready: read by index after `wait`, until the next. */
export class Epoll implements Disposable {
  readonly fd: Fd;
  readonly #events = new Int32Array(maxEvents * eventWords);
  readonly #octets = new Uint8Array(this.#events.buffer);
  readonly #event = new Int32Array(eventWords);
  readonly #eventOctets = new Uint8Array(this.#event.buffer);

  /** A new one, or another view of the one that has that descriptor. Throws a SystemError. */
  constructor(fd?: Fd) {
    this.fd = fd ?? checked(libc.epoll_create1(EPOLL_CLOEXEC), 'cannot make an epoll instance');
  }

  /** Adds a descriptor that is not in the set. Throws a SystemError: EPERM for a plain file. */
  add(fd: Fd, events: number, mark = 0): void {
    this.#control(EPOLL_CTL_ADD, fd, events, mark);
  }

  /** Changes what is told of a descriptor of the set. */
  change(fd: Fd, events: number, mark = 0): void {
    this.#control(EPOLL_CTL_MOD, fd, events, mark);
  }

  /** Takes a descriptor out of the set; it must still be open. */
  remove(fd: Fd): void {
    this.#control(EPOLL_CTL_DEL, fd, 0, 0);
  }

  /** Waits up to `timeout` milliseconds, for ever with -1, and returns how many descriptors are ready. */
  wait(timeout: number): number {
    const count = libc.epoll_wait(this.fd, this.#octets, maxEvents, timeout);
    if (count >= 0) return count;
    const errno = lastErrno();
    if (errno === 'EINTR') return 0;
    throw new SystemError(errno, 'cannot wait for descriptors');
  }

  /** What descriptor `i` is ready for. */
  eventsAt(i: number): number {
    return this.#events[i * eventWords] ?? 0;
  }

  /** Ready descriptor `i`. */
  fdAt(i: number): Fd {
    return this.#events[i * eventWords + dataWord] ?? -1;
  }

  /** What the watch of descriptor `i` was marked with. */
  markAt(i: number): number {
    return this.#events[i * eventWords + dataWord + 1] ?? 0;
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }

  #control(operation: number, fd: Fd, events: number, mark: number): void {
    this.#event[0] = events;
    this.#event[dataWord] = fd;
    this.#event[dataWord + 1] = mark;
    checked(libc.epoll_ctl(this.fd, operation, fd, this.#eventOctets), `cannot watch descriptor ${fd}`);
  }
}
