import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import { newToken } from './token.ts';

/** How long a ticket is good, in milliseconds. */
export const ticketTime = 10_000;

/** The most tickets at a time. The oldest one is then good no more. */
const mostTickets = 256;

/** The wish for a ticket: the path of a GET, without its query. */
export const ticketWish = z.strictObject({ path: z.string().startsWith('/').max(1000).describe('of the GET, without its query') });

/** A new ticket. */
export const ticketView = z.object({ ticket: z.string().describe('for the query: ?ticket=…'), seconds: z.number() });

/** A ticket that waits for its request. */
interface Ticket {
  readonly path: string;
  readonly until: number;
}

/**
 * Tickets: each lets one GET of one path in, without the token, within 10 s. A browser can send no header when it opens a WebSocket or
 * a download, and its history and logs would keep a token in a path.
 */
export class Tickets {
  readonly #clock: Clock;
  readonly #random: Random;
  /** The tickets, the oldest first. */
  readonly #tickets = new Map<string, Ticket>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Returns a new ticket for a path. */
  make(path: string): string {
    const now = this.#clock.monotonic();
    for (const [text, { until }] of this.#tickets) {
      if (until > now && this.#tickets.size < mostTickets) break;
      this.#tickets.delete(text);
    }
    const text = newToken(this.#random);
    this.#tickets.set(text, { path, until: now + ticketTime });
    return text;
  }

  /** Uses a ticket up, whether it fits or not. Returns true if it is good for that path. */
  use(text: string, path: string): boolean {
    const ticket = this.#tickets.get(text);
    this.#tickets.delete(text);
    return ticket?.path === path && this.#clock.monotonic() < ticket.until;
  }
}
