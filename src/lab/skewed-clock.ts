import type { Clock, Timer } from '../clock.ts';
import { checkNumber, checkPositive } from './numbers.ts';
import { checkOptions, type Wording } from './words.ts';

/** How a clock differs from the right one. */
export interface Skew {
  /** How fast it runs: 1.01 gains a hundredth. Timers come earlier then. Default: 1. */
  readonly rate?: number;
  /** How far its wall clock is ahead, in seconds; negative when it is behind. Default: 0. */
  readonly wall?: number;
}

/** The clock of one node, which may be wrong. */
export class SkewedClock implements Clock {
  readonly #clock: Clock;
  readonly #skews = new Set<Required<Skew>>();
  #rate = 1;
  #ahead = 0;
  /** What it showed at `#since` of the right one, when the rate was changed last. */
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

  /** A change of the rate does not move timers that run already. */
  after(delay: number, run: () => void): Timer {
    return this.#clock.after(this.trueSpan(delay), run);
  }

  /** How long it really takes until this clock has advanced by so many milliseconds. */
  trueSpan(milliseconds: number): number {
    return milliseconds / this.#rate;
  }

  defer(run: () => void): void {
    this.#clock.defer(run);
  }

  /**
   * Makes it wrong until disposed; several at once add up. Then its wall clock is right again, but for what was gained or lost meanwhile.
   * Throws EtherloomError('bad-option') when it would stand still or run backwards.
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

/** As the notation has it: `rate 1.01 wall 3600`. */
export function formatSkew({ rate = 1, wall = 0 }: Skew): string {
  return `rate ${rate} wall ${wall}`;
}

/** The options of a clock that is wrong. */
export const skewWords = { rate: 'number', wall: 'number' } as const satisfies Wording<Skew>;
