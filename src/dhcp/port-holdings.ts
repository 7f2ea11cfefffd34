/** The addresses that the stations behind each switch port have, or keep from others, so that they can be counted, and ended together. */
import type { PortNumber } from '../ports/port.ts';
import type { DhcpConfig } from './config.ts';
import type { LeaseState } from './lease.ts';

/** An address that is offered, bound or out of use. */
export interface Held {
  /** The port of its client, or of the station by whose word it is out of use; undefined when that is not known. */
  readonly ingress: PortNumber | undefined;
  readonly state: LeaseState;
  /** Whether it is of the pool: what is reserved for one station takes nothing from others. */
  readonly pooled: boolean;
}

/** Of one port, the oldest first. */
interface Holdings<Item> {
  readonly offered: Set<Item>;
  readonly bound: Set<Item>;
  readonly quarantined: Set<Item>;
  /** Those that are not of the pool. */
  readonly reserved: Set<Item>;
}

const none = { bound: new Set(), quarantined: new Set() };

/** Items by the ports of their clients. All operations but `close` take constant time. */
export class PortHoldings<Item extends Held> {
  readonly #ports = new Map<PortNumber, Holdings<Item>>();
  readonly #places = new Map<Item, PortNumber>();
  readonly #config: DhcpConfig;

  constructor(config: DhcpConfig) {
    this.#config = config;
  }

  /** How many more addresses of the pool the port may take, for `mostBound` leases at most. What is out of use by its word counts, too. */
  roomAt(port: PortNumber, mostBound = this.#config.maxPortLeases): number {
    const { bound, quarantined } = this.#ports.get(port) ?? none;
    return Math.min(mostBound, this.#config.portShare - quarantined.size) - bound.size;
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
    if (ingress === undefined || state === 'idle') return;
    const holdings = this.#ports.get(ingress) ?? { offered: new Set(), bound: new Set(), quarantined: new Set(), reserved: new Set() };
    holdings[pooled ? state : 'reserved'].add(item);
    this.#ports.set(ingress, holdings);
    this.#places.set(item, ingress);
  }

  /** Takes an item out; nothing happens when it is not there. */
  drop(item: Item): void {
    const port = this.#places.get(item);
    const holdings = port === undefined ? undefined : this.#ports.get(port);
    if (port === undefined || holdings === undefined) return;
    const all = setsOf(holdings);
    for (const one of all) one.delete(item);
    this.#places.delete(item);
    if (all.every(({ size }) => size === 0)) this.#ports.delete(port);
  }

  /** Takes out all items of a port, and returns them. */
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
