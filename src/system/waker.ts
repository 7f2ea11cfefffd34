/**
 * The way in which Node's event loop learns that an epoll instance is ready. The native call underneath is undocumented and unforgiving. It
 * aborts the process on a descriptor watched twice or closed while watched, and forgets an unreferenced handle. So it is used here alone,
 * for one descriptor of each loop.
 */
import koffi from 'koffi';
import { assert } from '../errors.ts';
import type { Fd } from './unix-socket.ts';

/** Wakes the loop until it is disposed. Keeps the process alive. */
export interface Waker extends Disposable {
  /** Wakes again, now or when something is ready. Called each time that the loop has finished its work. */
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

// A handle that is still open when the process tears down aborts it.
process.on('exit', () => {
  for (const handle of handles) handle.close();
});

/** Wakes by the event loop that Node runs anyway: one thread, one loop. */
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
