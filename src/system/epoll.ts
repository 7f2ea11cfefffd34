/**
 * A set of descriptors whose readiness the kernel reports.
 *
 *   struct epoll_event, x86-64 (12 octets)  0 events  4 data       [epoll_ctl(2)]
 *                       others (16 octets)  0 events  8 data
 *
 * The data has the descriptor, and a number (the mark) that distinguishes a watch from earlier ones on the same descriptor.
 */
import { closeSync } from 'node:fs';
import { addressOf, checked, lastErrno, libc } from './libc.ts';
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
/** An error waits. Always reported. */
export const EPOLLERR = 0x8;
/** The other side has closed. Always reported. */
export const EPOLLHUP = 0x10;
/** Reports once, until the descriptor is changed again. */
export const EPOLLONESHOT = 0x4000_0000;

const eventWords = process.arch === 'x64' ? 3 : 4;
const dataWord = process.arch === 'x64' ? 1 : 2;

/** The most descriptors that one wait reports. Next time, the kernel reports the others first. */
export const maxEvents = 16;

/** A set of descriptors. After `wait`, the ready ones can be read by index until the next `wait`. */
export class Epoll implements Disposable {
  readonly fd: Fd;
  readonly #events = new Int32Array(maxEvents * eventWords);
  /** The address of the events: a call takes a number quicker than a view. */
  readonly #address = addressOf(new Uint8Array(this.#events.buffer));
  readonly #event = new Int32Array(eventWords);
  readonly #eventOctets = new Uint8Array(this.#event.buffer);

  /** Creates a set. With `fd`, opens the existing set that has this descriptor. Throws a SystemError. */
  constructor(fd?: Fd) {
    this.fd = fd ?? checked(libc.epoll_create1(EPOLL_CLOEXEC), 'cannot make an epoll instance');
  }

  /** Adds a descriptor that is not in the set. Throws a SystemError: EPERM for a regular file. */
  add(fd: Fd, events: number, mark = 0): void {
    this.#control(EPOLL_CTL_ADD, fd, events, mark);
  }

  /** Changes the reported events of a descriptor of the set. */
  change(fd: Fd, events: number, mark = 0): void {
    this.#control(EPOLL_CTL_MOD, fd, events, mark);
  }

  /** Removes a descriptor from the set; it must still be open. */
  remove(fd: Fd): void {
    this.#control(EPOLL_CTL_DEL, fd, 0, 0);
  }

  /** Waits up to `timeout` milliseconds (-1: without limit). Returns the number of ready descriptors. */
  wait(timeout: number): number {
    const count = libc.epoll_wait(this.fd, this.#address, maxEvents, timeout);
    if (count >= 0) return count;
    const errno = lastErrno();
    if (errno === 'EINTR') return 0;
    throw new SystemError(errno, 'cannot wait for descriptors');
  }

  /** Returns the events of ready descriptor `i`. */
  eventsAt(i: number): number {
    return this.#events[i * eventWords] ?? 0;
  }

  /** Returns ready descriptor `i`. */
  fdAt(i: number): Fd {
    return this.#events[i * eventWords + dataWord] ?? -1;
  }

  /** Returns the mark of the watch of descriptor `i`. */
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
