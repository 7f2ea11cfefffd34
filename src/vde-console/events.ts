/** A kind of event that a session can ask for. */
export interface Category {
  /** The path in `debug/add`: `port/ep/+`. */
  readonly path: string;
  /** A number of three octal digits, which clients receive after a 3. */
  readonly tag: number;
  readonly help: string;
}

/** A receiver of events: a session. */
export interface Listener {
  tell(line: string): void;
}

/** The events of a switch, with their subscribers and lines. An event without subscribers costs nothing. */
export class Events {
  readonly #categories: Category[] = [];
  readonly #listeners = new Map<Category, Set<Listener>>();

  /** Adds kinds of events. Disposing of the result removes them with their subscriptions. */
  add(categories: readonly Category[]): Disposable {
    this.#categories.push(...categories);
    return {
      [Symbol.dispose]: () => {
        for (const category of categories) {
          this.#listeners.delete(category);
          const at = this.#categories.indexOf(category);
          if (at >= 0) this.#categories.splice(at, 1);
        }
      },
    };
  }

  /** Returns the kinds whose path begins with `prefix`, in the order of adding. */
  matching(prefix: string): Category[] {
    return this.#categories.filter(({ path }) => path.startsWith(prefix));
  }

  has(category: Category, listener: Listener): boolean {
    return this.#listeners.get(category)?.has(listener) === true;
  }

  /** Returns false if the session has subscribed to it already. */
  subscribe(category: Category, listener: Listener): boolean {
    if (this.has(category, listener)) return false;
    const listeners = this.#listeners.get(category) ?? new Set();
    this.#listeners.set(category, listeners.add(listener));
    return true;
  }

  /** Returns false if the session has not subscribed to it. */
  unsubscribe(category: Category, listener: Listener): boolean {
    const listeners = this.#listeners.get(category);
    const wasThere = listeners?.delete(listener) === true;
    if (listeners?.size === 0) this.#listeners.delete(category);
    return wasThere;
  }

  /** Removes the subscriptions of a session that is over. */
  forget(listener: Listener): void {
    for (const category of this.#categories) this.unsubscribe(category, listener);
  }

  /** Returns true if a session has subscribed to it. */
  wanted(category: Category): boolean {
    return this.#listeners.has(category);
  }

  /** Sends the event to its subscribers: `3021 port/+ 01`. */
  emit(category: Category, text: string): void {
    const line = `3${category.tag.toString(8).padStart(3, '0')} ${category.path} ${text}`;
    for (const listener of this.#listeners.get(category) ?? []) listener.tell(line);
  }
}
