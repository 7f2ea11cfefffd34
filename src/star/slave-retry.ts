import type { Clock, Timer } from '../clock.ts';
import type { RefusalCode } from './messages.ts';

/**
 * The wait after a connection was lost, or no master answered, from the beginning of that attempt: it doubles up to the longest. It is at least
 * the first. In milliseconds.
 */
const first = 100;
const longest = 1000;

/** The wait after a refusal for good. */
const permanentWait = 60_000;

/** The longest waits after other refusals, which double from a second. */
const busyWait = 10_000;
const firstRefusalWait = 1000;

/** The schedule of a slave's attempts: all addresses in turn, then a wait, without end. */
export class SlaveRetry implements Disposable {
  readonly #clock: Clock;
  readonly #dial: () => void;
  #places: readonly string[] = [];
  #at = 0;
  #delay = first;
  #dialledAt = -Infinity;
  #refusalDelay = firstRefusalWait;
  #timer: Timer | undefined;
  #open = true;

  /** `dial` makes one attempt at `place`, which ends by one of the other functions. */
  constructor(clock: Clock, dial: () => void) {
    this.#clock = clock;
    this.#dial = dial;
  }

  /** The address of the present attempt, `HOST:PORT`. */
  get place(): string {
    return this.#places[this.#at] ?? '';
  }

  /** Makes the first attempt. */
  begin(places: readonly string[]): void {
    this.#places = places;
    this.soon();
  }

  /** Notes that the slave was welcomed, and the addresses from now on. The one that answered comes first. */
  held(places: readonly string[]): void {
    const { place } = this;
    this.#places = places.includes(place) ? [place, ...places.filter((other) => other !== place)] : places;
    this.#at = 0;
    this.#delay = first;
    this.#refusalDelay = firstRefusalWait;
  }

  /** Makes the next attempt at once, at the same address. */
  soon(): void {
    this.#wait(0);
  }

  /** Makes the next attempt after the first wait: a connection that held was lost. */
  lost(): void {
    this.#wait(Math.max(first, this.#delay - (this.#clock.monotonic() - this.#dialledAt)));
    this.#delay = Math.min(this.#delay * 2, longest);
  }

  /** Makes the next attempt at the next address; behind the last one, after the wait. */
  failed(): void {
    this.#at = (this.#at + 1) % Math.max(1, this.#places.length);
    if (this.#at > 0) this.soon();
    else this.lost();
  }

  /** Makes the next attempt after the wait that a refusal demands. */
  refused(retry: boolean, code: RefusalCode | undefined): void {
    if (!retry) {
      this.#wait(permanentWait);
      return;
    }
    this.#wait(this.#refusalDelay);
    this.#refusalDelay = Math.min(this.#refusalDelay * 2, code === 'alive' ? permanentWait : busyWait);
  }

  [Symbol.dispose](): void {
    this.#open = false;
    this.#timer?.[Symbol.dispose]();
  }

  #wait(delay: number): void {
    this.#timer?.[Symbol.dispose]();
    if (!this.#open) return;
    this.#timer = this.#clock.after(delay, () => {
      this.#dialledAt = this.#clock.monotonic();
      this.#dial();
    });
  }
}
