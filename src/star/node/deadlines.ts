import type { Clock, Timer } from '../../clock.ts';
import { removeAt } from './row.ts';

/** Deadlines of a few items, each the same time after its beginning. One timer serves them all. They make no garbage: see Row. */
export class Deadlines<Item> implements Disposable {
  readonly #clock: Clock;
  readonly #delay: number;
  readonly #pass: (item: Item) => void;
  /** The items, and the times at which they are due, the earliest first. */
  readonly #items: Item[] = [];
  readonly #due: number[] = [];
  #timer: Timer | undefined;

  /** `pass` is called with each item whose deadline, `delay` milliseconds after `begin`, has passed. */
  constructor(clock: Clock, delay: number, pass: (item: Item) => void) {
    this.#clock = clock;
    this.#delay = delay;
    this.#pass = pass;
  }

  /** Begins the time of an item that has none. */
  begin(item: Item): void {
    this.#items.push(item);
    this.#due.push(this.#clock.monotonic() + this.#delay);
    this.#timer ??= this.#clock.after(this.#delay, this.#look);
  }

  /** Ends the time of an item, if it has one. */
  end(item: Item): void {
    const place = this.#items.indexOf(item);
    if (place < 0) return;
    this.#remove(place);
    if (this.#items.length === 0) this.#stop();
  }

  [Symbol.dispose](): void {
    this.#items.length = this.#due.length = 0;
    this.#stop();
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    while ((this.#due[0] ?? Infinity) <= now) {
      const [item] = this.#items as [Item];
      this.#remove(0);
      this.#pass(item);
    }
    const [next] = this.#due;
    if (next !== undefined) this.#timer ??= this.#clock.after(next - now, this.#look);
  };

  #remove(place: number): void {
    removeAt(this.#items, place);
    removeAt(this.#due, place);
  }

  #stop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }
}
