/** The addresses that clients without a reservation get, numbered from 0, without ever listing them: a /8 costs what a /29 does. */
import { ipv4FromNumber, type Ipv4Address } from '../wire/ipv4.ts';

/** Addresses from `start` to `end`, both included. */
export interface AddressRange {
  readonly start: Ipv4Address;
  readonly end: Ipv4Address;
}

/** One or more ranges, disjoint, in the order given. */
export class Pool {
  readonly size: number;
  readonly #ranges: readonly AddressRange[];

  constructor(ranges: readonly AddressRange[]) {
    this.#ranges = ranges;
    this.size = ranges.reduce((size, range) => size + lengthOf(range), 0);
  }

  /** The address with that number, or undefined when there are not so many. */
  at(index: number): Ipv4Address | undefined {
    let rest = index;
    for (const range of this.#ranges) {
      if (rest < lengthOf(range)) return ipv4FromNumber(range.start + rest);
      rest -= lengthOf(range);
    }
    return undefined;
  }

  /** The number of an address, or undefined when it is not in the pool. */
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
/** All bits are set. Words are signed: so they are small integers, of which none has to be allocated. */
const fullWord = -1;
/** 32^7 numbers are more than there are addresses. */
const levelCount = 7;

/**
 * A set of numbers below 2^32 that finds the next number *not* in it in constant time. Level 0 holds a bit for each member; each bit of
 * a higher level says that a whole word below it is full. Only words with a bit set are kept.
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

  /** The least number from `from` on that is not a member. */
  nextAbsent(from: number): number {
    let index = from;
    let level = 0;
    // Up while nothing is free in the rest of the word, then down into the first word that has something.
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

  /** The first clear bit, from `index` on, of the word that holds it; undefined when there is none. */
  #firstFree(level: number, index: number): number | undefined {
    const at = Math.floor(index / wordBits);
    const offset = index - at * wordBits;
    const free = (~(this.#levels[level]?.get(at) ?? 0) & (fullWord << offset)) >>> 0;
    return free === 0 ? undefined : at * wordBits + wordBits - 1 - Math.clz32(free & -free);
  }
}

/** The bit of a member in its word. */
function bitOf(index: number): number {
  return 1 << (index % wordBits);
}

/** Returns the ranges with holes for those addresses, which the server then neither leases nor watches. */
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
