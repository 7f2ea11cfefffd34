interface Waiter {
  readonly until: number;
  readonly enough: (() => boolean) | undefined;
  readonly resolve: (enough: boolean) => void;
  readonly reject: (error: unknown) => void;
  satisfied: boolean;
}

/** Callers that wait until a time, or until a condition is true. */
export class Waiters {
  #all: Waiter[] = [];

  /** Returns whether there are any. */
  hasAny(): boolean {
    return this.#all.length > 0;
  }

  /** The earliest time for which one of them waits; Infinity if there are none. */
  get nearest(): number {
    let nearest = Infinity;
    for (const { until } of this.#all) if (until < nearest) nearest = until;
    return nearest;
  }

  /** Waits until `until`, or until `enough` returns true. Resolves to whether it did. */
  wait(until: number, enough?: () => boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#all.push({ until, enough, resolve, reject, satisfied: false });
    });
  }

  /** Evaluates the conditions, each until it has been true once. True if any caller is satisfied. */
  get isAnyoneSatisfied(): boolean {
    let any = false;
    for (const one of this.#all) {
      if (one.enough === undefined) continue;
      if (!one.satisfied && one.enough()) one.satisfied = true;
      any ||= one.satisfied;
    }
    return any;
  }

  /** Releases satisfied callers, and those that waited until a time that has passed. Returns whether there were any. */
  release(over: number): boolean {
    const all = this.#all;
    this.#all = all.filter((one) => !isDone(one, over));
    for (const one of all) if (isDone(one, over)) one.resolve(one.satisfied);
    return this.#all.length < all.length;
  }

  /** Drops all waiting callers without a result. */
  dismiss(): void {
    for (const { resolve } of this.#all.splice(0)) resolve(false);
  }

  /** Rejects all waiting callers with an error. Returns whether there were any. */
  fail(error: unknown): boolean {
    const going = this.#all.splice(0);
    for (const { reject } of going) reject(error);
    return going.length > 0;
  }
}

function isDone({ satisfied, until }: Waiter, over: number): boolean {
  return satisfied || until <= over;
}
