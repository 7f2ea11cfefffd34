import type { Clock, Timer } from '../clock.ts';
import { EtherloomError } from '../errors.ts';
import { Agenda, Happening } from './agenda.ts';
import { nanosecond, onGrid } from './span.ts';

/** More happenings than this at one instant mean an endless loop. */
const maxHappenings = 2_000_000;
/** The wall time at the beginning: 2026-01-01T00:00Z. */
const epoch = Date.UTC(2026, 0, 1);

/**
 * Virtual time: it passes only in `advance`, from one happening to the next. Simultaneous happenings occur in the order in which they were
 * scheduled, so that a run is the same each time.
 */
export class Timeline implements Clock {
  /** Milliseconds since it began. */
  now = 0;
  /** The number of happenings of the network at this instant. */
  count = 0;
  /** The number of happenings in all. */
  total = 0;
  /** The number of callbacks to the user of the lab. */
  called = 0;
  /** Called when all happenings of an instant are over, before time passes. */
  instantEnded: (() => void) | undefined;
  readonly #agenda = new Agenda();
  #deferred: (() => void)[] = [];
  #told: (() => unknown)[] = [];
  /** The error of an asynchronous program, until it is thrown. */
  #failure: { readonly error: unknown } | undefined;
  /** The number of happenings at this instant. */
  #instant = 0;
  /** True if anything happened at this instant. */
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

  /** Calls back the user of the lab once the current happening is complete. A promise that rejects ends the run. */
  tell(run: () => unknown): void {
    this.#told.push(run);
  }

  /** As `tell`, after a delay. */
  tellAfter(delay: number, run: () => unknown): Timer {
    const alarm = new ForeignAlarm(this, () => this.tell(run));
    this.schedule(alarm, this.#in(delay));
    return alarm;
  }

  /** True during a happening. */
  get busy(): boolean {
    return this.#busy;
  }

  /** The time of the next happening; Infinity if there is none. */
  get next(): number {
    return this.#isOwing ? this.now : (this.#agenda.first?.due ?? Infinity);
  }

  /** Schedules a happening at `due`, which is not before now. Has no effect once time has ended. */
  schedule(happening: Happening, due: number): void {
    if (this.#closed) return;
    happening.due = due;
    this.#agenda.add(happening);
  }

  /** Cancels a happening. Does nothing if it is not scheduled. */
  cancel(happening: Happening): void {
    this.#agenda.remove(happening);
  }

  /** Ends time: happenings and callbacks are dropped. An error that was not thrown becomes an unhandled rejection. */
  close(): void {
    this.#closed = true;
    this.#agenda.clear();
    this.#deferred = [];
    this.#told = [];
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) void Promise.reject(asError(failure.error));
  }

  /** True if it has ended. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Throws the error of an asynchronous program, if it was not thrown yet. */
  complain(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.error;
  }

  /** Forgets that error, since another one is thrown already. */
  forgive(): void {
    this.#failure = undefined;
  }

  /** Throws EtherloomError('busy') during a happening: time cannot pass from within. */
  checkIdle(): void {
    if (!this.#busy) return;
    throw new EtherloomError(
      'busy',
      'cannot let time pass from within a callback: `run` is under way; use `after` or `every` there, or `sleep` in a program',
    );
  }

  /**
   * Runs all happenings that are due up to `until`, a time of the grid, and sets the time to it. Stops early when `enough` returns true
   * after a happening, and returns whether it did. Throws EtherloomError('busy') if called from within, and EtherloomError('timed-out') if
   * an instant never ends.
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
   * Runs the happenings that are due before `time`, and then exactly `count` happenings of the network at that time. Returns whether there
   * were as many.
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

  /** Runs deferred work, and then the callbacks. */
  settle(): void {
    if (this.#isOwing && !this.#busy) this.#within(() => this.#settle());
  }

  /** Runs `work` now, as a happening of its own; within another happening, it is part of that one. */
  enter<T>(work: () => T): T {
    if (this.#busy) return work();
    const result = this.#within(work);
    this.settle();
    return result;
  }

  /**
   * Returns the time after that delay. Even the shortest one gives a later time: otherwise waiting for the rest of a span would never end.
   */
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
    // A failure after the end of time is caused by that end.
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

/** A scheduled call. */
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

/** A scheduled call of the user of the lab. */
class ForeignAlarm extends Alarm {
  override readonly foreign = true;
}

/** Returns whether this is a promise, of this realm or another one. */
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
