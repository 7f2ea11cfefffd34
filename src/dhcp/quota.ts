/** A limit of events for each key in each period of time. */
export class Quota<Key> {
  readonly #limit: number;
  readonly #window: number;
  readonly #taken = new Map<Key, number>();
  #since = -Infinity;

  /** Allows `limit` events for each key in each `window` milliseconds; periods begin for all keys together. */
  constructor(limit: number, window: number) {
    this.#limit = limit;
    this.#window = window;
  }

  /** Takes one event for `key` at `now`. Returns false if none is left. */
  take(key: Key, now: number): boolean {
    if (now - this.#since >= this.#window) {
      this.#taken.clear();
      this.#since = now;
    }
    const taken = this.#taken.get(key) ?? 0;
    if (taken >= this.#limit) return false;
    this.#taken.set(key, taken + 1);
    return true;
  }
}
