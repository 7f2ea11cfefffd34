/** One timer for the next of many times. */
import type { Clock, Timer } from '../clock.ts';

/** The longest delay that a timer accepts, in milliseconds. */
const maxDelay = 0x7fff_ffff;

/** Calls `due` at a time that may be changed. For times beyond the longest delay it calls `due` early, which must then set it again. */
export class Alarm implements Disposable {
  readonly #clock: Clock;
  readonly #due: () => void;
  #set: { readonly at: number; readonly timer: Timer } | undefined;

  constructor(clock: Clock, due: () => void) {
    this.#clock = clock;
    this.#due = due;
  }

  /** Sets it to a time of the monotonic clock, in milliseconds, unless it is due earlier; Infinity leaves it unset. */
  setBy(at: number): void {
    if (this.#set !== undefined && this.#set.at <= at) return;
    this[Symbol.dispose]();
    if (at === Infinity) return;
    const delay = Math.min(Math.max(0, Math.ceil(at - this.#clock.monotonic())), maxDelay);
    const timer = this.#clock.after(delay, () => {
      this.#set = undefined;
      this.#due();
    });
    this.#set = { at, timer };
  }

  [Symbol.dispose](): void {
    this.#set?.timer[Symbol.dispose]();
    this.#set = undefined;
  }
}
