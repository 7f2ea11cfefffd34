import { serverAddress } from '../dhcp/network-plan.ts';
import type { Ipv4Address, Ipv4Network } from '../wire/ipv4.ts';
import { addressOfId, masterId, maxId, type NodeId } from './identity.ts';

/** The facts from which the owners of addresses follow. */
export interface OwnerFacts {
  readonly network: Ipv4Network;
  /** The addresses that were reserved explicitly. */
  readonly reservations: ReadonlyMap<NodeId, Ipv4Address>;
  /** Returns whether an address belongs to the network itself, such as that of its router: no guest has it. */
  readonly isTaken: (address: Ipv4Address) => boolean;
  /** Returns whether a slave of the star has that id. The answer may change. */
  readonly isMember: (id: NodeId) => boolean;
}

/** The owners of a star's addresses: explicit reservations first, then the formula for every id that is in the star. */
export class AddressOwners {
  /** The address of the DHCP server. */
  readonly serverAddress: Ipv4Address;
  readonly #facts: OwnerFacts;
  readonly #reserved: ReadonlyMap<Ipv4Address, NodeId>;
  /** The address of id 0 by the formula. If the network has none, no id has one. */
  readonly #first: number;

  constructor(facts: OwnerFacts) {
    this.serverAddress = serverAddress(facts.network);
    this.#facts = facts;
    this.#reserved = new Map([...facts.reservations].map(([id, address]) => [address, id]));
    this.#first = addressOfId(facts.network, masterId) ?? Infinity;
  }

  /** Returns the address reserved for an id; undefined if it takes one from the pool. */
  addressOf(id: NodeId): Ipv4Address | undefined {
    const { network, reservations, isTaken } = this.#facts;
    const explicit = reservations.get(id);
    if (explicit !== undefined) return explicit;
    const address = addressOfId(network, id);
    return address === undefined || this.#reserved.has(address) || isTaken(address) ? undefined : address;
  }

  /** Returns the id whose guest alone has an address: by a reservation, or by the formula if it is in the star. Undefined for all others. */
  ownerOf(address: Ipv4Address): NodeId | undefined {
    const explicit = this.#reserved.get(address);
    if (explicit !== undefined) return explicit;
    const id = address - this.#first;
    return id >= 0 && id <= maxId && this.isPresent(id) && this.addressOf(id) === address ? id : undefined;
  }

  /** Returns whether a node of the star, present or expected, has that id. */
  isPresent(id: NodeId): boolean {
    return id === masterId || this.#facts.reservations.has(id) || this.#facts.isMember(id);
  }
}
