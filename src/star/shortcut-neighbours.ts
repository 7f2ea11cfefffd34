import type { Clock } from '../clock.ts';
import { parseIpv4 } from '../wire/ipv4.ts';
import { parseIpv6 } from '../wire/ipv6.ts';
import type { Talk } from '../switch/talk.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { NodeId } from './identity.ts';
import { hostOf } from './master-context.ts';
import { shortcutBounds, type ShortcutLink } from './shortcut-context.ts';
import type { NamedPeer } from './shortcut-messages.ts';

/** The bounds on what the master tells. */
const bounds = {
  /** Members that are known; those without a shortcut that were told first are forgotten. */
  known: 64,
  stations: 32,
  /** The time in which a member that was told may call, in milliseconds. */
  fresh: 60_000,
} as const;

/** A member that the master told of. */
export interface KnownNeighbour extends NamedPeer {
  addresses: readonly string[];
  told: number;
  stations: readonly Talk[];
  dialling: Disposable | undefined;
  link: ShortcutLink | undefined;
  /** The time at which its last shortcut was opened. */
  openedAt: number;
  /** The time from which it may be dialled again, and the pause after the next failure. */
  again: number;
  pause: number;
  /** The last time at which the shortcut was seen to carry frames, and their number then. */
  usedAt: number;
  traffic: number;
}

/** The members that the master told of, the longest known first. */
export class Neighbours {
  readonly #clock: Clock;
  readonly #known = new Map<Fingerprint, KnownNeighbour>();
  #hosts: ReadonlySet<string> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  withKey(key: Fingerprint): KnownNeighbour | undefined {
    return this.#known.get(key);
  }

  withId(id: NodeId): KnownNeighbour | undefined {
    return this.list().find((one) => one.id === id);
  }

  /** Returns all, in the order of their ids, as they are now. */
  list(): readonly KnownNeighbour[] {
    return [...this.#known.values()].sort((a, b) => a.id - b.id);
  }

  /** The number of open shortcuts. */
  get linked(): number {
    return this.list().filter(({ link }) => link).length;
  }

  /** The number of calls under way. */
  get dialling(): number {
    return this.list().filter(({ dialling }) => dialling).length;
  }

  /** The hosts of all IP addresses that were told. Another member wrote them: any other text is left out. */
  get hosts(): ReadonlySet<string> {
    return (this.#hosts ??= new Set([...this.#known.values()].flatMap(({ addresses }) => addresses.map(hostOf).filter(isIpAddress))));
  }

  /** Notes that the master told of a member. Returns undefined if there are too many. */
  note({ id, key, addresses }: NamedPeer & { readonly addresses: readonly string[] }): KnownNeighbour | undefined {
    const told = this.#clock.monotonic();
    this.#hosts = undefined;
    const known = this.#known.get(key);
    if (known?.id === id) return Object.assign(known, { told, addresses });
    if (this.#known.size >= bounds.known && !this.#forgetOne()) return undefined;
    const state = {
      dialling: undefined,
      link: undefined,
      openedAt: -Infinity,
      again: 0,
      pause: shortcutBounds.firstPause,
      usedAt: told,
      traffic: 0,
    };
    const added: KnownNeighbour = { id, key, addresses, told, stations: [], ...state };
    this.#known.set(key, added);
    return added;
  }

  /** Notes that a station is behind a member; the one noted first is forgotten if there are too many. */
  addStation(neighbour: KnownNeighbour, { vid, mac }: Talk): void {
    const others = neighbour.stations.filter((one) => one.vid !== vid || one.mac !== mac);
    neighbour.stations = [...others, { vid, mac }].slice(-bounds.stations);
  }

  /** Returns whether the master told of it a moment ago. */
  isFresh({ told }: KnownNeighbour): boolean {
    return this.#clock.monotonic() - told < bounds.fresh;
  }

  /** Notes that its shortcut has ended. */
  unlink(neighbour: KnownNeighbour): void {
    neighbour.link = undefined;
    neighbour.stations = [];
  }

  forget({ key }: KnownNeighbour): void {
    this.#known.delete(key);
    this.#hosts = undefined;
  }

  #forgetOne(): boolean {
    for (const one of this.#known.values()) {
      if (one.link || one.dialling) continue;
      this.forget(one);
      return true;
    }
    return false;
  }
}

function isIpAddress(host: string): boolean {
  return parseIpv4(host) !== undefined || parseIpv6(host) !== undefined;
}
