/** The number of addresses of others that each station claims. A station with many claims answers on behalf of others, or lies. */
import type { Ipv4Address } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';

/** The number of addresses that a station may claim and be believed; a host has a few. */
const mostBelieved = 4;
/** The most stations that are remembered at a time: those that claimed last. */
const maxStations = 1024;

/** The result of a further claim of a station. */
export type ClaimVerdict =
  | { readonly kind: 'believed' }
  /** It has just claimed too many; the claims of these addresses were believed. */
  | { readonly kind: 'exposed'; readonly addresses: readonly Ipv4Address[] }
  /** It claimed too many before. */
  | { readonly kind: 'disbelieved' };

/** The claims of the current period, which begins for all stations together. */
export class Claims {
  readonly #window: number;
  readonly #claimed = new Map<MacAddress, Set<Ipv4Address>>();
  #since = -Infinity;

  /** `window` is in milliseconds. */
  constructor(window: number) {
    this.#window = window;
  }

  /** Notes that a station claims an address at `now`. */
  note(station: MacAddress, address: Ipv4Address, now: number): ClaimVerdict {
    if (now - this.#since >= this.#window) {
      this.#claimed.clear();
      this.#since = now;
    }
    const claimed = this.#claimed.get(station) ?? new Set();
    if (claimed.size > mostBelieved) return { kind: 'disbelieved' };
    const addresses = [...claimed];
    claimed.add(address);
    this.#claimed.set(station, claimed);
    const [oldest] = this.#claimed.keys();
    if (this.#claimed.size > maxStations && oldest !== undefined) this.#claimed.delete(oldest);
    return claimed.size > mostBelieved ? { kind: 'exposed', addresses } : { kind: 'believed' };
  }
}
