import type { Clock, Timer } from '../clock.ts';

/** How patient and how eager the one who dials is. */
export interface RedialLimits {
  /** The first wait, in milliseconds. Default: 100. */
  readonly first?: number;
  /** The longest wait, in milliseconds. Default: 1,000. */
  readonly longest?: number;
}

/** When to dial again: soon after a connection that held, then ever later, up to a bound, and for ever. */
export class Redial implements Disposable {
  readonly #clock: Clock;
  readonly #dial: () => void;
  readonly #first: number;
  readonly #longest: number;
  #delay: number;
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

  /** The connection is good: the next wait is the first again. Who closes at once is not to be dialled at full speed: tell when it is known. */
  held(): void {
    this.#delay = this.#first;
  }

  /** The attempt came to nothing, or the connection is lost: there is another one after the wait, and never two. */
  failed(): void {
    if (!this.#open) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#clock.after(this.#delay, this.#dial);
    this.#delay = Math.min(this.#delay * 2, this.#longest);
  }

  /** No more attempts. */
  [Symbol.dispose](): void {
    this.#open = false;
    this.#timer?.[Symbol.dispose]();
  }
}
