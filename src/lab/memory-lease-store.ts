import type { Clock } from '../clock.ts';
import type { LeaseRecord, LeaseStore } from '../dhcp/lease-record.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';

/** A disk in memory: its content outlives a crash, pending writes do not. */
export class MemoryLeaseStore implements LeaseStore {
  /** The time of a write, in milliseconds. */
  latency: number;
  /** True if writes fail. */
  failing = false;
  readonly #clock: Clock;
  readonly #records = new Map<Ipv4Address, LeaseRecord>();
  #generation = 0;

  constructor(clock: Clock, latency: number) {
    this.#clock = clock;
    this.latency = latency;
  }

  append(record: LeaseRecord, done: (error?: Error) => void): void {
    this.#write(done, () => this.#records.set(record.address, record));
  }

  recover(done: (error?: Error) => void): void {
    this.#write(done, () => undefined);
  }

  /** Returns the content of the disk. */
  records(): readonly LeaseRecord[] {
    return [...this.#records.values()];
  }

  /** Drops pending writes; their callbacks are not called. */
  crash(): void {
    this.#generation++;
  }

  #write(done: (error?: Error) => void, write: () => void): void {
    const generation = this.#generation;
    const { failing } = this;
    const end = (): void => {
      if (generation !== this.#generation) return;
      if (!failing) write();
      done(failing ? new Error('no space left on the disk') : undefined);
    };
    if (this.latency > 0) this.#clock.after(this.latency, end);
    else end();
  }
}
