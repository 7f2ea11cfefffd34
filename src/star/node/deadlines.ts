import type { Clock, Timer } from '../../clock.ts';

/** Deadlines of many items, each the same time after its beginning. One timer serves them all, so that an item costs next to nothing. */
export class Deadlines<Item> implements Disposable {
  readonly #clock: Clock;
  readonly #delay: number;
  readonly #pass: (item: Item) => void;
  /** The times at which they are due, the earliest first. */
  readonly #due = new Map<Item, number>();
  #timer: Timer | undefined;

  /** `pass` is called with each item whose deadline, `delay` milliseconds after `begin`, has passed. */
  constructor(clock: Clock, delay: number, pass: (item: Item) => void) {
    this.#clock = clock;
    this.#delay = delay;
    this.#pass = pass;
  }

  /** Begins the time of an item that has none. */
  begin(item: Item): void {
    this.#due.set(item, this.#clock.monotonic() + this.#delay);
    this.#timer ??= this.#clock.after(this.#delay, this.#look);
  }

  /** Ends the time of an item, if it has one. */
  end(item: Item): void {
    if (this.#due.delete(item) && this.#due.size === 0) this.#stop();
  }

  [Symbol.dispose](): void {
    this.#due.clear();
    this.#stop();
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    for (const [item, due] of this.#due) {
      if (due > now) {
        this.#timer ??= this.#clock.after(due - now, this.#look);
        return;
      }
      this.#due.delete(item);
      this.#pass(item);
    }
  };

  #stop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }
}
