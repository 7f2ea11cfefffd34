interface Waiter {
  readonly until: number;
  readonly enough: (() => boolean) | undefined;
  readonly resolve: (enough: boolean) => void;
  readonly reject: (error: unknown) => void;
  satisfied: boolean;
}

/** Those who wait until a time, or until something is so. */
export class Waiters {
  readonly #all = new Set<Waiter>();
  /** Of those, the ones that are asked after everything that happens. */
  #asked: readonly Waiter[] = [];

  /** Whether there is somebody. */
  hasAny(): boolean {
    return this.#all.size > 0;
  }

  /** Until when the first of them waits; Infinity when there is nobody. */
  get nearest(): number {
    let nearest = Infinity;
    for (const { until } of this.#all) if (until < nearest) nearest = until;
    return nearest;
  }

  /** Waits until then, or until `enough` says so, and tells whether it did. */
  wait(until: number, enough?: () => boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#all.add({ until, enough, resolve, reject, satisfied: false });
      this.#list();
    });
  }

  /** Asks them, each until it was satisfied once. Tells whether anybody is. */
  get isAnyoneSatisfied(): boolean {
    if (this.#asked.length === 0) return false;
    let any = false;
    for (const one of this.#asked) {
      if (!one.satisfied && one.enough?.() === true) one.satisfied = true;
      any ||= one.satisfied;
    }
    return any;
  }

  /** Lets those go who were satisfied, and those who waited until a time that is over by now. Tells whether there was anybody. */
  release(over: number): boolean {
    const going = Array.from(this.#all).filter(({ satisfied, until }) => satisfied || until <= over);
    for (const one of going) {
      this.#all.delete(one);
      one.resolve(one.satisfied);
    }
    if (going.length > 0) this.#list();
    return going.length > 0;
  }

  /** Lets all go who wait, without a word. */
  dismiss(): void {
    const going = Array.from(this.#all);
    this.#all.clear();
    this.#list();
    for (const { resolve } of going) resolve(false);
  }

  /** Tells all who wait what went wrong, and whether there was anybody. */
  fail(error: unknown): boolean {
    const going = Array.from(this.#all);
    this.#all.clear();
    this.#list();
    for (const { reject } of going) reject(error);
    return going.length > 0;
  }

  #list(): void {
    this.#asked = Array.from(this.#all).filter(({ enough }) => enough !== undefined);
  }
}
