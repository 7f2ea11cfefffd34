/**
 * Time as an argument. Code below `daemon` is given a Clock and never reads the machine's time, so that a test or the lab can run it in
 * virtual time.
 */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes back. Ages and timeouts are differences of this. */
  monotonic(): number;
  /** Milliseconds since 1970-01-01T00:00Z; may jump. Used only for times that outlive the process, such as leases on disk. */
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

/** Read once: in Node, the global is a getter. */
const steady = globalThis.performance;

/**
 * The machine's own clock.
 *
 * @example
 * ```ts
 * import { realClock } from 'etherloom/clock';
 *
 * using timer = realClock.after(60_000, () => console.log('a minute later'));
 * console.log(realClock.monotonic() >= 0); // true
 * ```
 */
export const realClock: Clock = {
  monotonic: () => steady.now(),
  wall: () => Date.now(),
  after(delay, run) {
    const handle = setTimeout(run, delay);
    return { [Symbol.dispose]: () => clearTimeout(handle) };
  },
  defer: (run) => void setImmediate(run),
};

/**
 * Resolves once the ready microtasks (in Node also the ticks) have run, with all those that they made. It does not wait for timers of the
 * machine. Where the language offers nothing else, it resolves after as many consecutive microtasks as programs need.
 */
export const nextTurn: () => Promise<void> = chooseTurn();

/** The number of consecutive microtasks to let run where there is nothing else to wait for. */
const blindRounds = 64;

function chooseTurn(): () => Promise<void> {
  const world: Partial<Pick<typeof globalThis, 'setImmediate' | 'MessageChannel'>> = globalThis;
  // Read once, since a test may replace it by a false clock later.
  const { setImmediate: soon } = world;
  if (soon !== undefined) return () => new Promise((resolve) => void soon(resolve));
  // Read last: Node creates it on first access, which takes a millisecond.
  const { MessageChannel: Channel } = world;
  if (Channel !== undefined) return turnsOf(new Channel());
  return async () => {
    for (let round = 0; round < blindRounds; round++) await Promise.resolve();
  };
}

/** Waits for a message to its own channel, which arrives when the microtasks are done. */
function turnsOf({ port1, port2 }: InstanceType<typeof MessageChannel>): () => Promise<void> {
  const waiting: (() => void)[] = [];
  port1.addEventListener('message', () => waiting.shift()?.());
  port1.start();
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      port2.postMessage(undefined);
    });
}
