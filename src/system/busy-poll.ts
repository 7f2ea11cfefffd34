/** The longest time that is spent looking for more before the loop sleeps, in milliseconds. */
const longestWindow = 0.05;

/**
 * A sleep up to this may become short, in milliseconds: it holds the sleeps of those who are waited for, which end when nobody sleeps. Two
 * switches on the way of a frame sleep through 100 us each, and through none when both look for 50.
 */
export const shortSleep = 0.3;

const firstWindow = 0.01;

/**
 * How long it pays to look for more before going to sleep. To sleep and be woken costs more than a frame does, and a station that waits
 * for an answer waits for that too; to look in vain costs the time. So it grows when a sleep turns out to have been short, and is
 * nothing after a long one: a quiet network costs nothing.
 */
export class BusyPoll {
  /** In milliseconds. */
  window = 0;

  /** Must be called after each sleep, with its length in milliseconds. */
  slept(duration: number): void {
    this.window = duration > shortSleep ? 0 : Math.min(Math.max(this.window * 2, firstWindow), longestWindow);
  }
}
