/** Between the table of leases and its store: what changed is kept, and what could not be is kept as soon as the store works again. */
import type { Clock, Timer } from '../clock.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';
import { infiniteLease } from './config.ts';
import type { LeaseRecord, LeaseStore } from './lease-record.ts';
import type { Lease, Leases } from './leases.ts';

/** What a ledger works with, and whom it tells. */
export interface LedgerOptions {
  readonly leases: Leases;
  readonly store: LeaseStore;
  readonly clock: Clock;
  /** Called once when the store begins to fail, and once when it works again. */
  readonly failed: (error: Error) => void;
  readonly recovered: () => void;
}

/** Milliseconds between two attempts to bring a failed store back. */
const retryTime = 5000;

/** Writes the table's entries to its store. */
export class Ledger implements Disposable {
  readonly #options: LedgerOptions;
  /** Addresses of which the store may have another opinion than the table. */
  readonly #owed = new Set<Ipv4Address>();
  #hasFailed = false;
  #pending = 0;
  #retry: Timer | undefined;

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  /** The store does not work. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** How many entries are on their way. */
  get pending(): number {
    return this.#pending;
  }

  /** Keeps the entry of an address as it is now. `done` tells whether it is durable; it is false while the store does not work. */
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

  /** Writes what is owed; what comes up meanwhile is owed too, so again until nothing is. */
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

/** What the store shall know of an address now. Rounded so that no lease ends on disk before it does for its client. */
function recordOf(address: Ipv4Address, lease: Lease | undefined, clock: Clock): LeaseRecord {
  const now = clock.wall();
  const entry = lease?.promise ?? lease;
  if (entry === undefined || entry.state === 'offered' || entry.state === 'quarantined') {
    return { address, state: 'forgotten', key: '', mac: 0 as MacAddress, since: Math.ceil(now / 1000), duration: 0 };
  }
  const { key, mac, hostname, expires, duration, state } = entry;
  const names = { address, key, mac, ...(hostname === undefined ? {} : { hostname }) };
  if (state === 'idle') return { ...names, state: 'released', since: Math.ceil(now / 1000), duration: 0 };
  // By its beginning, so that a lease which goes on unchanged is the same record.
  const age = duration === infiniteLease ? 0 : duration * 1000 - (expires - clock.monotonic());
  return { ...names, state: 'bound', since: Math.ceil((now - age) / 1000), duration };
}
