/** Who has which address, and until when. In memory only; all times are of the monotonic clock. Every operation takes bounded time. */
import type { PortNumber } from '../ports/port.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import { infiniteLease, isDynamic, type DhcpConfig } from './config.ts';
import { newEntry, nobody, type Entry } from './entry.ts';
import { ExpiryQueue } from './expiry-queue.ts';
import { FreeAddresses } from './free-addresses.ts';
import { keyOfMac, type Client, type Lease, type LeaseChange } from './lease.ts';
import type { LeaseRecord } from './lease-record.ts';
import { PortHoldings } from './port-holdings.ts';

export type { Client, Lease, LeaseChange, LeaseState } from './lease.ts';

/** Milliseconds that a client must be heard on another port, and not on its own, to have moved there; a port that closes is no one's own. */
const settleTime = 5000;

/** The most addresses in quarantine; then the one that is there longest is let go. */
const maxQuarantined = 1024;

/** The table of leases. */
export class Leases {
  readonly #config: DhcpConfig;
  readonly #byAddress = new Map<Ipv4Address, Entry>();
  readonly #byKey = new Map<string, Entry>();
  readonly #ends = new ExpiryQueue<Entry>();
  /** In the order in which they became idle: the first was not used for longest. */
  readonly #idle = new Set<Entry>();
  readonly #quarantined = new Set<Entry>();
  readonly #holdings: PortHoldings<Entry>;
  /** Leases of which the port closed, and when: the first to close is the first. */
  readonly #orphans = new Map<Entry, number>();
  readonly #free: FreeAddresses;

  constructor(config: DhcpConfig) {
    this.#config = config;
    this.#holdings = new PortHoldings(config);
    this.#free = new FreeAddresses(config);
  }

  /** How many addresses have an entry. */
  get size(): number {
    return this.#byAddress.size;
  }

  /** The entry of an address, or undefined when nothing is known of it. */
  at(address: Ipv4Address): Lease | undefined {
    return this.#byAddress.get(address);
  }

  /** The latest entry of a client, or undefined when it is not known. */
  of(key: string): Lease | undefined {
    return this.#byKey.get(key);
  }

  /** All entries, in no order. */
  entries(): IterableIterator<Lease> {
    return this.#byAddress.values();
  }

  /** Whether one more address can be remembered, or this one is. */
  hasRoomFor(address: Ipv4Address): boolean {
    return this.#byAddress.size < this.#config.maxLeases || this.#idle.size > 0 || this.#byAddress.has(address);
  }

  /** Whether clients of the port have as many addresses as they may, or `most`, or too many are out of use by its word. */
  isPortFull(port: PortNumber, most = this.#config.maxPortLeases): boolean {
    return this.#holdings.roomAt(port, most) <= 0;
  }

  /**
   * Returns an address for a client that has none, but for those that `refused` excludes: always the same for the same client while that
   * is free, so that a server that lost its memory gives the same again; then the next free one; then the one that is idle for longest;
   * then the lease of which the port is closed for longest. Undefined when there is none.
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

  /** The station at a port is gone: what it was offered is free, and what it has is given to others when nothing else is left. */
  closePort(port: PortNumber, now: number): void {
    for (const entry of this.#holdings.close(port)) {
      entry.ingress = undefined;
      entry.moving = undefined;
      if (entry.state === 'offered') this.#leave(entry);
      else if (entry.state === 'bound' && entry.pooled) this.#orphans.set(entry, now);
    }
  }

  /** Whether the client of an address is on that port: nothing else is known, or it was heard there and nowhere else for a while. */
  isAt(address: Ipv4Address, port: PortNumber, now: number): boolean {
    const { ingress, moving } = this.#byAddress.get(address) ?? {};
    if (ingress === undefined || ingress === port) return true;
    return moving?.port === port && now - moving.since >= settleTime;
  }

  /** The client of an address was heard on a port. It is taken to have moved there when `isAt` says so: a frame that bears its address is soon forged. */
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

  /** When the next entry ends, in milliseconds; Infinity when none does. */
  nextExpiry(): number {
    return this.#ends.first()?.expires ?? Infinity;
  }

  /** Ends all that is due, and returns the leases among it. */
  expire(now: number): readonly Lease[] {
    const ended: Lease[] = [];
    for (let entry = this.#ends.first(); entry !== undefined && entry.expires <= now; entry = this.#ends.first()) {
      if (entry.state === 'bound') ended.push({ ...entry });
      this.#leave(entry);
    }
    return ended;
  }

  /** Does it, and returns the entry afterwards; undefined when there is none. */
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

  /** The store has the client's lease now. */
  confirm(address: Ipv4Address, key: string): void {
    const entry = this.#byAddress.get(address);
    if (entry?.state === 'bound' && entry.key === key) entry.durable = true;
  }

  /**
   * Takes up what a store kept. `now` and `wall`, in milliseconds, are the same moment. A lease lasts what is left of it, and never
   * longer than it was given for, wherever the wall clock was set meanwhile.
   */
  restore(records: Iterable<LeaseRecord>, now: number, wall: number): void {
    const end = (record: LeaseRecord): number => record.since + record.duration;
    const kept = Array.from(records).sort((a, b) => end(a) - end(b));
    for (const record of kept) {
      const { address, state, mac, hostname, duration } = record;
      if (state === 'forgotten') continue;
      // It may have been kept before clients were known by their MAC addresses.
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

  /** One port's offers must not be all that there is, also with its leases: the oldest makes room for the next. */
  #makeRoomAt(port: PortNumber, mostOffers: number): void {
    if (this.#holdings.offeredAt(port) < Math.min(mostOffers, this.#holdings.roomAt(port))) return;
    const oldest = this.#holdings.oldestOffer(port);
    if (oldest !== undefined) this.#leave(oldest);
  }

  /** After quarantine an address is again that of the client to which it is promised, unless that has another one by now. */
  #keepPromise(promise: Lease | undefined): void {
    if (promise === undefined || this.#byKey.has(promise.key)) return;
    const entry = this.#hold(promise.address, promise, 'bound', promise.expires);
    entry.duration = promise.duration;
    entry.durable = promise.durable;
    entry.remembered = true;
  }

  /** What was offered or bound becomes idle if there is somebody to remember, and goes otherwise. */
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
    // A holder that gives its address up is done with it; one that others contradict may not know.
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
