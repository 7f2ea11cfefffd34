import type { Clock, Timer } from '../../clock.ts';

/** The bounds of the waits between attempts. */
export interface RedialLimits {
  /** The first wait, in milliseconds. Default: 100. */
  readonly first?: number;
  /** The longest wait, in milliseconds. Default: 1,000. */
  readonly longest?: number;
}

/**
 * The schedule of attempts: the first soon after a connection that held, then with ever longer waits up to a limit, without end. A wait counts
 * from the beginning of the last attempt, since one that got no answer has waited already; it is at least the first wait.
 */
export class Redial implements Disposable {
  readonly #clock: Clock;
  readonly #dial: () => void;
  readonly #first: number;
  readonly #longest: number;
  #delay: number;
  #dialledAt = -Infinity;
  #timer: Timer | undefined;
  #open = true;

  /** `dial` makes one attempt, which ends by `held` or by `failed`. */
  constructor(clock: Clock, dial: () => void, { first = 100, longest = 1000 }: RedialLimits = {}) {
    this.#clock = clock;
    this.#dial = dial;
    this.#first = first;
    this.#longest = longest;
    this.#delay = first;
  }

  /**
   * Notes that the connection is good: the next wait is the first again. A peer that closes at once must not be dialled at full speed: call
   * this only when the connection has proved good.
   */
  held(): void {
    this.#delay = this.#first;
  }

  /** Notes that the attempt failed, or that the connection is lost: exactly one more follows after the wait. */
  failed(): void {
    if (!this.#open) return;
    this.#timer?.[Symbol.dispose]();
    const waited = this.#clock.monotonic() - this.#dialledAt;
    this.#timer = this.#clock.after(Math.max(this.#first, this.#delay - waited), () => {
      this.#dialledAt = this.#clock.monotonic();
      this.#dial();
    });
    this.#delay = Math.min(this.#delay * 2, this.#longest);
  }

  /** Ends the attempts. */
  [Symbol.dispose](): void {
    this.#open = false;
    this.#timer?.[Symbol.dispose]();
  }
}
