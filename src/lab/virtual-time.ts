import { nextTurn } from '../clock.ts';
import type { Timeline } from './timeline.ts';
import { Waiters } from './waiters.ts';

const soon = Promise.resolve();

/** Another time than the virtual one, which a network goes by. */
export interface Pacer {
  /** Lets time pass until `until`, or until `enough` says so, and tells whether it did. */
  pass(until: number, enough?: () => boolean): Promise<boolean>;
  /** Does something that comes from outside. */
  around<T>(work: () => T): T;
}

/**
 * Lets virtual time pass as long as somebody awaits that. Between two happenings that called whoever uses the lab, microtasks are let run, so
 * that asynchronous programs go on at the instant at which they were called. Where nobody is called, nothing is waited for.
 */
export class VirtualTime implements Pick<Pacer, 'pass'> {
  readonly #timeline: Timeline;
  readonly #waiters = new Waiters();
  /** How often somebody had been called when microtasks were let run last. */
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

  /** Time does not pass any more; who waits for it is told why. An error takes longer to make than the rest: nobody may wait. */
  end(why: () => Error): void {
    if (this.#waiters.hasAny()) this.#waiters.fail(why());
  }

  // Made once, and not for each time that somebody waits.
  readonly #run = async (): Promise<void> => {
    const timeline = this.#timeline;
    try {
      while (this.#waiters.hasAny()) {
        const stopped = timeline.advance(this.#waiters.nearest, this.#stop);
        // What programs did meanwhile comes first, even if that was all that was waited for.
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

  /** Lets programs go on until they wait for something. */
  async #listen(): Promise<void> {
    const timeline = this.#timeline;
    while (timeline.called !== this.#heard) {
      this.#heard = timeline.called;
      await nextTurn();
    }
    timeline.complain();
  }
}
