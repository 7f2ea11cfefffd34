import { Row } from './row.ts';

/** A connection that waits, and the origin that its place is counted for. */
export interface Waiting {
  /** The address of its host: see `originOf`. */
  readonly origin: string;
  /** True if a member last came from that address. */
  readonly familiar: boolean;
  /** True if work was done for it a moment ago, which would be wasted without it. Default: false. */
  readonly isUnderWay?: boolean;
}

/** The places that an origin of members keeps while others crowd the room: two connections, and two that take their place. */
const familiarPlaces = 4;

/**
 * The places of connections whose far ends are not known yet. When all are taken, the oldest connection of the origin that holds most loses
 * its place; one that is under way does so only if all of that origin are. An origin from which members came is not counted for its first few
 * places.
 */
export class WaitingRoom<Visitor extends Waiting> {
  readonly #places: number;
  readonly #visitors = new Row<Visitor>();
  readonly #counts = new Map<string, number>();

  constructor(places: number) {
    this.#places = places;
  }

  /** The number of taken places. */
  get size(): number {
    return this.#visitors.size;
  }

  /** Takes a place, unless the visitor has one. Returns the visitor that lost its place to this one, if all were taken; it may be the new one itself. */
  enter(visitor: Visitor): Visitor | undefined {
    if (!this.#visitors.add(visitor)) return undefined;
    this.#count(visitor, 1);
    if (this.#visitors.size <= this.#places) return undefined;
    const last = this.#loser();
    if (last) this.leave(last);
    return last;
  }

  /** Gives a place back. Returns false if the visitor had none. */
  leave(visitor: Visitor): boolean {
    if (!this.#visitors.remove(visitor)) return false;
    this.#count(visitor, -1);
    return true;
  }

  [Symbol.iterator](): IterableIterator<Visitor> {
    return this.#visitors[Symbol.iterator]();
  }

  #loser(): Visitor | undefined {
    let loser: Visitor | undefined;
    let most = -1;
    // An iterator would make garbage for each visitor, and a crowd comes here for each of its connections.
    this.#visitors.forEach((visitor) => {
      const weight = this.#weightOf(visitor);
      const isBetter = weight === most && loser?.isUnderWay === true && visitor.isUnderWay !== true;
      if (weight <= most && !isBetter) return;
      loser = visitor;
      most = weight;
    });
    return loser;
  }

  #weightOf({ origin, familiar }: Visitor): number {
    const count = this.#counts.get(origin) ?? 0;
    return familiar && count <= familiarPlaces ? 0 : count;
  }

  #count({ origin }: Visitor, by: number): void {
    const count = (this.#counts.get(origin) ?? 0) + by;
    if (count === 0) this.#counts.delete(origin);
    else this.#counts.set(origin, count);
  }
}

/** Returns the origin of an address: itself, or the network of 64 bits in which one host may have any address. */
export function originOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const all = [...groups, ...new Array<string>(missing).fill('0'), ...(tail ?? '').split(':')];
  return `${all.slice(0, 4).join(':')}::/64`;
}
