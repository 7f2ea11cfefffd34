/** Declined addresses by client, and the limits of taking addresses out of use. [RFC 2131, 4.3.3] */
import type { PortNumber } from '../ports/pure/port.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import type { DhcpConfig } from './config.ts';
import type { Client } from './lease.ts';
import { Quota } from './quota.ts';

/** The number of addresses that one client may take out of use in `declineTime`. */
const maxOfClient = 5;
/** The part of the pool that the clients of one port may take out of use in `declineTime`: a hostile client can use any number of names. */
const partOfPort = 1 / 4;
/** The most clients that are remembered, the last ones, and the most addresses remembered for each. */
const maxClients = 1024;
const maxAddresses = 256;

/** Stands for the port of clients that have sent nothing since the server began. */
const unknownPort: PortNumber = -1;

/** Remembers declined addresses for `declineTime`. */
export class Declines {
  readonly #time: number;
  readonly #ofPort: Quota<PortNumber>;
  /** By client, the time at which each address may be offered to it again. */
  readonly #refused = new Map<string, Map<Ipv4Address, number>>();

  constructor({ declineTime, pool }: DhcpConfig) {
    this.#time = declineTime * 1000;
    this.#ofPort = new Quota(Math.max(maxOfClient, Math.floor(pool.size * partOfPort)), this.#time);
  }

  /**
   * Notes that a client declined an address. Returns true if the address is then out of use for all clients. Returns false if the client,
   * or its port, has declined too many.
   */
  note({ key, ingress = unknownPort }: Pick<Client, 'key' | 'ingress'>, address: Ipv4Address, now: number): boolean {
    const refused = this.#refused.get(key) ?? new Map<Ipv4Address, number>();
    // The clients that declined last are last in the map; the same holds for their addresses.
    this.#refused.delete(key);
    this.#refused.set(key, refused);
    dropFirst(this.#refused, maxClients);
    for (const [one, until] of refused) if (until <= now) refused.delete(one);
    refused.delete(address);
    refused.set(address, now + this.#time);
    dropFirst(refused, maxAddresses);
    return refused.size <= maxOfClient && this.#ofPort.take(ingress, now);
  }

  /** Returns whether the client declined the address, and its time has not passed. */
  has(key: string, address: Ipv4Address, now: number): boolean {
    return (this.#refused.get(key)?.get(address) ?? -Infinity) > now;
  }
}

function dropFirst(map: Map<unknown, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}
