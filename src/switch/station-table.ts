import { readUint16, readUint32 } from '../wire/octets.ts';

/** What the table keeps of a station's key: two integers that need no memory of their own. */
export interface StationKey {
  /** The VLAN, then the first two octets of the address. */
  readonly high: number;
  /** The last four octets of the address, as a signed number. */
  readonly low: number;
}

const initialSlots = 256;

/**
 * Stations by VLAN and MAC address. A hash table with open addressing, since Map would have to make an object of every 48-bit number
 * that it is asked for. Its hash is keyed: who does not know the seed cannot choose addresses that collide.
 */
export class StationTable<Station extends StationKey> {
  readonly #seed: number;
  #mask = initialSlots - 1;
  /** Two numbers for each slot: high and low. */
  #keys = new Int32Array(initialSlots * 2);
  #stations = emptySlots<Station>(initialSlots);
  #size = 0;

  /** `seed` is any 32-bit number; an unpredictable one where stations may be hostile. */
  constructor(seed: number) {
    this.#seed = seed | 0;
  }

  /** How many stations there are. */
  get size(): number {
    return this.#size;
  }

  /** The station with that key. */
  get(high: number, low: number): Station | undefined {
    let slot = this.#home(high, low);
    for (;;) {
      const station = this.#stations[slot];
      if (station === undefined) return undefined;
      if (this.#keys[slot * 2 + 1] === low && this.#keys[slot * 2] === high) return station;
      slot = (slot + 1) & this.#mask;
    }
  }

  /** Adds a station whose key is not there yet. */
  add(station: Station): void {
    if (this.#size * 2 > this.#mask) this.#grow();
    this.#place(station);
    this.#size += 1;
  }

  /** Removes the station with that key, which must be there. */
  delete({ high, low }: StationKey): void {
    let hole = this.#home(high, low);
    while (this.#keys[hole * 2 + 1] !== low || this.#keys[hole * 2] !== high) hole = (hole + 1) & this.#mask;
    // Each follower that a search would now miss moves up into the hole; so there are no tombstones to skip, ever.
    for (let slot = (hole + 1) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const follower = this.#stations[slot];
      if (follower === undefined) break;
      const distance = (slot - this.#home(follower.high, follower.low)) & this.#mask;
      if (distance < ((slot - hole) & this.#mask)) continue;
      this.#put(hole, follower);
      hole = slot;
    }
    this.#stations[hole] = undefined;
    this.#size -= 1;
  }

  #place(station: Station): void {
    let slot = this.#home(station.high, station.low);
    while (this.#stations[slot] !== undefined) slot = (slot + 1) & this.#mask;
    this.#put(slot, station);
  }

  #put(slot: number, station: Station): void {
    this.#keys[slot * 2] = station.high;
    this.#keys[slot * 2 + 1] = station.low;
    this.#stations[slot] = station;
  }

  #grow(): void {
    const stations = this.#stations;
    const slots = stations.length * 2;
    this.#mask = slots - 1;
    this.#keys = new Int32Array(slots * 2);
    this.#stations = emptySlots(slots);
    for (const station of stations) if (station !== undefined) this.#place(station);
  }

  /** Where a search for the key begins; mixed as by MurmurHash3's 32-bit finaliser. */
  #home(high: number, low: number): number {
    let hash = Math.imul(high ^ this.#seed, 0x9e37_79b1) ^ low;
    hash = Math.imul(hash ^ (hash >>> 16) ^ this.#seed, 0x85eb_ca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
    return (hash ^ (hash >>> 16)) & this.#mask;
  }
}

/** The first half of the key of the address at `at`. */
export function highOf(vid: number, octets: Uint8Array, at: number): number {
  return (vid << 16) | readUint16(octets, at);
}

/** The second half of the key of the address at `at`. */
export function lowOf(octets: Uint8Array, at: number): number {
  return readUint32(octets, at + 2) | 0;
}

function emptySlots<Station>(count: number): (Station | undefined)[] {
  return new Array<Station | undefined>(count).fill(undefined);
}
