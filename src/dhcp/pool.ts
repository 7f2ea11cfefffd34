/** The addresses for clients without a reservation, numbered from 0 and never listed: a /8 costs as much as a /29. */
import { ipv4FromNumber, type Ipv4Address } from '../wire/ipv4.ts';

/** Addresses from `start` to `end`, both included. */
export interface AddressRange {
  readonly start: Ipv4Address;
  readonly end: Ipv4Address;
}

/** One or more ranges, disjoint, in the given order. */
export class Pool {
  readonly size: number;
  readonly #ranges: readonly AddressRange[];

  constructor(ranges: readonly AddressRange[]) {
    this.#ranges = ranges;
    this.size = ranges.reduce((size, range) => size + lengthOf(range), 0);
  }

  /** Returns the address with that number, or undefined if the number is too high. */
  at(index: number): Ipv4Address | undefined {
    let rest = index;
    for (const range of this.#ranges) {
      if (rest < lengthOf(range)) return ipv4FromNumber(range.start + rest);
      rest -= lengthOf(range);
    }
    return undefined;
  }

  /** Returns the number of an address, or undefined if it is not in the pool. */
  indexOf(address: Ipv4Address): number | undefined {
    let before = 0;
    for (const range of this.#ranges) {
      if (address >= range.start && address <= range.end) return before + address - range.start;
      before += lengthOf(range);
    }
    return undefined;
  }

  has(address: Ipv4Address): boolean {
    return this.indexOf(address) !== undefined;
  }
}

const wordBits = 32;
/** All bits are set. Words are signed, and so small integers, which need no allocation. */
const fullWord = -1;
/** 32^7 exceeds the number of addresses. */
const levelCount = 7;

/**
 * A set of numbers below 2^32 that finds the next number *not* in it in constant time. Level 0 holds a bit for each member; each bit of a
 * higher level means that a whole word below it is full. Only words with a bit set are kept.
 */
export class NumberSet {
  readonly #levels = Array.from({ length: levelCount }, () => new Map<number, number>());

  add(member: number): void {
    let index = member;
    for (const words of this.#levels) {
      const at = Math.floor(index / wordBits);
      const word = (words.get(at) ?? 0) | bitOf(index);
      words.set(at, word);
      if (word !== fullWord) return;
      index = at;
    }
  }

  delete(member: number): void {
    let index = member;
    for (const words of this.#levels) {
      const at = Math.floor(index / wordBits);
      const before = words.get(at) ?? 0;
      const word = before & ~bitOf(index);
      if (word === 0) words.delete(at);
      else words.set(at, word);
      if (before !== fullWord) return;
      index = at;
    }
  }

  has(member: number): boolean {
    return ((this.#levels[0]?.get(Math.floor(member / wordBits)) ?? 0) & bitOf(member)) !== 0;
  }

  /** Returns the least number from `from` on that is not a member. */
  nextAbsent(from: number): number {
    let index = from;
    let level = 0;
    // Goes up while the rest of the word is full, then down into the first word with a clear bit.
    for (; level < levelCount; level++) {
      const free = this.#firstFree(level, index);
      if (free !== undefined) {
        index = free;
        break;
      }
      index = Math.floor(index / wordBits) + 1;
    }
    for (; level > 0; level--) index = this.#firstFree(level - 1, index * wordBits) ?? index * wordBits;
    return index;
  }

  /** Returns the first clear bit, from `index` on, of the word that holds it; undefined if there is none. */
  #firstFree(level: number, index: number): number | undefined {
    const at = Math.floor(index / wordBits);
    const offset = index - at * wordBits;
    const free = (~(this.#levels[level]?.get(at) ?? 0) & (fullWord << offset)) >>> 0;
    return free === 0 ? undefined : at * wordBits + wordBits - 1 - Math.clz32(free & -free);
  }
}

/** Returns the bit of a member in its word. */
function bitOf(index: number): number {
  return 1 << (index % wordBits);
}

/** Returns the ranges without those addresses, which the server then neither leases nor watches. */
export function withoutAddresses(ranges: readonly AddressRange[], addresses: Iterable<Ipv4Address>): AddressRange[] {
  let rest = [...ranges];
  for (const address of addresses) rest = rest.flatMap((range) => split(range, address));
  return rest;
}

function split(range: AddressRange, address: Ipv4Address): AddressRange[] {
  const { start, end } = range;
  if (address < start || address > end) return [range];
  return [
    ...(start < address ? [{ start, end: ipv4FromNumber(address - 1) }] : []),
    ...(address < end ? [{ start: ipv4FromNumber(address + 1), end }] : []),
  ];
}

function lengthOf(range: AddressRange): number {
  return range.end - range.start + 1;
}
