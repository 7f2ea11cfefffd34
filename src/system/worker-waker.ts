/**
 * The other waker: a thread that waits for epoll instances by plain system calls. It is slower than Node's own loop, but uses nothing
 * undocumented.
 */
import { writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { Epoll, EPOLLIN, EPOLLONESHOT } from './epoll.ts';
import { checked, libc } from './libc.ts';
import type { Fd } from './unix-socket.ts';
import type { OpenWaker } from './waker.ts';

const EFD_CLOEXEC = 0o2000000;

/** The data of the thread. */
export interface WakerThreadData {
  /** The epoll instance in which the thread waits. It posts the marks of ready descriptors. */
  readonly gate: Fd;
  /** The descriptor whose readiness ends the thread. */
  readonly stop: Fd;
}

/** The thread of this process, and the epoll instance in which it waits for those of the loops. */
class Gate {
  readonly #epoll = new Epoll();
  readonly #stop = checked(libc.eventfd(0, EFD_CLOEXEC), 'cannot make an eventfd');
  readonly #wakes = new Map<number, () => void>();
  readonly #thread: Worker;
  #marks = 0;

  constructor() {
    this.#epoll.add(this.#stop, EPOLLIN);
    const workerData: WakerThreadData = { gate: this.#epoll.fd, stop: this.#stop };
    // Otherwise Node would pass its output on to ours, and make shared descriptors non-blocking.
    const options = { workerData, stdout: true, stderr: true };
    this.#thread = new Worker(new URL('./waker-thread.js', import.meta.url), options);
    this.#thread.on('message', (mark: number) => this.#wakes.get(mark)?.());
    // A thread that waits in the kernel would prevent the process from ending.
    process.on('exit', () => writeSync(this.#stop, new BigUint64Array([1n])));
  }

  /** Calls `wake` when the epoll instance is ready, once each time that it is armed. Returns its mark. */
  add(fd: Fd, wake: () => void): number {
    const mark = ++this.#marks;
    this.#wakes.set(mark, wake);
    this.#epoll.add(fd, EPOLLIN | EPOLLONESHOT, mark);
    this.#thread.ref();
    return mark;
  }

  arm(fd: Fd, mark: number): void {
    if (this.#wakes.has(mark)) this.#epoll.change(fd, EPOLLIN | EPOLLONESHOT, mark);
  }

  remove(fd: Fd, mark: number): void {
    if (!this.#wakes.delete(mark)) return;
    this.#epoll.remove(fd);
    if (this.#wakes.size === 0) this.#thread.unref();
  }
}

let gate: Gate | undefined;

/**
 * Wakes by a thread that all loops of the process share. It posts a message when a loop is ready. The loop is armed again when it has
 * finished its work.
 */
export const openWorkerWaker: OpenWaker = (fd, wake) => {
  const shared = (gate ??= new Gate());
  const mark = shared.add(fd, wake);
  return {
    rearm: () => shared.arm(fd, mark),
    [Symbol.dispose]: () => shared.remove(fd, mark),
  };
};
