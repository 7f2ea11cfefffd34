/**
 * The other way to learn that an epoll instance has something to tell: a thread that waits for it by plain system calls. Slower than
 * Node's own loop, and without anything undocumented underneath.
 */
import { writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { Epoll, EPOLLIN, EPOLLONESHOT } from './epoll.ts';
import { checked, libc } from './libc.ts';
import type { Fd } from './unix-socket.ts';
import type { OpenWaker } from './waker.ts';

const EFD_CLOEXEC = 0o2000000;

/** What the thread is given. */
export interface WakerThreadData {
  /** The epoll instance in which it waits; what it finds ready there it says by its mark. */
  readonly gate: Fd;
  /** The descriptor whose readiness means that it shall end. */
  readonly stop: Fd;
}

/** The thread of this process, and the epoll in which it waits for those of the loops. */
class Gate {
  readonly #epoll = new Epoll();
  readonly #stop = checked(libc.eventfd(0, EFD_CLOEXEC), 'cannot make an eventfd');
  readonly #wakes = new Map<number, () => void>();
  readonly #thread: Worker;
  #marks = 0;

  constructor() {
    this.#epoll.add(this.#stop, EPOLLIN);
    const workerData: WakerThreadData = { gate: this.#epoll.fd, stop: this.#stop };
    // Else Node would join its output to ours, and make descriptors that others share not wait.
    const options = { workerData, stdout: true, stderr: true };
    this.#thread = new Worker(new URL('./waker-thread.js', import.meta.url), options);
    this.#thread.on('message', (mark: number) => this.#wakes.get(mark)?.());
    // A thread that waits in the kernel would keep the process from ending.
    process.on('exit', () => writeSync(this.#stop, new BigUint64Array([1n])));
  }

  /** Calls `wake` when the epoll instance is ready: once, until it is armed again. Returns its mark. */
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

/** Wakes by a thread that all loops of the process share. It says a word and is told when the loop has done what there was to do. */
export const openWorkerWaker: OpenWaker = (fd, wake) => {
  const shared = (gate ??= new Gate());
  const mark = shared.add(fd, wake);
  return {
    rearm: () => shared.arm(fd, mark),
    [Symbol.dispose]: () => shared.remove(fd, mark),
  };
};
