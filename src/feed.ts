/** Values as they occur, for any number of listeners. */
export class Feed<Value> {
  readonly #listeners = new Set<(value: Value) => void>();

  /** True if anything listens; if not, a value need not be made. */
  get wanted(): boolean {
    return this.#listeners.size > 0;
  }

  /** Calls `listener` with each value until disposed. */
  subscribe(listener: (value: Value) => void): Disposable {
    // One function may be subscribed twice.
    const own = (value: Value): void => listener(value);
    this.#listeners.add(own);
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) };
  }

  /** Calls all listeners, in the order of their subscription. */
  readonly emit = (value: Value): void => {
    for (const listener of this.#listeners) listener(value);
  };
}
