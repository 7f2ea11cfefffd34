import type { Clock, Timer } from '../clock.ts';
import { assert } from '../errors.ts';
import { vid, type Vid } from '../wire/dot1q.ts';
import { macFromNumber, type MacAddress } from '../wire/mac.ts';
import { highOf, lowOf, StationTable, type StationKey } from './station-table.ts';

/** How a filtering database is bounded. */
export interface FdbOptions {
  /** How long a silent station is remembered, in milliseconds; by default 100,000. [IEEE 802.1Q, 8.8.3] */
  readonly ageingTime?: number;
  /** For how long after it was last heard no other port can take a station over, in milliseconds; by default 3,000. */
  readonly minPersistence?: number;
  /** The most stations that are remembered, over all VLANs; by default 65,536. */
  readonly maxEntries?: number;
  /** A 32-bit number that other stations cannot guess, so that they cannot slow the database down; by default 0. */
  readonly seed?: number;
}

/** A station that was heard. */
export interface FdbEntry<Port> {
  readonly vid: Vid;
  readonly mac: MacAddress;
  readonly port: Port;
  /** Milliseconds since it was last heard. */
  readonly age: number;
}

/** What the database made of a source: `held` is a station that stays at the port where it was heard a moment ago. */
export type Learning = 'known' | 'new' | 'moved' | 'held';

interface Station<Port> extends StationKey {
  holder: Holder<Port>;
  /** When it was last heard, by the monotonic clock. */
  heard: number;
  older: Station<Port> | undefined;
  newer: Station<Port> | undefined;
}

/** The stations of one port, in the order in which they were last heard. */
interface Holder<Port> {
  readonly port: Port;
  size: number;
  oldest: Station<Port> | undefined;
  newest: Station<Port> | undefined;
}

const sweepInterval = 2_000;
const sweepBudget = 4_096;

/**
 * The filtering database: behind which port a station is, per VLAN. [IEEE 802.1Q, 8.8] It is bounded: when it is full, room is made
 * by the port that holds the most stations, which forgets the one it has not heard for longest; so who invents addresses only drives
 * out his own. Nothing on the path of a frame takes longer with more stations, and nothing is made there for one that is known.
 */
export class Fdb<Port> {
  /** As in the options; may be changed. */
  ageingTime: number;
  /** As in the options; may be changed. */
  minPersistence: number;
  readonly #maxEntries: number;
  readonly #clock: Clock;
  readonly #stations: StationTable<Station<Port>>;
  readonly #holders = new Map<Port, Holder<Port>>();
  #now: number;
  #greediest: Holder<Port> | undefined;
  /** No holder but the greediest is larger than this. */
  #rival = 0;
  #sweeping: Timer | undefined;

  constructor(clock: Clock, { ageingTime = 100_000, minPersistence = 3_000, maxEntries = 65_536, seed = 0 }: FdbOptions = {}) {
    assert(maxEntries > 0, 'the filtering database has room for a station');
    this.#clock = clock;
    this.ageingTime = ageingTime;
    this.minPersistence = minPersistence;
    this.#maxEntries = maxEntries;
    this.#stations = new StationTable(seed);
    this.#now = clock.monotonic();
  }

  /** How many stations are remembered; stations too old may be among them until they are swept out. */
  get size(): number {
    return this.#stations.size;
  }

  /** Reads the clock; what is learned and looked up until the next call is at this time. */
  beginBreath(): void {
    this.#now = this.#clock.monotonic();
  }

  /** Remembers that the station whose address is at `at` was heard at a port. */
  learn(vid: Vid, octets: Uint8Array, at: number, port: Port): Learning {
    const high = highOf(vid, octets, at);
    const low = lowOf(octets, at);
    const station = this.#stations.get(high, low);
    if (station === undefined) {
      this.#add(high, low, port);
      return 'new';
    }
    const silence = this.#now - station.heard;
    const fresh = silence < this.ageingTime;
    if (station.holder.port !== port) {
      if (fresh && silence < this.minPersistence) return 'held';
      this.#move(station, port);
      return fresh ? 'moved' : 'new';
    }
    if (silence > 0) this.#touch(station);
    return fresh ? 'known' : 'new';
  }

  /** The port behind which the station whose address is at `at` was heard; undefined when it is not known, or too old. */
  lookup(vid: Vid, octets: Uint8Array, at: number): Port | undefined {
    const station = this.#stations.get(highOf(vid, octets, at), lowOf(octets, at));
    return station !== undefined && this.#now - station.heard < this.ageingTime ? station.holder.port : undefined;
  }

  /** All stations that are not too old: port by port, the longest silent first. */
  *entries(): Generator<FdbEntry<Port>> {
    const now = this.#clock.monotonic();
    for (const { port, oldest } of this.#holders.values()) {
      for (let station = oldest; station !== undefined; station = station.newer) {
        const age = now - station.heard;
        if (age < this.ageingTime) yield { vid: vidOf(station), mac: macOf(station), port, age };
      }
    }
  }

  /** Forgets the stations of a port; with `vid`, only those in that VLAN. */
  flush(port: Port, vid?: Vid): void {
    const holder = this.#holders.get(port);
    if (holder === undefined) return;
    for (let station = holder.oldest; station !== undefined;) {
      const next = station.newer;
      if (vid === undefined || vidOf(station) === vid) this.#remove(station);
      station = next;
    }
    if (holder.size === 0) this.#forgetHolder(holder);
  }

  /** Ends the sweeping. */
  [Symbol.dispose](): void {
    this.#sweeping?.[Symbol.dispose]();
    this.#sweeping = undefined;
  }

  #add(high: number, low: number, port: Port): void {
    if (this.size >= this.#maxEntries) this.#evict();
    const holder = this.#holderOf(port);
    const station = { high, low, holder, heard: this.#now, older: undefined, newer: undefined };
    this.#stations.add(station);
    this.#give(station, holder);
    if (this.#sweeping === undefined) this.#sweepAfter(sweepInterval);
  }

  #move(station: Station<Port>, port: Port): void {
    unlink(station);
    station.heard = this.#now;
    this.#give(station, this.#holderOf(port));
  }

  #touch(station: Station<Port>): void {
    station.heard = this.#now;
    if (station.newer === undefined) return;
    unlink(station);
    append(station, station.holder);
  }

  #give(station: Station<Port>, holder: Holder<Port>): void {
    append(station, holder);
    if (holder !== this.#greediest && holder.size > this.#rival) this.#rival = holder.size;
  }

  #remove(station: Station<Port>): void {
    unlink(station);
    this.#stations.delete(station);
  }

  #evict(): void {
    // The ports are looked through only when the greediest may have changed, not for each of many invented addresses.
    if (this.#greediest === undefined || this.#greediest.size < this.#rival) this.#seekGreediest();
    const victim = this.#greediest?.oldest;
    if (victim !== undefined) this.#remove(victim);
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

  #holderOf(port: Port): Holder<Port> {
    const known = this.#holders.get(port);
    if (known !== undefined) return known;
    const holder = { port, size: 0, oldest: undefined, newest: undefined };
    this.#holders.set(port, holder);
    return holder;
  }

  #forgetHolder(holder: Holder<Port>): void {
    this.#holders.delete(holder.port);
    if (this.#greediest === holder) this.#greediest = undefined;
  }

  #sweepAfter(delay: number): void {
    this.#sweeping = this.#clock.after(delay, () => {
      this.#sweeping = undefined;
      const swept = this.#sweep(this.#clock.monotonic());
      // Many at once are swept in portions, so that frames get through in between.
      if (this.size > 0) this.#sweepAfter(swept < sweepBudget ? sweepInterval : 1);
    });
  }

  #sweep(now: number): number {
    let swept = 0;
    for (const holder of this.#holders.values()) {
      for (let { oldest } = holder; oldest !== undefined && now - oldest.heard >= this.ageingTime; { oldest } = holder) {
        if (swept === sweepBudget) return swept;
        this.#remove(oldest);
        swept += 1;
      }
      if (holder.size === 0) this.#forgetHolder(holder);
    }
    return swept;
  }
}

function vidOf(key: StationKey): Vid {
  return vid(key.high >>> 16);
}

function macOf(key: StationKey): MacAddress {
  return macFromNumber((key.high & 0xffff) * 0x1_0000_0000 + (key.low >>> 0));
}

function append<Port>(station: Station<Port>, holder: Holder<Port>): void {
  station.holder = holder;
  station.older = holder.newest;
  if (holder.newest === undefined) holder.oldest = station;
  else holder.newest.newer = station;
  holder.newest = station;
  holder.size += 1;
}

function unlink<Port>(station: Station<Port>): void {
  const { holder, older, newer } = station;
  if (older === undefined) holder.oldest = newer;
  else older.newer = newer;
  if (newer === undefined) holder.newest = older;
  else newer.older = older;
  station.older = undefined;
  station.newer = undefined;
  holder.size -= 1;
}
