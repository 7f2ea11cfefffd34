import type { Clock, Timer } from '../../src/clock.ts';

interface Pending {
  readonly due: number;
  readonly run: () => void;
}

/** A clock that stands still until it is told to advance. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #pending = new Set<Pending>();

  monotonic(): number {
    return this.#now;
  }

  wall(): number {
    return this.#now;
  }

  after(delay: number, run: () => void): Timer {
    const pending = { due: this.#now + delay, run };
    this.#pending.add(pending);
    return { [Symbol.dispose]: () => void this.#pending.delete(pending) };
  }

  defer(run: () => void): void {
    this.after(0, run);
  }

  /** How many timers wait. */
  get timers(): number {
    return this.#pending.size;
  }

  /** Moves time on, and runs what becomes due, in the order of time. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const [next] = [...this.#pending].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due);
      if (next === undefined) break;
      this.#now = next.due;
      this.#pending.delete(next);
      next.run();
    }
    this.#now = end;
  }
}
