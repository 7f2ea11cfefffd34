/** The addresses that the stations behind each switch port hold, or keep from others, so that they can be counted, and ended together. */
import type { PortNumber } from '../ports/pure/port.ts';
import type { DhcpConfig } from './config.ts';
import type { LeaseState } from './lease.ts';

/** An address that is offered, bound or out of use. */
export interface Held {
  /** The port of its client, or of the station whose claim put it out of use; undefined if that is not known. */
  readonly ingress: PortNumber | undefined;
  readonly state: LeaseState;
  /** True if it belongs to the pool: a reserved address takes nothing from other stations. */
  readonly pooled: boolean;
}

/** The items of one port, the oldest first. */
interface Holdings<Item> {
  readonly offered: Set<Item>;
  readonly bound: Set<Item>;
  readonly quarantined: Set<Item>;
  /** Items outside the pool. */
  readonly reserved: Set<Item>;
}

const none = { bound: new Set(), quarantined: new Set() };

/** Items by the ports of their clients. All operations except `close` take constant time. */
export class PortHoldings<Item extends Held> {
  readonly #ports = new Map<PortNumber, Holdings<Item>>();
  readonly #places = new Map<Item, PortNumber>();
  readonly #config: DhcpConfig;

  constructor(config: DhcpConfig) {
    this.#config = config;
  }

  /**
   * Returns how many more addresses of the pool the port may take, with `mostBound` leases at most. Addresses out of use by claims from it
   * count, too.
   */
  roomAt(port: PortNumber, mostBound = this.#config.maxPortLeases): number {
    const { bound, quarantined } = this.#ports.get(port) ?? none;
    return Math.min(mostBound, this.#config.portShare - quarantined.size) - bound.size;
  }

  /** Returns how many addresses of the pool are offered to clients of the port. */
  offeredAt(port: PortNumber): number {
    return this.#ports.get(port)?.offered.size ?? 0;
  }

  /** Returns the oldest unanswered offer to clients of the port. */
  oldestOffer(port: PortNumber): Item | undefined {
    const [oldest] = this.#ports.get(port)?.offered ?? [];
    return oldest;
  }

  /** Puts an item at the place that its port and state require, wherever it was. */
  put(item: Item): void {
    this.drop(item);
    const { ingress, state, pooled } = item;
    if (ingress === undefined || state === 'idle') return;
    const holdings = this.#ports.get(ingress) ?? { offered: new Set(), bound: new Set(), quarantined: new Set(), reserved: new Set() };
    holdings[pooled ? state : 'reserved'].add(item);
    this.#ports.set(ingress, holdings);
    this.#places.set(item, ingress);
  }

  /** Removes an item. Has no effect if it is absent. */
  drop(item: Item): void {
    const port = this.#places.get(item);
    const holdings = port === undefined ? undefined : this.#ports.get(port);
    if (port === undefined || holdings === undefined) return;
    const all = setsOf(holdings);
    for (const one of all) one.delete(item);
    this.#places.delete(item);
    if (all.every(({ size }) => size === 0)) this.#ports.delete(port);
  }

  /** Removes all items of a port, and returns them. */
  close(port: PortNumber): readonly Item[] {
    const holdings = this.#ports.get(port);
    const items = holdings === undefined ? [] : setsOf(holdings).flatMap((one) => [...one]);
    for (const item of items) this.#places.delete(item);
    this.#ports.delete(port);
    return items;
  }
}

function setsOf<Item>({ offered, bound, quarantined, reserved }: Holdings<Item>): readonly Set<Item>[] {
  return [offered, bound, quarantined, reserved];
}
