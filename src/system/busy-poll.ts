/** The longest time of polling before the loop sleeps, in milliseconds. */
const longestWindow = 0.05;

/**
 * The longest sleep that polling may shorten, in milliseconds. It includes the sleep of a peer, which also becomes shorter if the peer
 * polls too. Two switches on a frame's path sleep for 100 us each, but do not sleep if both poll for 50.
 */
export const shortSleep = 0.3;

const firstWindow = 0.01;

/**
 * After `patience` consecutive polls of the longest time without success, polling stops for a number of sleeps: first for `firstRest`, and
 * at most for `longestRest`.
 */
const patience = 8;
const firstRest = 16;
const longestRest = 1024;

/**
 * Decides how long to poll before each sleep. A sleep and a wake-up cost more than a frame, and delay a station that waits for an answer;
 * polling without success costs processor time. So the window grows after a short sleep. It is zero after a long one, or if polling never
 * succeeds. So a quiet network costs nothing, and steady light traffic almost nothing.
 */
export class BusyPoll {
  #window = 0;
  #pauses = 0;
  #vain = 0;
  #rest = 0;
  #nextRest = firstRest;

  /** The time to poll before the next sleep, in milliseconds. */
  get window(): number {
    return this.#pauses > 0 ? 0 : this.#window;
  }

  /** Keeps the window at zero until it is disposed, for a wait for an event that polling cannot find. Calls may nest. */
  pause(): Disposable {
    this.#pauses++;
    return {
      [Symbol.dispose]: () => {
        this.#pauses--;
      },
    };
  }

  /** Must be called when polling found something. */
  found(): void {
    this.#vain = 0;
    this.#nextRest = firstRest;
  }

  /** Must be called after each sleep, with its length in milliseconds. */
  slept(duration: number): void {
    if (duration > shortSleep) this.#window = 0;
    else if (this.#rest > 0) this.#rest--;
    else if (this.#window === longestWindow && ++this.#vain === patience) this.#giveUp();
    else this.#window = Math.min(Math.max(this.#window * 2, firstWindow), longestWindow);
  }

  #giveUp(): void {
    this.#window = 0;
    this.#vain = 0;
    this.#rest = this.#nextRest;
    this.#nextRest = Math.min(this.#nextRest * 2, longestRest);
  }
}
