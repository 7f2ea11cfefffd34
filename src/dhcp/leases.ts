/**
 * The leases: the client of each address, and the end of its lease. In memory only; all times are of the monotonic clock. Every operation
 * takes bounded time.
 */
import type { PortNumber } from '../ports/pure/port.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import { infiniteLease, isDynamic, type DhcpConfig } from './config.ts';
import { newEntry, nobody, type Entry } from './entry.ts';
import { ExpiryQueue } from './expiry-queue.ts';
import { FreeAddresses } from './free-addresses.ts';
import { keyOfMac, type Client, type Lease, type LeaseChange } from './lease.ts';
import type { LeaseRecord } from './lease-record.ts';
import { PortHoldings } from './port-holdings.ts';

export type { Client, Lease, LeaseChange, LeaseState } from './lease.ts';

/**
 * How long a client's frames must come from another port, and none from its own, before it has moved there, in milliseconds. A closed port is never
 * its own.
 */
const settleTime = 5000;

/** The most addresses in quarantine; a further one releases the oldest. */
const maxQuarantined = 1024;

/** The table of leases. */
export class Leases {
  readonly #config: DhcpConfig;
  readonly #byAddress = new Map<Ipv4Address, Entry>();
  readonly #byKey = new Map<string, Entry>();
  readonly #ends = new ExpiryQueue<Entry>();
  /** In the order in which they became idle: the first has been unused for the longest time. */
  readonly #idle = new Set<Entry>();
  readonly #quarantined = new Set<Entry>();
  readonly #holdings: PortHoldings<Entry>;
  /** Leases whose port closed, with the time, in the order of closing. */
  readonly #orphans = new Map<Entry, number>();
  readonly #free: FreeAddresses;

  constructor(config: DhcpConfig) {
    this.#config = config;
    this.#holdings = new PortHoldings(config);
    this.#free = new FreeAddresses(config);
  }

  /** The number of addresses with an entry. */
  get size(): number {
    return this.#byAddress.size;
  }

  /** Returns the entry of an address, or undefined if it has none. */
  at(address: Ipv4Address): Lease | undefined {
    return this.#byAddress.get(address);
  }

  /** Returns the latest entry of a client, or undefined if it is not known. */
  of(key: string): Lease | undefined {
    return this.#byKey.get(key);
  }

  /** Returns all entries, in no order. */
  entries(): IterableIterator<Lease> {
    return this.#byAddress.values();
  }

  /** Returns whether one more address can be remembered, or this one is already. */
  hasRoomFor(address: Ipv4Address): boolean {
    return this.#byAddress.size < this.#config.maxLeases || this.#idle.size > 0 || this.#byAddress.has(address);
  }

  /** Returns whether clients of the port have as many addresses as allowed, or `most`, or claims from it have put too many out of use. */
  isPortFull(port: PortNumber, most = this.#config.maxPortLeases): boolean {
    return this.#holdings.roomAt(port, most) <= 0;
  }

  /**
   * Returns an address for a client without one; `refused` excludes addresses. It is always the same for the same client while that is
   * free, so that a server without its memory gives the same again. Otherwise it is the next free one, then the one that has been idle longest, then
   * the lease whose port has been closed longest. Returns undefined if there is none.
   */
  candidate(key: string, now: number, refused: (address: Ipv4Address) => boolean): Ipv4Address | undefined {
    const fresh = this.#byAddress.size < this.#config.maxLeases ? this.#free.find(key, refused) : undefined;
    if (fresh !== undefined) return fresh;
    for (const { address } of this.#idle) if (!refused(address)) return address;
    for (const [{ address }, since] of this.#orphans) {
      if (since + this.#config.orphanTime * 1000 > now) return undefined;
      if (!refused(address)) return address;
    }
    return undefined;
  }

  /** Notes that the station at a port has left. Its offers end; its leases are given to others when no other address is left. */
  closePort(port: PortNumber, now: number): void {
    for (const entry of this.#holdings.close(port)) {
      entry.ingress = undefined;
      entry.moving = undefined;
      if (entry.state === 'offered') this.#leave(entry);
      else if (entry.state === 'bound' && entry.pooled) this.#orphans.set(entry, now);
    }
  }

  /**
   * Returns whether the client of an address may be on that port: its port is not known, or for a while only this port has received its frames.
   */
  isAt(address: Ipv4Address, port: PortNumber, now: number): boolean {
    const { ingress, moving } = this.#byAddress.get(address) ?? {};
    if (ingress === undefined || ingress === port) return true;
    return moving?.port === port && now - moving.since >= settleTime;
  }

  /**
   * Notes a frame of the client of an address on a port. The client has moved there only if `isAt` agrees, since a frame with its address
   * is easily forged.
   */
  heard(address: Ipv4Address, port: PortNumber, now: number): void {
    const entry = this.#byAddress.get(address);
    if (entry === undefined || (entry.state !== 'offered' && entry.state !== 'bound')) return;
    if (!this.isAt(address, port, now)) {
      if (entry.moving?.port !== port) entry.moving = { port, since: now };
      return;
    }
    entry.moving = undefined;
    if (entry.ingress === port) return;
    entry.ingress = port;
    this.#orphans.delete(entry);
    this.#holdings.put(entry);
  }

  /** Returns when the next entry ends, in milliseconds; Infinity if none does. */
  nextExpiry(): number {
    return this.#ends.first()?.expires ?? Infinity;
  }

  /** Ends all entries that are due, and returns the leases among them. */
  expire(now: number): readonly Lease[] {
    const ended: Lease[] = [];
    for (let entry = this.#ends.first(); entry !== undefined && entry.expires <= now; entry = this.#ends.first()) {
      if (entry.state === 'bound') ended.push({ ...entry });
      this.#leave(entry);
    }
    return ended;
  }

  /** Applies a change, and returns the entry afterwards; undefined if there is none. */
  apply(change: LeaseChange): Lease | undefined {
    if (change.kind === 'offer') return this.#hold(change.address, change.client, 'offered', change.expires);
    if (change.kind === 'quarantine') return this.#quarantine(change);
    if (change.kind === 'bind') {
      const entry = this.#hold(change.address, change.client, 'bound', change.expires);
      entry.duration = change.duration;
      entry.remembered = true;
      return entry;
    }
    const entry = this.#byAddress.get(change.address);
    if (entry === undefined) return undefined;
    if (change.kind === 'withdraw' && entry.state === 'bound') entry.remembered = false;
    this.#leave(entry);
    return this.#byAddress.get(change.address);
  }

  /** Notes that the store has the client's lease. */
  confirm(address: Ipv4Address, key: string): void {
    const entry = this.#byAddress.get(address);
    if (entry?.state === 'bound' && entry.key === key) entry.durable = true;
  }

  /**
   * Restores stored records. `now` and `wall`, in milliseconds, are the same moment. A lease lasts for its remaining time, and never longer
   * than its duration, even if the wall clock was changed meanwhile.
   */
  restore(records: Iterable<LeaseRecord>, now: number, wall: number): void {
    const end = (record: LeaseRecord): number => record.since + record.duration;
    const kept = Array.from(records).sort((a, b) => end(a) - end(b));
    for (const record of kept) {
      const { address, state, mac, hostname, duration } = record;
      if (state === 'forgotten') continue;
      // The record may have been stored before clients were identified by their MAC addresses.
      const key = this.#config.leasePerMac ? keyOfMac(mac) : record.key;
      const left = Math.min(end(record) - Math.floor(wall / 1000), duration);
      const expires = duration === infiniteLease ? Infinity : now + left * 1000;
      const entry = this.#hold(address, { key, mac, hostname, ingress: undefined }, 'bound', expires);
      entry.duration = duration;
      entry.durable = true;
      entry.remembered = true;
      if (state === 'released' || entry.expires <= now) this.#leave(entry);
    }
  }

  #hold(address: Ipv4Address, client: Client, state: 'offered' | 'bound', expires: number): Entry {
    let entry = this.#byAddress.get(address);
    const isNew = entry?.key !== client.key || entry.state === 'idle';
    if (isNew && client.ingress !== undefined)
      this.#makeRoomAt(client.ingress, state === 'offered' ? this.#config.maxPortOffers : Infinity);
    if (entry?.key !== client.key) {
      if (entry !== undefined) this.#remove(entry);
      entry = this.#add(address, client.key);
    }
    const previous = this.#byKey.get(client.key);
    if (previous !== entry && previous?.state === 'offered') this.#leave(previous);
    this.#byKey.set(client.key, entry);
    this.#idle.delete(entry);
    this.#orphans.delete(entry);
    entry.mac = client.mac;
    entry.hostname = client.hostname ?? entry.hostname;
    entry.ingress ??= client.ingress;
    if (entry.state !== 'bound') entry.durable = false;
    entry.state = state;
    entry.expires = expires;
    this.#ends.put(entry);
    this.#holdings.put(entry);
    return entry;
  }

  /** Limits the offers and leases of one port: the oldest offer makes room for the next. */
  #makeRoomAt(port: PortNumber, mostOffers: number): void {
    if (this.#holdings.offeredAt(port) < Math.min(mostOffers, this.#holdings.roomAt(port))) return;
    const oldest = this.#holdings.oldestOffer(port);
    if (oldest !== undefined) this.#leave(oldest);
  }

  /** Returns an address after quarantine to the client that it is promised to, unless that client has another one by now. */
  #keepPromise(promise: Lease | undefined): void {
    if (promise === undefined || this.#byKey.has(promise.key)) return;
    const entry = this.#hold(promise.address, promise, 'bound', promise.expires);
    entry.duration = promise.duration;
    entry.durable = promise.durable;
    entry.remembered = true;
  }

  /** Makes an offer or lease idle if it has a client to remember, and removes it otherwise. */
  #leave(entry: Entry): void {
    if (entry.state === 'quarantined') {
      this.#remove(entry);
      this.#keepPromise(entry.promise);
      return;
    }
    if (!entry.remembered || !isDynamic(this.#config, entry.address)) {
      this.#remove(entry);
      return;
    }
    entry.state = 'idle';
    entry.expires = Infinity;
    entry.ingress = undefined;
    entry.moving = undefined;
    this.#holdings.drop(entry);
    this.#orphans.delete(entry);
    this.#ends.remove(entry);
    this.#idle.add(entry);
  }

  #quarantine({ address, user, ingress, expires }: Extract<LeaseChange, { kind: 'quarantine' }>): Entry {
    const before = this.#byAddress.get(address);
    // A holder that declines its address has given it up; the holder of an address that another station claims may not know of the claim.
    const promise = user === undefined ? undefined : before?.state === 'bound' ? before : before?.promise;
    if (before !== undefined) this.#remove(before);
    for (const oldest of this.#quarantined) {
      if (this.#quarantined.size < maxQuarantined) break;
      this.#leave(oldest);
    }
    const entry = this.#add(address, '');
    entry.mac = user ?? nobody;
    entry.state = 'quarantined';
    entry.ingress = ingress;
    entry.promise = promise;
    entry.expires = Math.max(expires, promise?.expires ?? 0);
    this.#quarantined.add(entry);
    this.#ends.put(entry);
    this.#holdings.put(entry);
    return entry;
  }

  #add(address: Ipv4Address, key: string): Entry {
    for (const oldest of this.size < this.#config.maxLeases ? [] : this.#idle) {
      if (this.size < this.#config.maxLeases) break;
      this.#remove(oldest);
    }
    const entry = newEntry(address, key, isDynamic(this.#config, address));
    this.#byAddress.set(address, entry);
    this.#free.take(address);
    return entry;
  }

  #remove(entry: Entry): void {
    this.#byAddress.delete(entry.address);
    if (this.#byKey.get(entry.key) === entry) this.#byKey.delete(entry.key);
    this.#ends.remove(entry);
    this.#idle.delete(entry);
    this.#quarantined.delete(entry);
    this.#holdings.drop(entry);
    this.#orphans.delete(entry);
    this.#free.give(entry.address);
  }
}
