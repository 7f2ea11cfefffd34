/**
 * Time as an argument. Everything below `daemon` is handed a Clock and never asks the machine for the time, so that a test or the
 * lab can run it in virtual time.
 */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes back. Ages and timeouts are differences of this. */
  monotonic(): number;
  /** Milliseconds since 1970-01-01T00:00Z; may jump. Only what outlives the process (leases on disk) is kept in it. */
  wall(): number;
  /** Calls `run` once, `delay` milliseconds from now. Disposing the timer before then cancels it; afterwards it does nothing. */
  after(delay: number, run: () => void): Timer;
  /** Calls `run` as soon as the current work is done, before any later timer. */
  defer(run: () => void): void;
}

/** A pending call of `Clock.after`. */
export interface Timer {
  [Symbol.dispose](): void;
}

/** The machine's own clock. */
export const realClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  after(delay, run) {
    const handle = setTimeout(run, delay);
    return { [Symbol.dispose]: () => clearTimeout(handle) };
  },
  defer: (run) => void setImmediate(run),
};
