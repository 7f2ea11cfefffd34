/** Readiness of descriptors: an epoll instance of our own, queried in turns of Node's event loop. */
import { realClock } from '../clock.ts';
import { assert } from '../errors.ts';
import { BusyPoll } from './busy-poll.ts';
import { Epoll, EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT } from './epoll.ts';
import { libc } from './libc.ts';
import type { OpenWaker, Waker } from './waker.ts';

/** The readiness of a descriptor. `failed` means that an error is pending, which the next read or `takeSocketError` returns. */
export interface Ready {
  readonly readable: boolean;
  readonly writable: boolean;
  readonly failed: boolean;
}

/** The kinds of readiness to report. */
export interface Interest {
  readonly readable: boolean;
  readonly writable: boolean;
}

/** A descriptor under watch. Dispose it before the descriptor is closed. */
export interface Watch {
  /** Changes which kinds of readiness are reported. */
  want(interest: Interest): void;
  [Symbol.dispose](): void;
}

/**
 * A source that the kernel does not report, such as a ring in shared memory. The loop polls it while awake, and arms it before it sleeps.
 */
export interface PolledSource {
  /** Handles pending work, up to a fair share. Returns whether there was any. Called in each round, inside its breath. */
  poll(): boolean;
  /** Asks the other side for a notification that makes a watched descriptor ready. Returns true if work has arrived meanwhile. */
  arm(): boolean;
}

/** Reports ready descriptors at least once per turn of the event loop, for as long as they are ready. */
export interface Readiness {
  /**
   * Watches the open descriptor `fd`, which must not be watched yet, until the watch is disposed. Keeps the process alive. Throws a
   * SystemError for a descriptor that cannot be watched: EBADF, or EPERM for a regular file.
   */
  watch(fd: number, interest: Interest, tell: (ready: Ready) => void): Watch;
}

/** The options of a readiness. */
export interface ReadinessOptions {
  readonly openWaker: OpenWaker;
  /** Runs a round: `tell` reports all `count` ready descriptors and sources, one after the other. */
  readonly round: (count: number, tell: () => void) => void;
}

/** How long a turn may delay Node's own event loop, in milliseconds. */
const turnLimit = 1;

/** The most rounds of a turn, in case the clock does not advance. */
const roundLimit = 10_000;

/**
 * Readiness by epoll. A turn begins when the waker reports readiness, and continues round by round while descriptors are ready. So a burst
 * costs one turn of Node's event loop instead of one for each frame.
 */
export class EpollReadiness implements Readiness {
  readonly #options: ReadinessOptions;
  /**
   * The watches by their descriptors. In a Map, each table that it outgrows refers to its successor: once one of them is in V8's old space, all
   * later ones are kept with the watches of all short connections, until a full collection.
   */
  readonly #watches: (EpollWatch | undefined)[] = [];
  #count = 0;
  readonly #busyPoll = new BusyPoll();
  readonly #sources = new Set<PolledSource>();
  #open: { readonly epoll: Epoll; readonly waker: Waker } | undefined;
  #ready = 0;
  #first = 0;
  #marks = 0;
  #asleepSince: number | undefined;
  #settling = false;
  #goingOn = false;

  constructor(options: ReadinessOptions) {
    this.#options = options;
  }

  watch(fd: number, interest: Interest, tell: (ready: Ready) => void): Watch {
    assert(!this.#watches[fd], `descriptor ${fd} is watched twice`);
    const { epoll } = (this.#open ??= this.#begin());
    const watch = new EpollWatch(epoll, fd, ++this.#marks | 0, tell, this.#forget);
    // Without holes, so that it remains an array for V8.
    while (this.#watches.length < fd) this.#watches.push(undefined);
    this.#watches[fd] = watch;
    this.#count++;
    try {
      watch.want(interest);
      return watch;
    } catch (error) {
      watch[Symbol.dispose]();
      throw error;
    }
  }

  /** Polls a source until disposed. The descriptor that its notifications make ready must be watched. */
  poll(source: PolledSource): Disposable {
    this.#sources.add(source);
    this.#goOnSoon();
    return { [Symbol.dispose]: () => void this.#sources.delete(source) };
  }

  /** Disables polling before a sleep until it is disposed. Used while waiting for an event of Node's own event loop. */
  sleepAtOnce(): Disposable {
    return this.#busyPoll.pause();
  }

  #begin(): { readonly epoll: Epoll; readonly waker: Waker } {
    const epoll = new Epoll();
    try {
      return { epoll, waker: this.#options.openWaker(epoll.fd, this.#turn) };
    } catch (error) {
      epoll[Symbol.dispose]();
      throw error;
    }
  }

  /** Ends a watch. After the last one, the loop no longer keeps the process alive. */
  readonly #forget = (fd: number): void => {
    this.#watches[fd] = undefined;
    if (--this.#count > 0 || !this.#open) return;
    this.#open.waker[Symbol.dispose]();
    this.#open.epoll[Symbol.dispose]();
    this.#open = undefined;
  };

  /** Must not throw, since the native caller discards exceptions. */
  readonly #turn = (): void => {
    this.#settleSoon();
    try {
      this.#rounds();
    } catch (error) {
      throwSoon(error);
    }
    this.#open?.waker.rearm();
  };

  #rounds(): void {
    const began = realClock.monotonic();
    if (this.#asleepSince !== undefined) this.#busyPoll.slept(began - this.#asleepSince);
    this.#asleepSince = undefined;
    let last = began;
    let looking = false;
    for (let rounds = 0; rounds < roundLimit; rounds++) {
      const told = this.#round();
      const now = realClock.monotonic();
      if (now - began >= turnLimit) {
        // Sources do not wake the loop by epoll, so the next turn is scheduled here.
        if (this.#sources.size > 0) this.#goOnSoon();
        return;
      }
      if (told) {
        if (looking) this.#busyPoll.found();
        looking = false;
        last = now;
      } else if (now - last < this.#busyPoll.window) {
        looking = true;
        // The process whose answer is awaited may need this processor.
        libc.sched_yield();
      } else if (!this.#armSources()) {
        this.#asleepSince = now;
        return;
      }
    }
  }

  /** Arms all sources. Returns whether one of them has work meanwhile. */
  #armSources(): boolean {
    let came = false;
    for (const source of this.#sources) if (source.arm()) came = true;
    return came;
  }

  /** Schedules a turn for the next turn of Node's event loop. */
  #goOnSoon(): void {
    if (this.#goingOn) return;
    this.#goingOn = true;
    setImmediate(() => {
      this.#goingOn = false;
      this.#turn();
    });
  }

  /** Runs one round. Returns whether there was anything to report. */
  #round(): boolean {
    if (!this.#open) return false;
    this.#ready = this.#open.epoll.wait(0);
    if (this.#sources.size > 0) return this.#roundWithSources();
    if (this.#ready === 0) return false;
    this.#options.round(this.#ready, this.#tellAll);
    return true;
  }

  #roundWithSources(): boolean {
    let told = this.#ready > 0;
    this.#options.round(this.#ready + this.#sources.size, () => {
      this.#tellAll();
      for (const source of this.#sources) if (source.poll()) told = true;
    });
    return told;
  }

  readonly #tellAll = (): void => {
    const epoll = this.#open?.epoll;
    // The first place rotates, since the first descriptors may use up the capacity of a round.
    this.#first++;
    for (let k = 0; k < this.#ready && epoll === this.#open?.epoll; k++) {
      const i = (this.#first + k) % this.#ready;
      const watch = epoll && this.#watches[epoll.fdAt(i)];
      // An earlier call may have replaced the watch of this descriptor.
      if (epoll && watch?.mark === epoll.markAt(i)) tellOne(watch, epoll.eventsAt(i));
    }
  };

  /**
   * Makes Node run the work that a native callback leaves behind: promises, ticks, callbacks of its own streams. Node does not run it after
   * such a callback, but does so after an immediate in the same turn of the loop.
   */
  #settleSoon(): void {
    if (this.#settling) return;
    this.#settling = true;
    setImmediate(() => {
      this.#settling = false;
    });
  }
}

class EpollWatch implements Watch {
  readonly mark: number;
  readonly tell: (ready: Ready) => void;
  readonly #epoll: Epoll;
  readonly #fd: number;
  readonly #forget: (fd: number) => void;
  #events = 0;
  #open = true;

  constructor(epoll: Epoll, fd: number, mark: number, tell: (ready: Ready) => void, forget: (fd: number) => void) {
    this.#epoll = epoll;
    this.#fd = fd;
    this.mark = mark;
    this.tell = tell;
    this.#forget = forget;
  }

  want({ readable, writable }: Interest): void {
    const events = (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0);
    if (!this.#open || events === this.#events) return;
    if (this.#events === 0) this.#epoll.add(this.#fd, events, this.mark);
    else if (events > 0) this.#epoll.change(this.#fd, events, this.mark);
    // Removed, because a descriptor in the set would still report errors, which are not wanted now.
    else this.#epoll.remove(this.#fd);
    this.#events = events;
  }

  /** Translates the kernel's events to the wanted kinds. If the other side has closed, the descriptor counts as readable and writable. */
  readyFor(events: number): Ready {
    const gone = (events & EPOLLHUP) !== 0;
    return {
      readable: (events & EPOLLIN) !== 0 || (gone && (this.#events & EPOLLIN) !== 0),
      writable: (events & EPOLLOUT) !== 0 || (gone && (this.#events & EPOLLOUT) !== 0),
      failed: (events & EPOLLERR) !== 0,
    };
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    if (this.#events !== 0) this.#epoll.remove(this.#fd);
    this.#open = false;
    this.#forget(this.#fd);
  }
}

function tellOne(watch: EpollWatch, events: number): void {
  try {
    watch.tell(watch.readyFor(events));
  } catch (error) {
    throwSoon(error);
  }
}

function throwSoon(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
