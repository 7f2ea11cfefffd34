import type { Clock, Timer } from '../src/clock.ts';

interface Pending {
  readonly due: number;
  readonly run: () => void;
}

/** A clock that stands still until it is told to advance, with a wall that can be moved apart from it. */
export class ManualClock implements Clock {
  #now = 1_000_000;
  #wall = Date.UTC(2026, 0, 1);
  readonly #pending = new Set<Pending>();

  monotonic(): number {
    return this.#now;
  }

  wall(): number {
    return this.#wall;
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

  /** Sets the wall clock forward, or back, by so many seconds; nothing becomes due. */
  turnWall(seconds: number): void {
    this.#wall += seconds * 1000;
  }

  /** As `advance`, in seconds. */
  advanceSeconds(seconds: number): void {
    this.advance(seconds * 1000);
  }

  /** Lets so many milliseconds go by, and runs what becomes due, in the order of time. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      let next: Pending | undefined;
      for (const pending of this.#pending) if (pending.due <= end && (next === undefined || pending.due < next.due)) next = pending;
      if (next === undefined) break;
      this.#pass(Math.max(next.due, this.#now));
      this.#pending.delete(next);
      next.run();
    }
    this.#pass(end);
  }

  /** Lets so many milliseconds go by at once, as for a process that is stopped; what became due meanwhile runs at the end. */
  stall(milliseconds: number): void {
    this.#pass(this.#now + milliseconds);
    this.advance(0);
  }

  #pass(until: number): void {
    this.#wall += until - this.#now;
    this.#now = until;
  }
}
