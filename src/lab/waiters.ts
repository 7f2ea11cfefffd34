interface Waiter {
  readonly until: number;
  readonly enough: (() => boolean) | undefined;
  readonly resolve: (enough: boolean) => void;
  readonly reject: (error: unknown) => void;
  satisfied: boolean;
}

/** Those who wait until a time, or until something is so. */
export class Waiters {
  #all: Waiter[] = [];

  /** Whether there is somebody. */
  hasAny(): boolean {
    return this.#all.length > 0;
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
      this.#all.push({ until, enough, resolve, reject, satisfied: false });
    });
  }

  /** Asks them, each until it was satisfied once. Tells whether anybody is. */
  get isAnyoneSatisfied(): boolean {
    let any = false;
    for (const one of this.#all) {
      if (one.enough === undefined) continue;
      if (!one.satisfied && one.enough()) one.satisfied = true;
      any ||= one.satisfied;
    }
    return any;
  }

  /** Lets those go who were satisfied, and those who waited until a time that is over by now. Tells whether there was anybody. */
  release(over: number): boolean {
    const all = this.#all;
    this.#all = all.filter((one) => !isDone(one, over));
    for (const one of all) if (isDone(one, over)) one.resolve(one.satisfied);
    return this.#all.length < all.length;
  }

  /** Lets all go who wait, without a word. */
  dismiss(): void {
    for (const { resolve } of this.#all.splice(0)) resolve(false);
  }

  /** Tells all who wait what went wrong, and whether there was anybody. */
  fail(error: unknown): boolean {
    const going = this.#all.splice(0);
    for (const { reject } of going) reject(error);
    return going.length > 0;
  }
}

function isDone({ satisfied, until }: Waiter, over: number): boolean {
  return satisfied || until <= over;
}
