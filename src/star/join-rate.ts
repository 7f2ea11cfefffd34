import type { Clock } from '../clock.ts';

/** The bounds on joins of keys that the group does not know yet. */
export interface JoinRates {
  /** Joins of one address: at once, and then a second. Defaults: 256 and 20. */
  readonly addressBurst?: number;
  readonly addressRate?: number;
  /** Joins of all addresses: at once, and then a second. Defaults: 1,024 and 100. */
  readonly burst?: number;
  readonly rate?: number;
}

/** The most addresses that are remembered. One that is forgotten has its whole burst again; the bound on all holds. */
const mostAddresses = 4096;

/** The rate of joins: a bucket for each address, and one for all. */
export class JoinRate {
  readonly #clock: Clock;
  readonly #addressBurst: number;
  readonly #addressRate: number;
  readonly #all: Bucket;
  /** The bucket used last is the last. */
  readonly #addresses = new Map<string, Bucket>();

  constructor(clock: Clock, { addressBurst = 256, addressRate = 20, burst = 1024, rate = 100 }: JoinRates = {}) {
    this.#clock = clock;
    this.#addressBurst = addressBurst;
    this.#addressRate = addressRate;
    this.#all = new Bucket(burst, rate, clock.monotonic());
  }

  /** Counts a join from a host. Returns false if there are too many: then it is not counted. */
  take(host: string): boolean {
    const now = this.#clock.monotonic();
    const bucket = this.#addresses.get(host) ?? new Bucket(this.#addressBurst, this.#addressRate, now);
    this.#addresses.delete(host);
    this.#addresses.set(host, bucket);
    if (this.#addresses.size > mostAddresses) this.#forgetOldest();
    const room = bucket.has(now) && this.#all.has(now);
    if (!room) return false;
    bucket.take();
    this.#all.take();
    return true;
  }

  #forgetOldest(): void {
    for (const host of this.#addresses.keys()) {
      this.#addresses.delete(host);
      return;
    }
  }
}

class Bucket {
  readonly #size: number;
  readonly #rate: number;
  #level: number;
  #at: number;

  constructor(size: number, rate: number, now: number) {
    this.#size = size;
    this.#rate = rate;
    this.#level = size;
    this.#at = now;
  }

  has(now: number): boolean {
    this.#level = Math.min(this.#size, this.#level + ((now - this.#at) / 1000) * this.#rate);
    this.#at = now;
    return this.#level >= 1;
  }

  take(): void {
    this.#level -= 1;
  }
}
