import type { Clock, Timer } from '../../clock.ts';
import type { Fabric, Pacer } from '../fabric.ts';

interface Waiting {
  readonly until: number;
  readonly enough: (() => boolean) | undefined;
  readonly resolve: (enough: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** What is due sooner than timers can tell, in milliseconds, is waited for by looking again and again. */
const tooSoonForTimers = 1;
/** What timers take at most, in milliseconds: with more they are due at once. */
const longestTimer = 0x7fff_ffff;

/**
 * Lets the time of a network go with that of the real world, while somebody uses it: what is due happens when it is, whether the network
 * is told to run or not.
 */
export class RealTime implements Pacer {
  readonly #fabric: Fabric;
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiting>();
  /** What to add to the real time. */
  readonly #ahead: number;
  #users = 0;
  #timer: Timer | undefined;
  /** What went wrong while nobody waited. */
  #error: { readonly error: unknown } | undefined;

  private constructor(fabric: Fabric, clock: Clock) {
    this.#fabric = fabric;
    this.#clock = clock;
    this.#ahead = fabric.timeline.now - clock.monotonic();
  }

  /** The real time of a network, for one user more. */
  static use(fabric: Fabric, clock: Clock): RealTime {
    const time = fabric.pacer instanceof RealTime ? fabric.pacer : new RealTime(fabric, clock);
    fabric.pacer = time;
    time.#users++;
    time.#plan();
    return time;
  }

  /** One user less: the last one leaves the network its own time. Throws what went wrong, if nobody was told yet. */
  leave(): void {
    if (--this.#users > 0) return;
    this.#timer?.[Symbol.dispose]();
    this.#fabric.pacer = undefined;
    for (const { resolve } of this.#waiting) resolve(false);
    this.#waiting.clear();
    this.#complain();
  }

  pass(until: number, enough?: () => boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#complain();
      this.#waiting.add({ until, enough, resolve, reject });
      this.#catchUp();
    });
  }

  /** Does something that comes from outside, at the time that it is. */
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
      while (timeline.advance(Math.max(now, timeline.now), () => this.#isAnyoneSatisfied())) this.#satisfy();
      for (const one of this.#waiting) if (one.until <= timeline.now) this.#end(one, false);
    } catch (error) {
      this.#fail(error);
    }
    this.#plan();
  }

  #isAnyoneSatisfied(): boolean {
    for (const { enough } of this.#waiting) if (enough?.() === true) return true;
    return false;
  }

  #satisfy(): void {
    for (const one of this.#waiting) if (one.enough?.() === true) this.#end(one, true);
  }

  #end(one: Waiting, enough: boolean): void {
    this.#waiting.delete(one);
    one.resolve(enough);
  }

  #fail(error: unknown): void {
    if (this.#waiting.size === 0) this.#error ??= { error };
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting.clear();
  }

  #complain(): void {
    const complaint = this.#error;
    this.#error = undefined;
    if (complaint) throw complaint.error;
  }

  /** Looks again when something is due. */
  #plan(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (this.#users === 0) return;
    const due = Math.min(this.#fabric.timeline.next, ...Array.from(this.#waiting, ({ until }) => until));
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
