/** Connects the table of leases with its store: changes are stored, and failed ones are stored as soon as the store works again. */
import type { Clock, Timer } from '../clock.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';
import { infiniteLease } from './config.ts';
import type { LeaseRecord, LeaseStore } from './lease-record.ts';
import type { Lease, Leases } from './leases.ts';

/** The parts that a ledger works with, and its callbacks. */
export interface LedgerOptions {
  readonly leases: Leases;
  readonly store: LeaseStore;
  readonly clock: Clock;
  /** Called once when the store begins to fail, and once when it works again. */
  readonly failed: (error: Error) => void;
  readonly recovered: () => void;
}

/** Milliseconds between two attempts to recover a failed store. */
const retryTime = 5000;

/** Writes the table's entries to its store. */
export class Ledger implements Disposable {
  readonly #options: LedgerOptions;
  /** Addresses whose stored record may be stale. */
  readonly #owed = new Set<Ipv4Address>();
  #hasFailed = false;
  #pending = 0;
  #retry: Timer | undefined;

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  /** True if the store does not work. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** The number of entries that the store has not confirmed yet. */
  get pending(): number {
    return this.#pending;
  }

  /** Stores the entry of an address as it is now. `done` gets true if it is durable; it gets false while the store does not work. */
  keep(address: Ipv4Address, done: (durable: boolean) => void): void {
    if (this.#hasFailed) {
      this.#owed.add(address);
      done(false);
      return;
    }
    this.#append(address, (error) => {
      if (error !== undefined) this.#fail(error);
      done(error === undefined);
    });
  }

  [Symbol.dispose](): void {
    this.#retry?.[Symbol.dispose]();
  }

  #append(address: Ipv4Address, done: (error?: Error) => void): void {
    const { leases, store, clock } = this.#options;
    const entry = leases.at(address);
    this.#pending++;
    store.append(recordOf(address, entry, clock), (error) => {
      this.#pending--;
      if (error !== undefined) this.#owed.add(address);
      else if (entry !== undefined) leases.confirm(address, entry.key);
      done(error);
    });
  }

  #fail(error: Error): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#options.failed(error);
    this.#retryLater();
  }

  #retryLater(): void {
    this.#retry = this.#options.clock.after(retryTime, () => {
      this.#options.store.recover((error) => {
        if (error === undefined) this.#settle();
        else this.#retryLater();
      });
    });
  }

  /** Writes the owed records. Changes in the meantime are owed too, so it repeats until none is left. */
  #settle(): void {
    if (this.#owed.size === 0) {
      this.#hasFailed = false;
      this.#options.recovered();
      return;
    }
    const owed = [...this.#owed];
    this.#owed.clear();
    let open = owed.length;
    let failure: Error | undefined;
    for (const address of owed) {
      this.#append(address, (error) => {
        failure ??= error;
        if (--open > 0) return;
        if (failure === undefined) this.#settle();
        else this.#retryLater();
      });
    }
  }
}

/**
 * Returns the record that the store should have of an address. It is rounded so that a lease never ends on disk before it does for its
 * client.
 */
function recordOf(address: Ipv4Address, lease: Lease | undefined, clock: Clock): LeaseRecord {
  const now = clock.wall();
  const entry = lease?.promise ?? lease;
  if (entry === undefined || entry.state === 'offered' || entry.state === 'quarantined') {
    return { address, state: 'forgotten', key: '', mac: 0 as MacAddress, since: Math.ceil(now / 1000), duration: 0 };
  }
  const { key, mac, hostname, expires, duration, state } = entry;
  const names = { address, key, mac, ...(hostname === undefined ? {} : { hostname }) };
  if (state === 'idle') return { ...names, state: 'released', since: Math.ceil(now / 1000), duration: 0 };
  // Derived from the beginning of the lease, so that an unchanged lease always has the same record.
  const age = duration === infiniteLease ? 0 : duration * 1000 - (expires - clock.monotonic());
  return { ...names, state: 'bound', since: Math.ceil((now - age) / 1000), duration };
}
