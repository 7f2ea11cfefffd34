/**
 * Readiness of descriptors on Node's own event loop. The native call underneath is undocumented and unforgiving: it aborts the process
 * on a descriptor watched twice or closed while watched, swallows exceptions, and forgets a watch that nobody references. So every
 * watch lives here.
 */
import koffi from 'koffi';
import { assert } from '../errors.ts';

/** What a descriptor is ready for. `failed` means that an error waits on it: read it, or ask for it. */
export interface Ready {
  readonly readable: boolean;
  readonly writable: boolean;
  readonly failed: boolean;
}

/** What to be told of. */
export interface Interest {
  readonly readable: boolean;
  readonly writable: boolean;
}

/** A descriptor under watch. Dispose it before the descriptor is closed. */
export interface Watch {
  /** Changes what is told from now on. */
  want(interest: Interest): void;
  [Symbol.dispose](): void;
}

/** Tells when descriptors are ready, level-triggered, once per turn of the event loop. */
export interface Readiness {
  /** Watches `fd`, an open socket that is not watched yet, until the watch is disposed. Keeps the process alive. */
  watch(fd: number, interest: Interest, tell: (ready: Ready) => void): Watch;
}

/** What the native handle really does; its published types leave out the status. */
interface PollHandle {
  start(interest: Interest, callback: PollCallback): void;
  stop(): void;
  close(): void;
}
type PollCallback = (status: number, events: { readable: boolean; writable: boolean }) => void;
const poll = koffi.node.poll as unknown as (fd: number, interest: Interest, callback: PollCallback) => PollHandle | null;

const watched = new Map<number, LoopWatch>();

// A handle that is still open when the process tears down aborts it.
process.on('exit', () => {
  for (const watch of watched.values()) watch[Symbol.dispose]();
});

/**
 * The native callback does not run what it leaves behind: promises, ticks, the callbacks of Node's own streams. An immediate of the same
 * turn of the loop does.
 */
let settling = false;
function settleSoon(): void {
  if (settling) return;
  settling = true;
  setImmediate(() => {
    settling = false;
  });
}

class LoopWatch implements Watch {
  readonly #fd: number;
  readonly #handle: PollHandle;
  readonly #tell: (ready: Ready) => void;
  #interest: Interest;
  #open = true;

  constructor(fd: number, interest: Interest, tell: (ready: Ready) => void) {
    assert(!watched.has(fd), `descriptor ${fd} is watched twice`);
    this.#fd = fd;
    this.#interest = interest;
    this.#tell = tell;
    const handle = poll(fd, interest, this.#ready);
    assert(handle, `descriptor ${fd} cannot be watched`);
    this.#handle = handle;
    watched.set(fd, this);
  }

  want(interest: Interest): void {
    if (!this.#open) return;
    if (interest.readable === this.#interest.readable && interest.writable === this.#interest.writable) return;
    this.#interest = interest;
    if (interest.readable || interest.writable) this.#handle.start(interest, this.#ready);
    else this.#handle.stop();
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    watched.delete(this.#fd);
    this.#handle.close();
  }

  readonly #ready: PollCallback = (status, events) => {
    if (!this.#open) return;
    settleSoon();
    try {
      // The loop stops watching a descriptor with an error on it; whoever reads the error goes on with the socket.
      if (status < 0) this.#handle.start(this.#interest, this.#ready);
      this.#tell({ readable: events.readable, writable: events.writable, failed: status < 0 });
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
    }
  };
}

/** Readiness by the event loop that Node runs anyway: one thread, one loop. */
export const loopReadiness: Readiness = {
  watch: (fd, interest, tell) => new LoopWatch(fd, interest, tell),
};
