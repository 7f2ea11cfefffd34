import type { Clock, Timer } from '../../clock.ts';
import type { Fabric } from '../fabric.ts';
import type { Pacer } from '../virtual-time.ts';
import { Waiters } from '../waiters.ts';

/** A shorter wait, in milliseconds, is too short for timers, and is done by polling. */
const tooSoonForTimers = 1;
/** The longest delay of a timer, in milliseconds; a timer with a longer one fires at once. */
const longestTimer = 0x7fff_ffff;

/**
 * Couples the time of a network to real time while it has users: happenings occur at their real time, whether the network is told to run or
 * not.
 */
export class RealTime implements Pacer {
  readonly #fabric: Fabric;
  readonly #clock: Clock;
  readonly #waiters = new Waiters();
  /** The difference to add to the real time. */
  readonly #ahead: number;
  #users = 0;
  #timer: Timer | undefined;
  /** The error that occurred while there was no caller to throw it to. */
  #error: { readonly error: unknown } | undefined;

  private constructor(fabric: Fabric, clock: Clock) {
    this.#fabric = fabric;
    this.#clock = clock;
    this.#ahead = fabric.timeline.now - clock.monotonic();
  }

  /** Returns the real time of a network, for one more user. */
  static use(fabric: Fabric, clock: Clock): RealTime {
    const time = fabric.pacer instanceof RealTime ? fabric.pacer : new RealTime(fabric, clock);
    fabric.pacer = time;
    time.#users++;
    time.#plan();
    return time;
  }

  /** Ends one user's share: after the last one the network has its own time again. Throws an error that was not thrown yet. */
  leave(): void {
    if (--this.#users > 0) return;
    this.#timer?.[Symbol.dispose]();
    this.#fabric.pacer = undefined;
    this.#waiters.dismiss();
    this.#complain();
  }

  async pass(until: number, enough?: () => boolean): Promise<boolean> {
    this.#complain();
    const waiting = this.#waiters.wait(until, enough);
    this.#catchUp();
    return waiting;
  }

  /** Runs an action from outside at the current real time. */
  around<T>(work: () => T): T {
    if (this.#fabric.timeline.busy) return work();
    this.#catchUp();
    try {
      return this.#fabric.timeline.enter(work);
    } finally {
      this.#catchUp();
    }
  }

  #catchUp(): void {
    const { timeline } = this.#fabric;
    const now = this.#clock.monotonic() + this.#ahead;
    try {
      while (timeline.advance(Math.max(now, timeline.now), () => this.#waiters.isAnyoneSatisfied)) this.#waiters.release(-Infinity);
      this.#waiters.release(timeline.now);
    } catch (error) {
      if (!this.#waiters.fail(error)) this.#error ??= { error };
    }
    this.#plan();
  }

  #complain(): void {
    const complaint = this.#error;
    this.#error = undefined;
    if (complaint) throw complaint.error;
  }

  /** Looks again when the next happening is due. */
  #plan(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (this.#users === 0) return;
    const due = Math.min(this.#fabric.timeline.next, this.#waiters.nearest);
    const delay = due - this.#ahead - this.#clock.monotonic();
    if (delay === Infinity) return;
    let planned = true;
    const look = (): void => {
      if (planned) this.#catchUp();
    };
    if (delay < tooSoonForTimers) {
      this.#clock.defer(look);
      this.#timer = { [Symbol.dispose]: () => (planned = false) };
    } else this.#timer = this.#clock.after(Math.min(delay, longestTimer), look);
  }
}
