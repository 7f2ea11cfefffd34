import type { Clock, Timer } from '../clock.ts';
import { assert } from '../errors.ts';
import type { Vid } from '../wire/dot1q.ts';
import { writeMac, type MacAddress } from '../wire/mac.ts';
import { highOf, lowOf, nowhere, StationTable } from './station-table.ts';

/** The bounds of a filtering database. */
export interface FdbOptions {
  /** How long a silent station is remembered, in milliseconds; by default 100,000. [IEEE 802.1Q, 8.8.3] */
  readonly ageingTime?: number;
  /** How long after its last frame a station cannot be taken over by another port, in milliseconds; by default 3,000. */
  readonly minPersistence?: number;
  /** The most stations that are remembered, over all VLANs; by default 65,536. */
  readonly maxEntries?: number;
  /** A 32-bit number that other stations cannot guess, so that they cannot choose addresses that slow the database down; by default 0. */
  readonly seed?: number;
}

/** A remembered station. */
export interface FdbEntry<Port> {
  readonly vid: Vid;
  readonly mac: MacAddress;
  readonly port: Port;
  /** Milliseconds since its last frame. */
  readonly age: number;
}

/** The result of learning a source: `held` means that the station stays at its old port, which received a frame from it a moment ago. */
export type Learned = 'known' | 'new' | 'moved' | 'held';

/** A port with its stations. */
interface Holder<Port> {
  readonly port: Port;
  /** Its number in the table; not 0. */
  readonly number: number;
  size: number;
}

const sweepInterval = 2_000;

/** The number of slots that are swept at a time. */
const sweepBudget = 16_384;

/**
 * Of `evictionSample` stations of the greediest port, the one silent longest is evicted. The search ends after `evictionSlots` slots.
 */
const evictionSample = 8;
const evictionSlots = 1_024;

/**
 * The filtering database: the port behind which each station is, per VLAN. [IEEE 802.1Q, 8.8] It is bounded. When it is full, the port
 * with the most stations gives up one that has been silent for long; so a port that forges source addresses can only evict its own
 * entries. For a known station, the frame path allocates nothing and takes the same time with any number of stations.
 */
export class Fdb<Port> {
  /** As in the options; may be changed. */
  ageingTime: number;
  /** As in the options; may be changed. */
  minPersistence: number;
  /** As in the options. */
  readonly maxEntries: number;
  /** Called when a station becomes known or is forgotten, but not when it moves. */
  changed: ((known: boolean, vid: Vid, mac: MacAddress, port: Port) => void) | undefined;
  /** The previous port of the last station that moved. */
  movedFrom: Port | undefined;
  readonly #isSticky: (port: Port) => boolean;
  readonly #clock: Clock;
  readonly #stations: StationTable;
  readonly #holders = new Map<Port, Holder<Port>>();
  /** The same ports by their numbers, with gaps. */
  readonly #numbered: (Holder<Port> | undefined)[] = [undefined];
  /** Whole milliseconds, modulo 2^32, like all times here. Only differences are used, and entries are swept out long before an overflow. */
  #now = 0;
  #greediest: Holder<Port> | undefined;
  /** An upper bound for the size of all holders except the greediest. */
  #rival = 0;
  /** The slot of the last victim. */
  #hand = 0;
  #sweeping: Timer | undefined;
  #swept = 0;

  /** The stations of a port for which `isSticky` is true are not taken over while they are remembered. By default no port is sticky. */
  constructor(
    clock: Clock,
    { ageingTime = 100_000, minPersistence = 3_000, maxEntries = 65_536, seed = 0 }: FdbOptions = {},
    isSticky: (port: Port) => boolean = () => false,
  ) {
    assert(maxEntries > 0, 'the filtering database has room for a station');
    this.#clock = clock;
    this.ageingTime = ageingTime;
    this.minPersistence = minPersistence;
    this.maxEntries = maxEntries;
    this.#isSticky = isSticky;
    this.#stations = new StationTable(seed);
    this.beginBreath();
  }

  /** The number of remembered stations, including outdated ones that are not yet swept out. */
  get size(): number {
    return this.#stations.size;
  }

  /** Reads the clock. Until the next call, stations are learned and looked up at this time. */
  beginBreath(): void {
    this.#now = this.#clock.monotonic() | 0;
  }

  /** Records that the station whose address is at `at` sent a frame by a port. */
  learn(vid: Vid, octets: Uint8Array, at: number, port: Port): Learned {
    const high = highOf(vid, octets, at);
    const low = lowOf(octets, at);
    const slot = this.#stations.get(high, low);
    if (slot === nowhere) {
      this.#add(high, low, port);
      return 'new';
    }
    const silence = this.#silence(slot);
    const fresh = silence < this.ageingTime;
    const holder = this.#holderAt(slot);
    if (holder?.port === port) {
      if (silence > 0) this.#stations.setHeard(slot, this.#now);
      return fresh ? 'known' : 'new';
    }
    if (fresh && (silence < this.minPersistence || (holder && this.#isSticky(holder.port)))) return 'held';
    this.#move(slot, port);
    return fresh ? 'moved' : 'new';
  }

  /** Returns the port behind which the station with the address at `at` is; undefined if it is not known, or too old. */
  lookup(vid: Vid, octets: Uint8Array, at: number): Port | undefined {
    const slot = this.#stations.get(highOf(vid, octets, at), lowOf(octets, at));
    return slot !== nowhere && this.#silence(slot) < this.ageingTime ? this.#holderAt(slot)?.port : undefined;
  }

  /** Returns the entry of an address; undefined if it is not known, or too old. */
  find(vid: Vid, mac: MacAddress): FdbEntry<Port> | undefined {
    this.beginBreath();
    const octets = new Uint8Array(6);
    writeMac(octets, 0, mac);
    const port = this.lookup(vid, octets, 0);
    if (port === undefined) return undefined;
    return { vid, mac, port, age: this.#silence(this.#stations.get(highOf(vid, octets, 0), lowOf(octets, 0))) };
  }

  /** Returns all stations that are not too old: port by port, the longest silent first. */
  entries(): FdbEntry<Port>[] {
    this.beginBreath();
    const entries: FdbEntry<Port>[][] = this.#numbered.map(() => []);
    for (let slot = 0; slot < this.#stations.slots; slot++) {
      const holder = this.#holderAt(slot);
      const age = this.#silence(slot);
      if (holder && age < this.ageingTime)
        entries[holder.number]?.push({ vid: this.#stations.vid(slot), mac: this.#stations.mac(slot), port: holder.port, age });
    }
    return entries.flatMap((some) => some.sort((a, b) => b.age - a.age));
  }

  /** Forgets the stations of a port; with `vid`, only those in that VLAN. */
  flush(port: Port, vid?: Vid): void {
    const holder = this.#holders.get(port);
    if (holder === undefined) return;
    this.#forget(
      0,
      this.#stations.slots,
      (slot) => this.#holderAt(slot) === holder && (vid === undefined || this.#stations.vid(slot) === vid),
    );
  }

  /** Forgets all stations. */
  clear(): void {
    this.#forget(0, this.#stations.slots, () => true);
  }

  /** Forgets the stations in a VLAN. */
  flushVlan(vid: Vid): void {
    this.#forget(0, this.#stations.slots, (slot) => this.#stations.vid(slot) === vid);
  }

  /** Ends the sweeping. */
  [Symbol.dispose](): void {
    this.#sweeping?.[Symbol.dispose]();
    this.#sweeping = undefined;
  }

  #silence(slot: number): number {
    return (this.#now - this.#stations.heard(slot)) >>> 0;
  }

  #holderAt(slot: number): Holder<Port> | undefined {
    return this.#numbered[this.#stations.holder(slot)];
  }

  #add(high: number, low: number, port: Port): void {
    if (this.size >= this.maxEntries) this.#evict();
    const holder = this.#holderOf(port);
    const slot = this.#stations.add(high, low, holder.number, this.#now);
    this.#give(holder);
    this.#tell(true, slot, holder);
    if (this.#sweeping === undefined) this.#sweepAfter(sweepInterval);
  }

  #move(slot: number, port: Port): void {
    const from = this.#holderAt(slot);
    this.movedFrom = from?.port;
    const holder = this.#holderOf(port);
    this.#stations.setHolder(slot, holder.number);
    this.#stations.setHeard(slot, this.#now);
    this.#give(holder);
    if (from) this.#take(from);
  }

  #remove(slot: number): void {
    const holder = this.#holderAt(slot);
    if (holder) this.#tell(false, slot, holder);
    this.#stations.delete(slot);
    if (holder) this.#take(holder);
  }

  #tell(known: boolean, slot: number, { port }: Holder<Port>): void {
    if (this.changed) this.changed(known, this.#stations.vid(slot), this.#stations.mac(slot), port);
  }

  #give(holder: Holder<Port>): void {
    holder.size += 1;
    if (holder !== this.#greediest && holder.size > this.#rival) this.#rival = holder.size;
  }

  #take(holder: Holder<Port>): void {
    holder.size -= 1;
    if (holder.size > 0) return;
    this.#holders.delete(holder.port);
    this.#numbered[holder.number] = undefined;
    if (this.#greediest === holder) this.#greediest = undefined;
  }

  #holderOf(port: Port): Holder<Port> {
    const known = this.#holders.get(port);
    if (known !== undefined) return known;
    const gap = this.#numbered.indexOf(undefined, 1);
    const holder = { port, number: gap === nowhere ? this.#numbered.length : gap, size: 0 };
    this.#holders.set(port, holder);
    this.#numbered[holder.number] = holder;
    return holder;
  }

  #evict(): void {
    // The ports are searched only if the greediest may have changed, and not for each of many forged addresses.
    if (this.#greediest === undefined || this.#greediest.size < this.#rival) this.#seekGreediest();
    if (this.#greediest !== undefined) this.#remove(this.#victimOf(this.#greediest));
  }

  #seekGreediest(): void {
    this.#greediest = undefined;
    this.#rival = 0;
    for (const holder of this.#holders.values()) {
      if (holder.size > (this.#greediest?.size ?? 0)) {
        this.#rival = this.#greediest?.size ?? 0;
        this.#greediest = holder;
      } else if (holder.size > this.#rival) {
        this.#rival = holder.size;
      }
    }
  }

  /** Returns the longest silent of the holder's next stations. The holder has at least one. */
  #victimOf(holder: Holder<Port>): number {
    let victim = nowhere;
    for (let found = 0, looked = 0; found < evictionSample && looked < this.#stations.slots; looked++) {
      if (found > 0 && looked >= evictionSlots) break;
      this.#hand = (this.#hand + 1) & (this.#stations.slots - 1);
      if (this.#holderAt(this.#hand) !== holder) continue;
      found += 1;
      if (victim === nowhere || this.#silence(this.#hand) > this.#silence(victim)) victim = this.#hand;
    }
    return victim;
  }

  #sweepAfter(delay: number): void {
    this.#sweeping = this.#clock.after(delay, () => {
      this.#sweeping = undefined;
      this.#sweep();
      // A large table is swept in portions, so that frames get through in between.
      if (this.size > 0) this.#sweepAfter(this.#swept === 0 ? sweepInterval : 1);
    });
  }

  #sweep(): void {
    this.beginBreath();
    const end = Math.min(this.#swept + sweepBudget, this.#stations.slots);
    this.#forget(this.#swept, end, (slot) => this.#silence(slot) >= this.ageingTime);
    this.#swept = end === this.#stations.slots ? 0 : end;
  }

  #forget(from: number, end: number, condition: (slot: number) => boolean): void {
    for (let slot = from; slot < end; slot++) {
      // The entry that moves up into the freed slot is examined too.
      while (this.#stations.holder(slot) !== 0 && condition(slot)) this.#remove(slot);
    }
  }
}
