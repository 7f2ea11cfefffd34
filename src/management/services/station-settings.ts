import type { Switch } from '../../switch/switch.ts';

const second = 1_000;

/**
 * How stations are remembered, in the original's terms: a table of buckets that is swept at intervals. Ours has no such buckets and no such
 * sweeps: the size shows in what is printed, and an interval of 0 means that no station is ever too old, as it does there.
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
    this.#expire = Math.round(owner.ageing.ageingTime / second);
    this.#minPersistence = Math.round(owner.ageing.minPersistence / second);
  }

  /** Seconds, as all here. */
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
    this.#switch.ageing.minPersistence = Math.max(0, seconds) * second;
  }

  #age(): void {
    this.#switch.ageing.ageingTime = this.#gcInterval === 0 ? Infinity : Math.max(0, this.#expire) * second;
  }
}

/** The next power of two. */
export function bucketsFor(size: number): number {
  return 2 ** Math.ceil(Math.log2(size));
}
