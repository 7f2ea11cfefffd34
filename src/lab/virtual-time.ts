import { nextTurn } from '../clock.ts';
import type { Timeline } from './timeline.ts';
import { Waiters } from './waiters.ts';

const soon = Promise.resolve();

/** A time other than the virtual one, which a network follows. */
export interface Pacer {
  /** Lets time pass until `until`, or until `enough` returns true. Resolves to whether it did. */
  pass(until: number, enough?: () => boolean): Promise<boolean>;
  /** Runs an action from outside. */
  around<T>(work: () => T): T;
}

/**
 * Lets virtual time pass while a caller waits for it. After a happening that called the user of the lab, microtasks run first, so that
 * asynchronous programs continue at the instant of the call. Without such a call, it does not wait.
 */
export class VirtualTime implements Pick<Pacer, 'pass'> {
  readonly #timeline: Timeline;
  readonly #waiters = new Waiters();
  /** The number of callbacks when microtasks last ran. */
  #heard = 0;
  #passing = false;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  pass(until: number, enough?: () => boolean): Promise<boolean> {
    this.#timeline.checkIdle();
    const waiting = this.#waiters.wait(until, enough);
    if (!this.#passing) {
      this.#passing = true;
      // Others may join before time passes: `Promise.all([a.ping(b), c.ping(d)])`.
      void soon.then(this.#run);
    }
    return waiting;
  }

  /** Ends time; waiting callers get an error. The error is made only on demand, since making it takes longer than all the rest. */
  end(why: () => Error): void {
    if (this.#waiters.hasAny()) this.#waiters.fail(why());
  }

  // Made once, and not for each wait.
  readonly #run = async (): Promise<void> => {
    const timeline = this.#timeline;
    try {
      while (this.#waiters.hasAny()) {
        const stopped = timeline.advance(this.#waiters.nearest, this.#stop);
        // The programs' actions come first, even if they end the wait.
        if (timeline.called !== this.#heard) await this.#listen();
        else if (this.#waiters.release(stopped ? -Infinity : timeline.now) && this.#waiters.hasAny()) await nextTurn();
      }
    } catch (error) {
      if (!this.#waiters.fail(error)) throw error;
    } finally {
      this.#passing = false;
    }
  };

  readonly #stop = (): boolean => this.#timeline.called !== this.#heard || this.#waiters.isAnyoneSatisfied;

  /** Lets programs continue until they wait for something. */
  async #listen(): Promise<void> {
    const timeline = this.#timeline;
    while (timeline.called !== this.#heard) {
      this.#heard = timeline.called;
      await nextTurn();
    }
    timeline.complain();
  }
}
