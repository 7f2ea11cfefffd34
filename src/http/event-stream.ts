import type { ServerResponse } from 'node:http';
import type { Events, TimedEvent } from '../management/events.ts';

/** The most octets that wait for one reader. Later events are lost for it, and counted. */
const mostWaiting = 65_536;

/**
 * Sends the events of a service to one reader, as server-sent events: the name is the event's kind, the data its JSON. A reader that is too
 * slow gets an event `lost` with the number of those that it missed. [HTML, 9.2]
 */
export class EventStream implements Disposable {
  readonly #response: ServerResponse;
  readonly #subscription: Disposable;
  #lost = 0;

  /** Begins at once. `kinds` selects events; an empty set selects all. */
  constructor(response: ServerResponse, events: Events, kinds: ReadonlySet<string>) {
    this.#response = response;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', connection: 'close' });
    // A comment: the reader knows from here on that it misses nothing.
    response.write(': events\n\n');
    response.on('drain', () => this.#tellLost());
    this.#subscription = events.subscribe((event) => {
      if (kinds.size === 0 || kinds.has(event.kind)) this.#send(event);
    });
  }

  /** Ends the subscription, and the answer. */
  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    this.#response.end();
  }

  #send(event: TimedEvent): void {
    if (this.#response.writableLength > mostWaiting) {
      this.#lost += 1;
      return;
    }
    this.#tellLost();
    this.#write(event.kind, event);
  }

  #tellLost(): void {
    if (this.#lost === 0) return;
    this.#write('lost', { kind: 'lost', events: this.#lost });
    this.#lost = 0;
  }

  #write(name: string, data: unknown): void {
    this.#response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }
}
