/**
 * Wakes Node's event loop when an epoll instance is ready, by an undocumented native call. That call is dangerous: it aborts the process if
 * a descriptor is watched twice or closed while watched, and drops a handle that is not referenced. So it is used only here, for one
 * descriptor of each loop.
 */
import koffi from 'koffi';
import { assert } from '../errors.ts';
import type { Fd } from './unix-socket.ts';

/** Wakes the loop until it is disposed. Keeps the process alive. */
export interface Waker extends Disposable {
  /** Makes it wake again, at once or when something is ready. Called whenever the loop has finished its work. */
  rearm(): void;
}

/** Calls `wake`, on the calling thread, while the epoll instance `fd` is ready. `wake` must not throw. */
export type OpenWaker = (fd: Fd, wake: () => void) => Waker;

/** The real signatures of the native handle; its published types leave out the status. */
interface PollHandle {
  close(): void;
}
const poll = koffi.node.poll as unknown as (fd: number, interest: object, callback: () => void) => PollHandle | null;

const handles = new Set<PollHandle>();

// A handle that is still open at exit would abort the process.
process.on('exit', () => {
  for (const handle of handles) handle.close();
});

/** Wakes by Node's own event loop, without another thread. */
export const openLoopWaker: OpenWaker = (fd, wake) => {
  const handle = poll(fd, { readable: true, writable: false }, wake);
  assert(handle, `epoll instance ${fd} can be watched`);
  handles.add(handle);
  return {
    rearm: () => undefined,
    [Symbol.dispose](): void {
      if (handles.delete(handle)) handle.close();
    },
  };
};
