import type { Clock } from '../clock.ts';
import type { LeaseRecord, LeaseStore } from '../dhcp/lease-record.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';

/** A disk in memory: what is on it outlives a crash, what is still on its way does not. */
export class MemoryLeaseStore implements LeaseStore {
  /** How long writing takes, in milliseconds. */
  latency: number;
  /** When set, it cannot be written to. */
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

  /** What is on the disk. */
  records(): readonly LeaseRecord[] {
    return [...this.#records.values()];
  }

  /** Loses what is on its way; nobody is told of it any more. */
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
