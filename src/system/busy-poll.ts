/** The longest time that is spent looking for more before the loop sleeps, in milliseconds. */
const longestWindow = 0.05;

/**
 * A sleep up to this may become short, in milliseconds: it holds the sleeps of those who are waited for, which end when nobody sleeps. Two
 * switches on the way of a frame sleep through 100 us each, and through none when both look for 50.
 */
export const shortSleep = 0.3;

const firstWindow = 0.01;

/** How often in a row it may look for the longest time and find nothing, before it rests for so many sleeps: the first time, and at most. */
const patience = 8;
const firstRest = 16;
const longestRest = 1024;

/**
 * How long it pays to look for more before going to sleep. To sleep and be woken costs more than a frame does, and a station that waits
 * for an answer waits for that too; to look in vain costs the time. So it grows when a sleep turns out to have been short, and is
 * nothing after a long one, or where it is always in vain: a quiet network costs nothing, and a steady trickle next to nothing.
 */
export class BusyPoll {
  #window = 0;
  #pauses = 0;
  #vain = 0;
  #rest = 0;
  #nextRest = firstRest;

  /** In milliseconds. */
  get window(): number {
    return this.#pauses > 0 ? 0 : this.#window;
  }

  /** Keeps the window at nothing until it is disposed: something is awaited that is not found by looking. Nests. */
  pause(): Disposable {
    this.#pauses++;
    return {
      [Symbol.dispose]: () => {
        this.#pauses--;
      },
    };
  }

  /** Must be called when something was found by looking. */
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
