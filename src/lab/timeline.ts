import type { Clock, Timer } from '../clock.ts';
import { EtherloomError } from '../errors.ts';

/** Something that is to happen. Whoever has one may schedule it again and again, one time at once. */
export abstract class Happening {
  /** When, in milliseconds since the timeline began. */
  due = 0;
  /** Among those of one instant: the order in which they were scheduled. */
  order = 0;
  /** Where the timeline keeps it; -1 while it is not scheduled. */
  place = -1;
  /** Whether it belongs to whoever uses the lab, and not to the network: then it does not count. */
  readonly foreign: boolean = false;

  abstract happen(): void;
}

/** So much at one instant is no work, but a circle. */
const maxHappenings = 2_000_000;
/** Where the wall begins: 2026-01-01T00:00Z. */
const epoch = Date.UTC(2026, 0, 1);

/**
 * Virtual time: it stands still but for `advance`, which takes it from one happening to the next. What is due at the same time happens in
 * the order in which it was scheduled, so that a run is the same each time.
 */
export class Timeline implements Clock {
  /** Milliseconds since it began. */
  now = 0;
  /** How many things have happened at this instant in the network. */
  count = 0;
  /** How many have happened in all. */
  total = 0;
  readonly #heap: Happening[] = [];
  #deferred: (() => void)[] = [];
  #told: (() => void)[] = [];
  #order = 0;
  /** How many things have happened at this instant. */
  #instant = 0;
  #busy = false;

  monotonic(): number {
    return this.now;
  }

  wall(): number {
    return epoch + this.now;
  }

  after(delay: number, run: () => void): Timer {
    const alarm = new Alarm(this, run);
    this.schedule(alarm, this.#in(delay));
    return alarm;
  }

  defer(run: () => void): void {
    this.#deferred.push(run);
  }

  /** Calls back whoever uses the lab, once all that belongs to the current happening is done. */
  tell(run: () => void): void {
    this.#told.push(run);
  }

  /** As `tell`, but later. */
  tellAfter(delay: number, run: () => void): Timer {
    const alarm = new ForeignAlarm(this, () => this.tell(run));
    this.schedule(alarm, this.#in(delay));
    return alarm;
  }

  /** Whether something is happening right now. */
  get busy(): boolean {
    return this.#busy;
  }

  /** When something happens next; Infinity when nothing is to come. */
  get next(): number {
    return this.#isOwing ? this.now : (this.#heap[0]?.due ?? Infinity);
  }

  /** Lets `happening` happen at `due`, which is not before now. */
  schedule(happening: Happening, due: number): void {
    happening.due = due;
    happening.order = this.#order++;
    this.#rise(happening, this.#heap.length);
  }

  /** Lets it not happen. Nothing changes when it is not scheduled. */
  cancel(happening: Happening): void {
    const { place } = happening;
    if (place < 0) return;
    happening.place = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === happening) return;
    // The last one takes the place, and finds its own from there.
    this.#sink(last, place);
    this.#rise(last, last.place);
  }

  /**
   * Lets all happen that is due until then, and sets the time to that. Stops before when `enough` says so, after any happening, and tells
   * whether it did. Throws EtherloomError('busy') when called from within, and EtherloomError('timed-out') when an instant never ends.
   */
  advance(until: number, enough?: () => boolean): boolean {
    if (this.#busy)
      throw new EtherloomError('busy', 'cannot let time pass from within a callback: `run` is under way; use `after` or `every` there');
    this.settle();
    while (enough?.() !== true) {
      const next = this.#heap[0];
      if (next === undefined || next.due > until) {
        if (until > this.now) this.#pass(until);
        return false;
      }
      this.#step(next);
    }
    return true;
  }

  /**
   * Lets happen what is due before `time`, and then so many things of the network at that time, no more. Tells whether it came so: whether
   * there were as many.
   */
  reach(time: number, count: number): boolean {
    this.settle();
    for (let next = this.#heap[0]; next !== undefined && next.due <= time; next = this.#heap[0]) {
      if (next.due === time && (this.now === time ? this.count : 0) >= count) break;
      this.#step(next);
    }
    if (this.now < time) this.#pass(time);
    return this.now === time && this.count === count;
  }

  /** Does what was deferred, and calls back whoever is to be told. */
  settle(): void {
    if (this.#isOwing && !this.#busy) this.#within(() => this.#settle());
  }

  /** Runs `work` as one happening of its own, now; within another it is part of that. */
  enter<T>(work: () => T): T {
    if (this.#busy) return work();
    const result = this.#within(work);
    this.settle();
    return result;
  }

  /** The time after that delay. However short it is, it is later: whoever waits for the rest of a span would wait for it for ever. */
  #in(delay: number): number {
    if (Number.isNaN(delay)) throw new EtherloomError('bad-option', 'a time must be a number of milliseconds, not `NaN`');
    const due = this.now + Math.max(0, delay);
    return delay > 0 && due === this.now ? this.now * (1 + Number.EPSILON) : due;
  }

  #step(next: Happening): void {
    if (next.due > this.now) this.#pass(next.due);
    this.cancel(next);
    if (!next.foreign) this.count++;
    if (++this.#instant > maxHappenings) throw endless(this.now);
    this.total++;
    this.#busy = true;
    try {
      next.happen();
      if (this.#isOwing) this.#settle();
    } finally {
      this.#busy = false;
    }
  }

  #within<T>(work: () => T): T {
    this.#busy = true;
    try {
      return work();
    } finally {
      this.#busy = false;
    }
  }

  get #isOwing(): boolean {
    return this.#deferred.length > 0 || this.#told.length > 0;
  }

  #settle(): void {
    for (let rounds = 0; ; rounds++) {
      if (this.#deferred.length > 0) {
        const deferred = this.#deferred;
        this.#deferred = [];
        for (const run of deferred) run();
      } else if (this.#told.length > 0) this.#told.shift()?.();
      else return;
      if (rounds > maxHappenings) throw endless(this.now);
    }
  }

  #pass(until: number): void {
    this.now = until;
    this.count = 0;
    this.#instant = 0;
  }

  #rise(happening: Happening, from: number): void {
    const heap = this.#heap;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, happening)) break;
      heap[at] = above;
      above.place = at;
      at = parent;
    }
    heap[at] = happening;
    happening.place = at;
  }

  #sink(happening: Happening, from: number): void {
    const heap = this.#heap;
    const { length } = heap;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      let below = heap[child];
      if (child >= length || below === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, below)) {
        below = right;
        child++;
      }
      if (isBefore(happening, below)) break;
      heap[at] = below;
      below.place = at;
      at = child;
    }
    heap[at] = happening;
    happening.place = at;
  }
}

/** A call to come. */
class Alarm extends Happening implements Timer {
  readonly #timeline: Timeline;
  readonly #run: () => void;

  constructor(timeline: Timeline, run: () => void) {
    super();
    this.#timeline = timeline;
    this.#run = run;
  }

  happen(): void {
    this.#run();
  }

  [Symbol.dispose](): void {
    this.#timeline.cancel(this);
  }
}

/** A call to come of whoever uses the lab. */
class ForeignAlarm extends Alarm {
  override readonly foreign = true;
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}

function endless(now: number): EtherloomError {
  return new EtherloomError(
    'timed-out',
    `time does not get past ${now} ms: too many events are due at that instant; give the links of a loop a latency`,
  );
}
