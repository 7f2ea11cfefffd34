/** A kind of event that a session can ask for. */
export interface Category {
  /** As `debug/add` names it: `port/ep/+`. */
  readonly path: string;
  /** A number of three octal digits, which clients see behind a 3. */
  readonly tag: number;
  readonly help: string;
}

/** Whoever is told events: a session. */
export interface Listener {
  tell(line: string): void;
}

/** The events of a switch: who wants which, and their lines. Nothing is made of an event that nobody wants. */
export class Events {
  readonly #categories: Category[] = [];
  readonly #listeners = new Map<Category, Set<Listener>>();

  /** Adds kinds of events; disposing of them, nobody is told them any more. */
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

  /** The kinds whose path begins so, in the order of their adding. */
  matching(prefix: string): Category[] {
    return this.#categories.filter(({ path }) => path.startsWith(prefix));
  }

  has(category: Category, listener: Listener): boolean {
    return this.#listeners.get(category)?.has(listener) === true;
  }

  subscribe(category: Category, listener: Listener): void {
    const listeners = this.#listeners.get(category) ?? new Set();
    this.#listeners.set(category, listeners.add(listener));
  }

  unsubscribe(category: Category, listener: Listener): void {
    const listeners = this.#listeners.get(category);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(category);
  }

  /** A session is over. */
  forget(listener: Listener): void {
    for (const category of this.#categories) this.unsubscribe(category, listener);
  }

  /** Whether anybody wants it. */
  wanted(category: Category): boolean {
    return this.#listeners.has(category);
  }

  /** Tells whoever wants it: `3021 port/+ 01`. */
  emit(category: Category, text: string): void {
    const line = `3${category.tag.toString(8).padStart(3, '0')} ${category.path} ${text}`;
    for (const listener of this.#listeners.get(category) ?? []) listener.tell(line);
  }
}
