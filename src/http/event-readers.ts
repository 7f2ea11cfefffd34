import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../clock.ts';
import type { Managed } from '../management/managed.ts';
import { countersOf } from '../management/operations/counters.ts';
import type { Random } from '../random.ts';
import { EventHistory } from './event-history.ts';
import { EventStream, type EventWish } from './event-stream.ts';
import { problem, type Problem } from './problem.ts';

/** The most readers of events. Commands then still find a place. */
const mostReaders = 32;

/** The time between two snapshots of the counters, in milliseconds. */
const snapshotInterval = 1000;

/** The kind by which a reader asks for snapshots of the counters. They are no events: a reader gets them only if it names this kind. */
const counters = 'counters';

/** The readers of a service's events. All of them share one history, and one snapshot of the counters each second. */
export class EventReaders implements Disposable {
  readonly #managed: Managed;
  readonly #clock: Clock;
  readonly #history: EventHistory;
  readonly #readers = new Set<EventStream>();
  /** The readers of snapshots. */
  readonly #watchers = new Set<EventStream>();
  #timer: Timer | undefined;

  constructor(managed: Managed, clock: Clock, random: Random) {
    this.#managed = managed;
    this.#clock = clock;
    this.#history = new EventHistory(managed.events, clock, () => random.uint32().toString(36));
  }

  /** Adds a reader until its connection ends. Returns the problem if there are too many. */
  add(response: ServerResponse, wish: EventWish): Problem | undefined {
    if (this.#readers.size >= mostReaders) return problem(503, `${mostReaders} clients read the events already; end one of them`);
    const reader = new EventStream(response, this.#history, wish);
    this.#readers.add(reader);
    if (wish.kinds.has(counters)) this.#watch(reader);
    response.once('close', () => {
      this.#readers.delete(reader);
      this.#watchers.delete(reader);
      reader[Symbol.dispose]();
    });
    return undefined;
  }

  /** Ends all answers. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    for (const reader of this.#readers) reader[Symbol.dispose]();
    this.#history[Symbol.dispose]();
  }

  #watch(reader: EventStream): void {
    this.#watchers.add(reader);
    if (this.#watchers.size === 1) this.#tick();
  }

  readonly #tick = (): void => {
    this.#timer?.[Symbol.dispose]();
    if (this.#watchers.size === 0) return;
    const text = JSON.stringify({ kind: counters, ...countersOf(this.#managed) });
    for (const watcher of this.#watchers) watcher.snapshot(counters, text);
    this.#timer = this.#clock.after(snapshotInterval, this.#tick);
  };
}
