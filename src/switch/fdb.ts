import type { Clock, Timer } from '../clock.ts';
import { assert } from '../errors.ts';
import type { Vid } from '../wire/dot1q.ts';
import type { MacAddress } from '../wire/mac.ts';

/** How a filtering database is bounded. */
export interface FdbOptions {
  /** How long a silent station is remembered, in milliseconds; by default 100,000. [IEEE 802.1Q, 8.8.3] */
  readonly ageingTime?: number;
  /** For how long after it was last heard no other port can take a station over, in milliseconds; by default 3,000. */
  readonly minPersistence?: number;
  /** The most stations that are remembered, over all VLANs; by default 65,536. */
  readonly maxEntries?: number;
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

interface Station<Port> {
  readonly vid: Vid;
  readonly mac: MacAddress;
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
 * out his own. Nothing on the path of a frame takes longer with more stations.
 */
export class Fdb<Port> {
  /** As in the options; may be changed. */
  ageingTime: number;
  /** As in the options; may be changed. */
  minPersistence: number;
  readonly #maxEntries: number;
  readonly #clock: Clock;
  readonly #vlans: (Map<MacAddress, Station<Port>> | undefined)[] = [];
  readonly #holders = new Map<Port, Holder<Port>>();
  #size = 0;
  #greediest: Holder<Port> | undefined;
  /** No holder but the greediest is larger than this. */
  #rival = 0;
  #sweeping: Timer | undefined;

  constructor(clock: Clock, { ageingTime = 100_000, minPersistence = 3_000, maxEntries = 65_536 }: FdbOptions = {}) {
    assert(maxEntries > 0, 'the filtering database has room for a station');
    this.#clock = clock;
    this.ageingTime = ageingTime;
    this.minPersistence = minPersistence;
    this.#maxEntries = maxEntries;
  }

  /** How many stations are remembered; stations too old may be among them until they are swept out. */
  get size(): number {
    return this.#size;
  }

  /** Remembers that a station was heard at a port. `now` is the monotonic clock's. */
  learn(vid: Vid, mac: MacAddress, port: Port, now: number): Learning {
    const station = this.#vlans[vid]?.get(mac);
    if (station === undefined) {
      this.#add(vid, mac, port, now);
      return 'new';
    }
    const silence = now - station.heard;
    if (station.holder.port === port) {
      if (silence !== 0) touch(station, now);
      return silence < this.ageingTime ? 'known' : 'new';
    }
    if (silence < this.minPersistence && silence < this.ageingTime) return 'held';
    this.#move(station, port, now);
    return silence < this.ageingTime ? 'moved' : 'new';
  }

  /** The port behind which the station was heard, or undefined when it is not known, or too old. */
  lookup(vid: Vid, mac: MacAddress, now: number): Port | undefined {
    const station = this.#vlans[vid]?.get(mac);
    return station !== undefined && now - station.heard < this.ageingTime ? station.holder.port : undefined;
  }

  /** All stations that are not too old: port by port, the longest silent first. */
  *entries(now: number): Generator<FdbEntry<Port>> {
    for (const { port, oldest } of this.#holders.values()) {
      for (let station = oldest; station !== undefined; station = station.newer) {
        const age = now - station.heard;
        if (age < this.ageingTime) yield { vid: station.vid, mac: station.mac, port, age };
      }
    }
  }

  /** Forgets the stations of a port; with `vid`, only those in that VLAN. */
  flush(port: Port, vid?: Vid): void {
    const holder = this.#holders.get(port);
    if (holder === undefined) return;
    for (let station = holder.oldest; station !== undefined;) {
      const next = station.newer;
      if (vid === undefined || station.vid === vid) this.#remove(station);
      station = next;
    }
    if (holder.size === 0) this.#forgetHolder(holder);
  }

  /** Ends the sweeping. */
  [Symbol.dispose](): void {
    this.#sweeping?.[Symbol.dispose]();
    this.#sweeping = undefined;
  }

  #add(vid: Vid, mac: MacAddress, port: Port, now: number): void {
    if (this.#size >= this.#maxEntries) this.#evict();
    const station: Station<Port> = { vid, mac, holder: this.#holderOf(port), heard: now, older: undefined, newer: undefined };
    (this.#vlans[vid] ??= new Map()).set(mac, station);
    this.#size += 1;
    this.#give(station, station.holder);
    if (this.#sweeping === undefined) this.#sweepAfter(sweepInterval);
  }

  #move(station: Station<Port>, port: Port, now: number): void {
    unlink(station);
    station.heard = now;
    this.#give(station, this.#holderOf(port));
  }

  #give(station: Station<Port>, holder: Holder<Port>): void {
    append(station, holder);
    if (holder !== this.#greediest && holder.size > this.#rival) this.#rival = holder.size;
  }

  #remove(station: Station<Port>): void {
    unlink(station);
    this.#vlans[station.vid]?.delete(station.mac);
    this.#size -= 1;
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
      if (this.#size > 0) this.#sweepAfter(swept < sweepBudget ? sweepInterval : 1);
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

function touch<Port>(station: Station<Port>, now: number): void {
  station.heard = now;
  if (station.newer === undefined) return;
  unlink(station);
  append(station, station.holder);
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
