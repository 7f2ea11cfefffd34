import type { ServerResponse } from 'node:http';
import { commonHeaders } from './answer.ts';
import type { EventHistory, NumberedEvent } from './event-history.ts';

/** The most octets that wait for one reader. Later events are lost for it, and counted. */
const mostWaiting = 65_536;

/** The most octets before a snapshot. */
const mostBefore = 4096;

/** The wish of a reader. */
export interface EventWish {
  /** The kinds of events that it gets; an empty set selects all. */
  readonly kinds: ReadonlySet<string>;
  /** The id of the last event that it got. Default: it gets those from now on. */
  readonly after: string | undefined;
}

/**
 * Sends the events of a service to one reader, as server-sent events: the name is the event's kind, the data its JSON, the id the place
 * from which a reader that was cut off goes on. One that is too slow gets an event `lost` with the number of those that it missed. [HTML, 9.2]
 */
export class EventStream implements Disposable {
  readonly #response: ServerResponse;
  readonly #history: EventHistory;
  readonly #kinds: ReadonlySet<string>;
  readonly #subscription: Disposable;
  #lost = 0;
  /** The octets of a snapshot under way. They take no room from events. */
  #snapshot = 0;
  /** The number of the last event that was sent or lost. */
  #last = 0;

  /** Begins at once. */
  constructor(response: ServerResponse, history: EventHistory, { kinds, after }: EventWish) {
    this.#response = response;
    this.#history = history;
    this.#kinds = kinds;
    this.#subscription = history.subscribe((event) => this.#send(event));
    response.writeHead(200, { ...commonHeaders, 'content-type': 'text/event-stream' });
    // A comment: the reader knows from here on that it misses nothing. An id alone is no event.
    response.write(`: events\nid: ${after === undefined ? history.idOf() : safe(after)}\n\n`);
    response.on('drain', () => this.#tellLost());
    if (after !== undefined) this.#resume(after);
  }

  /** Ends the subscription, and the answer. */
  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    this.#response.end();
  }

  /** Sends a snapshot, unless the reader has not taken the last one yet: then the next one will do. */
  snapshot(name: string, text: string): void {
    if (this.#snapshot > 0 || this.#response.writableLength > mostBefore) return;
    const octets = Buffer.from(`event: ${name}\ndata: ${text}\n\n`);
    this.#snapshot = octets.length;
    this.#response.write(octets, () => (this.#snapshot = 0));
  }

  #resume(after: string): void {
    const { kept, lost } = this.#history.missedSince(after, this.#kinds);
    // It must look at everything anew if it is not known how many it missed.
    if (lost !== undefined)
      this.#write('lost', { kind: 'lost', ...(lost !== 'unknown' && { events: lost }) }, kept[0] && kept[0].number - 1);
    for (const event of kept) this.#send(event);
  }

  #send(event: NumberedEvent): void {
    if (this.#kinds.size > 0 && !this.#kinds.has(event.kind)) return;
    this.#last = event.number;
    if (this.#response.writableLength - this.#snapshot > mostWaiting) {
      this.#lost += 1;
      return;
    }
    this.#tellLost(event.number - 1);
    this.#put(event.kind, event.text, event.number);
  }

  #tellLost(last = this.#last): void {
    if (this.#lost === 0) return;
    this.#write('lost', { kind: 'lost', events: this.#lost }, last);
    this.#lost = 0;
  }

  #write(name: string, data: unknown, number: number | undefined): void {
    this.#put(name, JSON.stringify(data), number);
  }

  #put(name: string, text: string, number: number | undefined): void {
    this.#response.write(`event: ${name}\nid: ${this.#history.idOf(number)}\ndata: ${text}\n\n`);
  }
}

/** Returns an id without characters that would end its line. */
function safe(id: string): string {
  return id.replace(/[^\w-]/g, '').slice(0, 64);
}
