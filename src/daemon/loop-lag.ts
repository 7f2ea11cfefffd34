import type { Clock, Timer } from '../clock.ts';
import type { Collector, Emit } from '../management/metrics.ts';

/** The interval of the ticks, and how long they go on without a request, in milliseconds. */
const [interval, patience] = [1000, 300_000] as const;

/** The number of ticks that are remembered: those of a minute. */
const remembered = 60;

/**
 * Measures by how much timers of this process come late: for so long a frame may wait, too. It ticks once a second from the first request for
 * the metric on, until there was none for five minutes.
 */
export class LoopLag implements Collector, Disposable {
  readonly #clock: Clock;
  /** Milliseconds. */
  readonly #lags: number[] = [];
  #timer: Timer | undefined;
  #due = 0;
  #asked = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  collect(emit: Emit): void {
    this.#asked = this.#clock.monotonic();
    if (!this.#timer) this.#next();
    if (this.#lags.length > 0) emit('etherloom_loop_lag_seconds', Math.max(...this.#lags) / 1000);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #next(): void {
    this.#due = this.#clock.monotonic() + interval;
    this.#timer = this.#clock.after(interval, this.#tick);
  }

  readonly #tick = (): void => {
    const now = this.#clock.monotonic();
    this.#lags.push(Math.max(0, now - this.#due));
    if (this.#lags.length > remembered) this.#lags.shift();
    if (now - this.#asked < patience) this.#next();
    else {
      this.#timer = undefined;
      this.#lags.length = 0;
    }
  };
}
