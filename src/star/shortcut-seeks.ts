import type { Clock } from '../clock.ts';
import type { Talk } from '../switch/talk.ts';

/** The bounds on questions about stations. Times are in milliseconds. */
const bounds = { stations: 512, firstPause: 1000, longestPause: 60_000, forgiven: 10_000 } as const;

/** The questions that a slave asks its master: each station at most once a second, and less often while that leads to no shortcut. */
export class Seeks {
  readonly #clock: Clock;
  /** The station asked about last is the last. */
  readonly #asked = new Map<string, { readonly again: number; readonly pause: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns whether the master may be asked about a station now. If so, that is counted. */
  mayAsk(station: Talk): boolean {
    const now = this.#clock.monotonic();
    const name = nameOf(station);
    const before = this.#asked.get(name);
    if (before && now < before.again) return false;
    const pause = before && now < before.again + bounds.forgiven ? before.pause : bounds.firstPause;
    this.#asked.delete(name);
    this.#asked.set(name, { again: now + pause, pause: Math.min(bounds.longestPause, pause * 2) });
    if (this.#asked.size > bounds.stations) for (const oldest of [...this.#asked.keys()].slice(0, 1)) this.#asked.delete(oldest);
    return true;
  }
}

function nameOf({ vid, mac }: Talk): string {
  return `${vid} ${mac}`;
}
