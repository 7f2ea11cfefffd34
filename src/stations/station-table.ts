import { vid, type Vid } from '../wire/dot1q.ts';
import { macFromNumber, type MacAddress } from '../wire/mac.ts';
import { readUint16, readUint32 } from '../wire/octets.ts';

/** The result of a search without a match. */
export const nowhere = -1;

const initialSlots = 64;

/**
 * The largest part of the table in use. In an emptier table a search is shorter; of a fuller one, more stations are in the processor's cache.
 */
const fullest = 13 / 16;

/** A slot is 16 octets, so that a search mostly touches one cache line. */
const slotWords = 4;
const [high, low, heard, holder] = [0, 1, 2, 3] as const;

/**
 * Stations by VLAN and MAC address: a hash table with open addressing over plain memory. A Map would create an object for every 48-bit number that is
 * looked up. A search among very many stations takes as long as the memory that it touches. The hash is keyed: without the seed, stations cannot
 * choose addresses that collide.
 *
 * A station's slot is valid until the next `add` or `delete`.
 */
export class StationTable {
  readonly #seed: number;
  #size = 0;
  /** A slot whose holder is 0 is free. */
  #words = new Int32Array(initialSlots * slotWords);
  #mask = initialSlots - 1;

  /** `seed` is any 32-bit number; an unpredictable one where stations may be hostile. */
  constructor(seed: number) {
    this.#seed = seed | 0;
  }

  /** The number of stations. */
  get size(): number {
    return this.#size;
  }

  /** The number of slots: a power of two. */
  get slots(): number {
    return this.#mask + 1;
  }

  /** Returns the slot of the station with that key, or `nowhere`. */
  get(highKey: number, lowKey: number): number {
    const words = this.#words;
    for (let slot = this.#home(highKey, lowKey); ; slot = (slot + 1) & this.#mask) {
      const at = slot * slotWords;
      if (words[at + low] === lowKey && words[at + high] === highKey && words[at + holder] !== 0) return slot;
      if (words[at + holder] === 0) return nowhere;
    }
  }

  /** Adds a station whose key is not present yet. `holder` is any 32-bit number but 0, `heard` any. Returns its slot. */
  add(highKey: number, lowKey: number, holder: number, heard: number): number {
    if (this.#size >= this.slots * fullest) this.#grow();
    this.#size += 1;
    return this.#place(highKey, lowKey, holder, heard);
  }

  /** Removes the station in that slot. The slot may then hold another one; an upward walk has not visited that one yet. */
  delete(slot: number): void {
    const words = this.#words;
    let hole = slot;
    // Each follower that a search would now miss moves up into the hole, so there are never tombstones to skip.
    for (let next = (hole + 1) & this.#mask; words[next * slotWords + holder] !== 0; next = (next + 1) & this.#mask) {
      const at = next * slotWords;
      const distance = (next - this.#home(words[at + high] ?? 0, words[at + low] ?? 0)) & this.#mask;
      if (distance < ((next - hole) & this.#mask)) continue;
      words.copyWithin(hole * slotWords, at, at + slotWords);
      hole = next;
    }
    words[hole * slotWords + holder] = 0;
    this.#size -= 1;
  }

  /** Returns the holder of the station in the slot; 0 if the slot is free. */
  holder(slot: number): number {
    return this.#words[slot * slotWords + holder] ?? 0;
  }

  setHolder(slot: number, value: number): void {
    this.#words[slot * slotWords + holder] = value;
  }

  /** Returns the time at which the station in the slot was last heard. */
  heard(slot: number): number {
    return this.#words[slot * slotWords + heard] ?? 0;
  }

  setHeard(slot: number, time: number): void {
    this.#words[slot * slotWords + heard] = time;
  }

  /** Returns the VLAN of the station in the slot. */
  vid(slot: number): Vid {
    return vid((this.#words[slot * slotWords + high] ?? 0) >>> 16);
  }

  /** Returns the address of the station in the slot. */
  mac(slot: number): MacAddress {
    const at = slot * slotWords;
    return macFromNumber(((this.#words[at + high] ?? 0) & 0xffff) * 0x1_0000_0000 + ((this.#words[at + low] ?? 0) >>> 0));
  }

  #grow(): void {
    const words = this.#words;
    this.#words = new Int32Array(words.length * 2);
    this.#mask = this.#words.length / slotWords - 1;
    for (let at = 0; at < words.length; at += slotWords) {
      const [highKey = 0, lowKey = 0, time = 0, owner = 0] = words.subarray(at, at + slotWords);
      if (owner !== 0) this.#place(highKey, lowKey, owner, time);
    }
  }

  #place(highKey: number, lowKey: number, owner: number, time: number): number {
    let slot = this.#home(highKey, lowKey);
    while (this.holder(slot) !== 0) slot = (slot + 1) & this.#mask;
    const at = slot * slotWords;
    this.#words[at + high] = highKey;
    this.#words[at + low] = lowKey;
    this.#words[at + heard] = time;
    this.#words[at + holder] = owner;
    return slot;
  }

  /** Returns the slot at which a search for the key begins; mixed like in MurmurHash3's 32-bit finaliser. */
  #home(highKey: number, lowKey: number): number {
    let hash = Math.imul(highKey ^ this.#seed, 0x9e37_79b1) ^ lowKey;
    hash = Math.imul(hash ^ (hash >>> 16) ^ this.#seed, 0x85eb_ca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
    return (hash ^ (hash >>> 16)) & this.#mask;
  }
}

/** Returns the first half of the key of the address at `at`: the VLAN, then two octets. */
export function highOf(vid: number, octets: Uint8Array, at: number): number {
  return (vid << 16) | readUint16(octets, at);
}

/** Returns the second half of the key of the address at `at`: four octets, as a signed number. */
export function lowOf(octets: Uint8Array, at: number): number {
  return readUint32(octets, at + 2) | 0;
}
