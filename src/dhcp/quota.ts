/** So many and no more, for each key, in each stretch of time. */
export class Quota<Key> {
  readonly #limit: number;
  readonly #window: number;
  readonly #taken = new Map<Key, number>();
  #since = -Infinity;

  /** `limit` times for each key in each `window` milliseconds, which begin for all keys together. */
  constructor(limit: number, window: number) {
    this.#limit = limit;
    this.#window = window;
  }

  /** Takes one for `key` at `now`. False when there is none left. */
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
