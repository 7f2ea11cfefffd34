import type { Clock, Timer } from '../clock.ts';
import { EtherloomError } from '../errors.ts';
import { Agenda, Happening } from './agenda.ts';
import { nanosecond, onGrid } from './span.ts';

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
  /** How often whoever uses the lab was called back. */
  called = 0;
  /** Is called when all that happens at an instant has happened, and before time passes. */
  instantEnded: (() => void) | undefined;
  readonly #agenda = new Agenda();
  #deferred: (() => void)[] = [];
  #told: (() => unknown)[] = [];
  /** What an asynchronous program has failed with, until somebody is told. */
  #failure: { readonly error: unknown } | undefined;
  /** How many things have happened at this instant. */
  #instant = 0;
  /** Whether anything was done at this instant. */
  #touched = false;
  #busy = false;
  #closed = false;

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

  /** Calls back whoever uses the lab, once all that belongs to the current happening is done. A promise that rejects ends the run. */
  tell(run: () => unknown): void {
    this.#told.push(run);
  }

  /** As `tell`, but later. */
  tellAfter(delay: number, run: () => unknown): Timer {
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
    return this.#isOwing ? this.now : (this.#agenda.first?.due ?? Infinity);
  }

  /** Lets `happening` happen at `due`, which is not before now. Nothing is to come any more once it is closed. */
  schedule(happening: Happening, due: number): void {
    if (this.#closed) return;
    happening.due = due;
    this.#agenda.add(happening);
  }

  /** Lets it not happen. Nothing changes when it is not scheduled. */
  cancel(happening: Happening): void {
    this.#agenda.remove(happening);
  }

  /** Ends time: nothing happens any more, and nobody is called back. What nobody was told is an unhandled rejection. */
  close(): void {
    this.#closed = true;
    this.#agenda.clear();
    this.#deferred = [];
    this.#told = [];
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) void Promise.reject(asError(failure.error));
  }

  /** Whether it has ended. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Throws what an asynchronous program has failed with, if nobody was told yet. */
  complain(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.error;
  }

  /** Forgets that: something else has gone wrong already. */
  forgive(): void {
    this.#failure = undefined;
  }

  /** Throws EtherloomError('busy') while something is happening: time cannot pass from within. */
  checkIdle(): void {
    if (!this.#busy) return;
    throw new EtherloomError(
      'busy',
      'cannot let time pass from within a callback: `run` is under way; use `after` or `every` there, or `sleep` in a program',
    );
  }

  /**
   * Lets all happen that is due until then, a time of the grid, and sets the time to that. Stops before when `enough` says so, after any happening, and tells
   * whether it did. Throws EtherloomError('busy') when called from within, and EtherloomError('timed-out') when an instant never ends.
   */
  advance(until: number, enough?: () => boolean): boolean {
    this.checkIdle();
    this.complain();
    this.settle();
    while (enough?.() !== true) {
      const next = this.#agenda.first;
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
    for (let next = this.#agenda.first; next !== undefined && next.due <= time; next = this.#agenda.first) {
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
    const due = onGrid(this.now + Math.max(0, delay));
    if (!(delay > 0) || due > this.now) return due;
    const next = onGrid(this.now + nanosecond);
    return next > this.now ? next : this.now * (1 + Number.EPSILON);
  }

  #step(next: Happening): void {
    if (next.due > this.now) this.#pass(next.due);
    this.cancel(next);
    if (!next.foreign) this.count++;
    if (++this.#instant > maxHappenings) throw endless(this.now);
    this.total++;
    this.#touched = true;
    this.#busy = true;
    try {
      next.happen();
      if (this.#isOwing) this.#settle();
    } finally {
      this.#busy = false;
    }
  }

  #within<T>(work: () => T): T {
    this.#touched = true;
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
      } else if (this.#told.length > 0) this.#call(this.#told.shift());
      else return;
      if (rounds > maxHappenings) throw endless(this.now);
    }
  }

  #call(run: (() => unknown) | undefined): void {
    this.called++;
    const result = run?.();
    if (!isThenable(result)) return;
    // When time has ended it fails for that.
    result.then(undefined, (error: unknown) => {
      if (!this.#closed) this.#failure ??= { error };
    });
  }

  #pass(until: number): void {
    if (this.#touched) this.instantEnded?.();
    this.#touched = false;
    this.now = until;
    this.count = 0;
    this.#instant = 0;
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

/** Whether this is a promise, of this realm or another one. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function endless(now: number): EtherloomError {
  return new EtherloomError(
    'timed-out',
    `time does not get past ${now} ms: too many events are due at that instant; give the links of a loop a latency`,
  );
}
