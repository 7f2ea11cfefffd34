import type { Clock, Timer } from '../clock.ts';
import type { Events } from '../management/events.ts';

/** How many events are kept, and how long they are still collected after the last reader has left, in milliseconds. */
const [mostKept, lingering] = [1024, 60_000] as const;

/** An event with its id. */
export interface NumberedEvent {
  readonly number: number;
  readonly kind: string;
  /** The event as JSON. */
  readonly text: string;
}

/** The events that a reader missed while it was away: those that are kept, and the number of those that are not, if it is known. */
export interface Missed {
  readonly kept: readonly NumberedEvent[];
  /** Undefined if none is lost; `unknown` if the reader's id is not one of these, or if it reads some kinds alone. */
  readonly lost: number | 'unknown' | undefined;
}

/**
 * Numbers the events of a service for its readers, and keeps the last ones, so that a reader that comes back misses none. Events are
 * collected only while there are readers, and a minute longer. After that a new series begins, with another name.
 */
export class EventHistory implements Disposable {
  readonly #events: Events;
  readonly #clock: Clock;
  readonly #newName: () => string;
  readonly #listeners = new Set<(event: NumberedEvent) => void>();
  #name = '';
  #number = 0;
  #kept: NumberedEvent[] = [];
  /** The number of the last event of each kind that is not kept any more. */
  readonly #gone = new Map<string, number>();
  #subscription: Disposable | undefined;
  #end: Timer | undefined;

  /** `newName` makes the names of series, which no reader can guess. */
  constructor(events: Events, clock: Clock, newName: () => string) {
    this.#events = events;
    this.#clock = clock;
    this.#newName = newName;
  }

  /** Returns the id of the event with that number; by default, of the last event. */
  idOf(number = this.#number): string {
    return `${this.#name}-${number}`;
  }

  /** Calls `listener` with each event from now on, until disposed. */
  subscribe(listener: (event: NumberedEvent) => void): Disposable {
    this.#end?.[Symbol.dispose]();
    if (!this.#subscription) this.#begin();
    this.#listeners.add(listener);
    return {
      [Symbol.dispose]: () => {
        if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#end = this.#clock.after(lingering, () => this.#stop());
      },
    };
  }

  /** Returns the events after the one with that id. Losses count if they are of the reader's kinds; an empty set selects all. Call it after `subscribe`. */
  missedSince(id: string, kinds: ReadonlySet<string>): Missed {
    const [, name, digits] = /^([\w-]+)-(\d{1,15})$/.exec(id) ?? [];
    const last = Number(digits);
    if (name !== this.#name || last > this.#number) return { kept: [], lost: 'unknown' };
    const kept = this.#kept.filter(({ number }) => number > last);
    const lost = this.#number - last - kept.length;
    if (kinds.size === 0) return { kept, lost: lost > 0 ? lost : undefined };
    return { kept, lost: [...kinds].some((kind) => (this.#gone.get(kind) ?? 0) > last) ? 'unknown' : undefined };
  }

  /** Ends the collection. */
  [Symbol.dispose](): void {
    this.#end?.[Symbol.dispose]();
    this.#stop();
  }

  #begin(): void {
    this.#name = this.#newName();
    this.#number = 0;
    this.#gone.clear();
    this.#subscription = this.#events.subscribe((event) => {
      const numbered = { number: ++this.#number, kind: event.kind, text: JSON.stringify(event) };
      this.#kept.push(numbered);
      if (this.#kept.length > mostKept * 2) this.#forget();
      for (const listener of this.#listeners) listener(numbered);
    });
  }

  #forget(): void {
    for (const { kind, number } of this.#kept.slice(0, -mostKept)) this.#gone.set(kind, number);
    this.#kept = this.#kept.slice(-mostKept);
  }

  #stop(): void {
    this.#subscription?.[Symbol.dispose]();
    this.#subscription = undefined;
    this.#kept = [];
  }
}
