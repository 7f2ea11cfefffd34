import type { Clock, Timer } from '../clock.ts';
import { checkNumber, checkPositive } from './numbers.ts';
import { checkOptions, type Wording } from './words.ts';

/** The error of a clock. */
export interface Skew {
  /** The rate of the clock: 1.01 gains a hundredth. Timers come earlier then. Default: 1. */
  readonly rate?: number;
  /** How far its wall clock is ahead, in seconds; negative if it is behind. Default: 0. */
  readonly wall?: number;
}

/** The clock of one node, which may be wrong. */
export class SkewedClock implements Clock {
  readonly #clock: Clock;
  readonly #skews = new Set<Required<Skew>>();
  #rate = 1;
  #ahead = 0;
  /** The value that it showed at `#since` of the right clock, at the last change of the rate. */
  #base = 0;
  #since = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  monotonic(): number {
    if (this.#rate === 1 && this.#base === this.#since) return this.#clock.monotonic();
    return this.#base + (this.#clock.monotonic() - this.#since) * this.#rate;
  }

  wall(): number {
    return this.#clock.wall() + (this.monotonic() - this.#clock.monotonic()) + this.#ahead;
  }

  /** Sets a timer. A change of the rate does not move running timers. */
  after(delay: number, run: () => void): Timer {
    return this.#clock.after(this.trueSpan(delay), run);
  }

  /** Returns the true time in which this clock advances by that many milliseconds. */
  trueSpan(milliseconds: number): number {
    return milliseconds / this.#rate;
  }

  defer(run: () => void): void {
    this.#clock.defer(run);
  }

  /**
   * Makes it wrong until disposed; several errors at once add up. Afterwards its wall clock is right again, except for the time gained or
   * lost meanwhile. Throws EtherloomError('bad-option') if it would stand still or run backwards.
   */
  skew(options: Skew): Disposable {
    checkOptions(options, skewWords);
    const { rate = 1, wall = 0 } = options;
    checkPositive('the rate of a clock', rate);
    checkNumber('what a wall clock is ahead', wall, -Infinity);
    const skew = { rate, wall };
    this.#change(() => this.#skews.add(skew));
    return { [Symbol.dispose]: () => this.#change(() => this.#skews.delete(skew)) };
  }

  #change(change: () => void): void {
    this.#base = this.monotonic();
    this.#since = this.#clock.monotonic();
    change();
    this.#rate = [...this.#skews].reduce((product, { rate }) => product * rate, 1);
    this.#ahead = [...this.#skews].reduce((sum, { wall }) => sum + wall * 1000, 0);
  }
}

/** Formats a skew in the notation: `rate 1.01 wall 3600`. */
export function formatSkew({ rate = 1, wall = 0 }: Skew): string {
  return `rate ${rate} wall ${wall}`;
}

/** The options of a clock that is wrong. */
export const skewWords = { rate: 'number', wall: 'number' } as const satisfies Wording<Skew>;
