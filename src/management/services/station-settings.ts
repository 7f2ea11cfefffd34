import type { Switch } from '../../switch/switch.ts';

const second = 1_000;

/**
 * The settings of the station table in the original's terms: a table of buckets that is swept at intervals. This switch has neither buckets
 * nor such sweeps. The size only affects printed lines, and an interval of 0 means that no station expires, as in the original.
 */
export class StationSettings {
  /** A power of two. */
  size: number;
  readonly #switch: Switch;
  #gcInterval = 2;
  #expire: number;
  #minPersistence: number;

  constructor(owner: Switch, size = 128) {
    this.size = bucketsFor(size);
    this.#switch = owner;
    this.#expire = Math.round(owner.database.ageingTime / second);
    this.#minPersistence = Math.round(owner.database.minPersistence / second);
  }

  /** In seconds, like all times here. */
  get gcInterval(): number {
    return this.#gcInterval;
  }

  set gcInterval(seconds: number) {
    this.#gcInterval = seconds;
    this.#age();
  }

  get expire(): number {
    return this.#expire;
  }

  set expire(seconds: number) {
    this.#expire = seconds;
    this.#age();
  }

  get minPersistence(): number {
    return this.#minPersistence;
  }

  set minPersistence(seconds: number) {
    this.#minPersistence = seconds;
    this.#switch.database.minPersistence = Math.max(0, seconds) * second;
  }

  #age(): void {
    this.#switch.database.ageingTime = this.#gcInterval === 0 ? Infinity : Math.max(0, this.#expire) * second;
  }
}

/** Returns the next power of two. */
export function bucketsFor(size: number): number {
  return 2 ** Math.ceil(Math.log2(size));
}
