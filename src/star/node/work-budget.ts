import type { Clock } from '../../clock.ts';

/** The limits of a budget. */
export interface WorkShare {
  /** The share of the time that the work may take. Default: 0.1. */
  readonly share?: number;
  /** The most time that may be saved up for work at once, in milliseconds. Default: 20. */
  readonly burst?: number;
  /** The time that may be used at the start, in milliseconds. Default: 1,000: then there are no frames yet that could wait. */
  readonly start?: number;
}

/**
 * The most time that a piece of work is charged with, in milliseconds. A handshake takes less: the rest was the time of another process on this
 * processor.
 */
const mostCharged = 5;

/** The share of the thread's time that work for strangers may take, by the clock. Work is charged after it was done. */
export class WorkBudget {
  readonly #clock: Clock;
  readonly #share: number;
  readonly #burst: number;
  #credit: number;
  #counted: number;

  constructor(clock: Clock, { share = 0.1, burst = 20, start = 1000 }: WorkShare = {}) {
    this.#clock = clock;
    this.#share = share;
    this.#burst = burst;
    this.#credit = start;
    this.#counted = clock.monotonic();
  }

  /**
   * Returns the milliseconds until work may be done; 0 if it may be done now. Work that is less urgent leaves half of the time that may be saved
   * up to other work.
   */
  wait(isUrgent = true): number {
    this.#count();
    const left = this.#credit - (isUrgent ? 0 : this.#burst / 2);
    return left > 0 ? 0 : Math.ceil((1 - left) / this.#share);
  }

  /** Runs a piece of work, and charges the time that it took. */
  spend<Result>(work: () => Result): Result {
    const began = this.#clock.monotonic();
    try {
      return work();
    } finally {
      this.#credit -= Math.min(mostCharged, this.#clock.monotonic() - began);
    }
  }

  #count(): void {
    const now = this.#clock.monotonic();
    const earned = (now - this.#counted) * this.#share;
    this.#counted = now;
    if (this.#credit < this.#burst) this.#credit = Math.min(this.#burst, this.#credit + earned);
  }
}
