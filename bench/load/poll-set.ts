import { calls } from './calls.ts';

const POLLIN = 1;
const POLLOUT = 4;
const entrySize = 8; // struct pollfd: fd (4), events (2), revents (2)

/** Descriptors that one call waits for. [poll(2)] */
export class PollSet {
  readonly #entries: Uint8Array;
  readonly #view: DataView;
  readonly #count: number;

  constructor(fds: readonly number[]) {
    this.#count = fds.length;
    this.#entries = new Uint8Array(fds.length * entrySize + 128);
    this.#view = new DataView(this.#entries.buffer);
    fds.forEach((fd, i) => this.#view.setInt32(i * entrySize, fd, true));
  }

  /** Says what entry `i` waits for from now on. */
  want(i: number, { readable, writable }: { readable: boolean; writable: boolean }): void {
    this.#view.setInt16(i * entrySize + 4, (readable ? POLLIN : 0) | (writable ? POLLOUT : 0), true);
  }

  /** Waits until something is ready, at most `timeout` milliseconds; returns how many descriptors are. */
  wait(timeout: number): number {
    return calls.poll(this.#entries, this.#count, timeout);
  }

  /** Returns whether entry `i` was readable, or failed, at the last wait. */
  readable(i: number): boolean {
    return ((this.#entries[i * entrySize + 6] ?? 0) & ~POLLOUT) !== 0;
  }

  /** Returns whether entry `i` was writable at the last wait. */
  writable(i: number): boolean {
    return ((this.#entries[i * entrySize + 6] ?? 0) & POLLOUT) !== 0;
  }
}
