/** The offers and leases of the stations behind each switch port, so that they can be counted, and ended together. */
import type { PortNumber } from '../ports/port.ts';
import type { LeaseState } from './lease.ts';

/** An address that is offered or bound. */
export interface Held {
  /** The port of its client; undefined when that is not known. */
  readonly ingress: PortNumber | undefined;
  readonly state: LeaseState;
  /** Whether it is of the pool: what is reserved for one station takes nothing from others. */
  readonly pooled: boolean;
}

/** Of one port, the oldest first. */
interface Holdings<Item> {
  readonly offered: Set<Item>;
  readonly bound: Set<Item>;
  /** Those that are not of the pool. */
  readonly reserved: Set<Item>;
}

/** Items by the ports of their clients. All operations but `close` take constant time. */
export class PortHoldings<Item extends Held> {
  readonly #ports = new Map<PortNumber, Holdings<Item>>();
  readonly #places = new Map<Item, PortNumber>();

  /** How many addresses of the pool are bound to clients of the port. */
  boundAt(port: PortNumber): number {
    return this.#ports.get(port)?.bound.size ?? 0;
  }

  /** How many addresses of the pool are offered to clients of the port. */
  offeredAt(port: PortNumber): number {
    return this.#ports.get(port)?.offered.size ?? 0;
  }

  /** The offer that clients of the port did not answer for longest. */
  oldestOffer(port: PortNumber): Item | undefined {
    const [oldest] = this.#ports.get(port)?.offered ?? [];
    return oldest;
  }

  /** Puts an item where its port and its state say, from wherever it was. */
  put(item: Item): void {
    this.drop(item);
    const { ingress, state, pooled } = item;
    if (ingress === undefined || (state !== 'offered' && state !== 'bound')) return;
    const holdings = this.#ports.get(ingress) ?? { offered: new Set(), bound: new Set(), reserved: new Set() };
    holdings[pooled ? state : 'reserved'].add(item);
    this.#ports.set(ingress, holdings);
    this.#places.set(item, ingress);
  }

  /** Takes an item out; nothing happens when it is not there. */
  drop(item: Item): void {
    const port = this.#places.get(item);
    const holdings = port === undefined ? undefined : this.#ports.get(port);
    if (port === undefined || holdings === undefined) return;
    holdings.offered.delete(item);
    holdings.bound.delete(item);
    holdings.reserved.delete(item);
    this.#places.delete(item);
    if (holdings.offered.size + holdings.bound.size + holdings.reserved.size === 0) this.#ports.delete(port);
  }

  /** Takes out all items of a port, and returns them. */
  close(port: PortNumber): readonly Item[] {
    const { offered = [], bound = [], reserved = [] } = this.#ports.get(port) ?? {};
    const items = [...offered, ...bound, ...reserved];
    for (const item of items) this.#places.delete(item);
    this.#ports.delete(port);
    return items;
  }
}
