import { removeAt } from './row.ts';

/** A connection that waits, and the origin that its place is counted for. */
export interface Waiting {
  /** The address of its host: see `originOf`. */
  readonly origin: string;
  /** The number of members that last came from that address. */
  readonly members: number;
  /** True if work was done for it a moment ago, which would be wasted without it. Default: false. */
  readonly isUnderWay?: boolean;
}

/** The places of a room. */
export interface RoomPlaces {
  /** The most visitors, but for those in places of members. */
  readonly places: number;
  /** The most places that the members of one origin have on top of these: four for the first, and two for each further one. Default: none. */
  readonly membersPlaces?: number;
}

/** The places that an origin of members keeps while others crowd the room: two connections, and two that take their place. */
const familiarPlaces = 4;

/** The usual value of `membersPlaces`: each place costs a descriptor, and its visitor little else. */
export const mostMembersPlaces = 512;

/** An origin, and the number of its visitors. */
interface Origin {
  readonly name: string;
  members: number;
  count: number;
}

/**
 * The places of connections whose far ends are not known yet. When all are taken, the oldest connection of the origin that holds most loses
 * its place; one that is under way does so only if all of that origin are. An origin from which members came is not counted for its first few
 * places. Entering and leaving makes no garbage: see Row.
 */
export class WaitingRoom<Visitor extends Waiting> {
  readonly #places: number;
  readonly #membersPlaces: number;
  /** In the order of coming, and the origin of each. */
  readonly #visitors: Visitor[] = [];
  readonly #origins: Origin[] = [];
  /** The origins of visitors, each once. */
  readonly #known: Origin[] = [];

  constructor({ places, membersPlaces = 0 }: RoomPlaces) {
    this.#places = places;
    this.#membersPlaces = membersPlaces;
  }

  /** The number of taken places. */
  get size(): number {
    return this.#visitors.length;
  }

  /** Takes a place, unless the visitor has one. Returns the visitor that lost its place to this one, if all were taken; it may be the new one itself. */
  enter(visitor: Visitor): Visitor | undefined {
    if (this.#visitors.includes(visitor)) return undefined;
    this.#add(visitor);
    if (!this.#isCrowded()) return undefined;
    const last = this.#loser();
    if (last) this.leave(last);
    return last;
  }

  /** Returns the visitor that would lose its place to this one, as `enter` does, and changes nothing. */
  loserTo(visitor: Visitor): Visitor | undefined {
    this.#add(visitor);
    const last = this.#isCrowded() ? this.#loser() : undefined;
    this.leave(visitor);
    return last;
  }

  /** Gives a place back. Returns false if the visitor had none. */
  leave(visitor: Visitor): boolean {
    const place = this.#visitors.indexOf(visitor);
    if (place < 0) return false;
    const origin = this.#origins[place];
    removeAt(this.#visitors, place);
    removeAt(this.#origins, place);
    if (origin && --origin.count === 0) removeAt(this.#known, this.#known.indexOf(origin));
    return true;
  }

  [Symbol.iterator](): IterableIterator<Visitor> {
    return this.#visitors.values();
  }

  #add(visitor: Visitor): void {
    const origin = this.#originOf(visitor);
    origin.members = visitor.members;
    origin.count++;
    this.#visitors.push(visitor);
    this.#origins.push(origin);
  }

  #originOf({ origin, members }: Visitor): Origin {
    for (const one of this.#known) if (one.name === origin) return one;
    const added = { name: origin, members, count: 0 };
    this.#known.push(added);
    return added;
  }

  #isCrowded(): boolean {
    let counted = this.#visitors.length;
    if (counted <= this.#places) return false;
    for (const origin of this.#known) counted -= Math.min(origin.count, this.#placesOf(origin));
    return counted > this.#places;
  }

  /** Returns the places that an origin has on top of the others. */
  #placesOf({ members }: Origin): number {
    return members === 0 ? 0 : Math.min(familiarPlaces + 2 * (members - 1), this.#membersPlaces);
  }

  #loser(): Visitor | undefined {
    let loser: Visitor | undefined;
    let most = -1;
    this.#visitors.forEach((visitor, place) => {
      const weight = this.#weightOf(this.#origins[place]);
      const isBetter = weight === most && loser?.isUnderWay === true && visitor.isUnderWay !== true;
      if (weight <= most && !isBetter) return;
      loser = visitor;
      most = weight;
    });
    return loser;
  }

  #weightOf(origin: Origin | undefined): number {
    if (!origin) return 0;
    const own = origin.members === 0 ? 0 : Math.max(familiarPlaces, this.#placesOf(origin));
    return origin.count <= own ? 0 : origin.count;
  }
}

/** Returns the origin of an address: itself, or the network of 64 bits in which one host may have any address. Any text has one. */
export function originOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const all = [...groups, ...new Array<string>(Math.max(0, missing)).fill('0'), ...(tail ?? '').split(':')];
  return `${all.slice(0, 4).join(':')}::/64`;
}
