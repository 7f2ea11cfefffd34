import { Sequence, type Disorder } from './sequence.ts';

/** The longest time for which a flow that has a path may bring nothing, in milliseconds. */
export const longestGap = 1000;

/** A flow that still brings nothing after this time, in milliseconds, is at fault even if the machine was busy. */
const hopelessGap = 5000;

/** A flow is open when the latest of its frames is no older than this, in milliseconds. */
const latest = 300;

/** The numbered frames from one station to another. All times are milliseconds of one clock. */
export class Flow {
  readonly from: number;
  readonly to: number;
  /** The longest time for which nothing arrived, though it had a path and there were frames under way. */
  worstGap = 0;
  readonly #starved: () => readonly number[];
  readonly #sequence = new Sequence();
  #heardAt = -Infinity;
  #sent = 0;
  #mark = 0;
  /** Since then there are frames under way; undefined if there are none. */
  #waitsSince: number | undefined;
  /** The starvation at that time. */
  #starvedBefore: readonly number[] = [];
  #tooLong: number | undefined;
  /** Until then it has a path. */
  #protectedUntil = 0;
  #told = false;

  /** `starved` returns for how long, in all, each process on its path has waited for a processor. That time is not part of a gap. */
  constructor(from: number, to: number, starved: () => readonly number[] = () => []) {
    this.from = from;
    this.to = to;
    this.#starved = starved;
  }

  /** The title, for people. */
  get name(): string {
    return `${this.from} to ${this.to}`;
  }

  /** The number of the next frame. */
  get sent(): number {
    return this.#sent;
  }

  /** The time of its latest frame, or -Infinity. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** Notes that it has a path now, and will have one until then. Gaps are counted from `now` on, unless it had a path before. */
  protect(now: number, until: number): void {
    if (now >= this.#protectedUntil && this.#waitsSince !== undefined) this.#wait(now);
    this.#protectedUntil = until;
  }

  /** Notes that the frame with this number was sent. */
  send(number: number, now: number): void {
    this.#sent = Math.max(this.#sent, number + 1);
    if (this.#waitsSince === undefined) this.#wait(now);
  }

  /** Notes that it may have no path from now on. */
  excuse(): void {
    this.#protectedUntil = 0;
  }

  /** From now on it is open only when a frame that is sent later arrives. */
  mark(): void {
    this.#mark = this.#sent;
  }

  /** Notes the arrival of a frame. Returns its disorder, if there is any. */
  heard(number: number, now: number): Disorder | undefined {
    const gap = this.#gap(now);
    this.worstGap = Math.max(this.worstGap, gap);
    if (gap > longestGap && !this.#told) this.#tooLong = gap;
    this.#heardAt = now;
    this.#waitsSince = undefined;
    if (number + 1 < this.#sent) this.#wait(now);
    this.#told = false;
    return this.#sequence.heard(number);
  }

  /** Returns the length of a gap that was too long, once for each. It is known at its end, with the starvation until then, or when it is hopeless. */
  tooLong(now: number): number | undefined {
    const ended = this.#tooLong;
    this.#tooLong = undefined;
    if (ended !== undefined) return ended;
    const gap = this.#gap(now);
    if (gap <= hopelessGap || this.#told) return undefined;
    this.#told = true;
    return gap;
  }

  /** Returns whether its latest frames arrive. */
  isOpen(now: number): boolean {
    return this.#sequence.last >= this.#mark && now - this.#heardAt < latest;
  }

  /** Returns how many of its frames have not arrived, of those with these numbers. */
  missing(first: number, end: number): number {
    return this.#sequence.missing(first, end);
  }

  /** Returns for how long it has brought nothing; 0 if it may have no path. */
  #gap(now: number): number {
    if (now >= this.#protectedUntil || this.#waitsSince === undefined) return 0;
    const starved = this.#starved().map((after, i) => after - (this.#starvedBefore[i] ?? after));
    return now - this.#waitsSince - Math.max(0, ...starved);
  }

  #wait(now: number): void {
    this.#waitsSince = now;
    this.#starvedBefore = this.#starved();
  }
}
