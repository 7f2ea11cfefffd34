/** The longest time of polling before the loop sleeps, in milliseconds. */
const longestWindow = 0.05;

/**
 * A sleep up to this may become shorter by polling, in milliseconds. It includes the sleep of a peer that is waited for, which ends if that
 * polls too. Two switches on the way of a frame sleep through 100 us each, and through none if both poll for 50.
 */
export const shortSleep = 0.3;

const firstWindow = 0.01;

/**
 * How many consecutive polls of the longest time may be in vain before polling rests for a number of sleeps: the first such number, and the
 * most.
 */
const patience = 8;
const firstRest = 16;
const longestRest = 1024;

/**
 * How long polling before a sleep pays off. A sleep and a wake-up cost more than a frame, and delay a station that waits for an answer;
 * polling in vain costs its time. So the window grows after a short sleep, and is zero after a long one, or if polling is always in vain. A
 * quiet network costs nothing, and a steady trickle almost nothing.
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

  /** Keeps the window at zero until it is disposed: an event is awaited that polling does not find. Nests. */
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
