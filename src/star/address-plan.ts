import { NetworkPlan, type NetworkOptions } from '../dhcp/network-plan.ts';
import { isLeasable, type DhcpOptions } from '../dhcp/config.ts';
import type { AddressRange } from '../dhcp/pool.ts';
import { EtherloomError } from '../errors.ts';
import { broadcastOf, formatIpv4, formatIpv4Network, ipv4FromNumber, type Ipv4Address, type Ipv4Network } from '../wire/ipv4.ts';
import { addressOfId, idOfMac, masterId, maxId, type NodeId } from './identity.ts';

/** The addresses of a star: explicit reservations first, then the formula for every id that is in the star. */
export class AddressPlan {
  readonly #network: NetworkPlan;
  readonly #reservations: ReadonlyMap<NodeId, Ipv4Address>;
  readonly #reserved: ReadonlyMap<Ipv4Address, NodeId>;
  /** The address of id 0 by the formula. If the network has none, no id has one. */
  readonly #first: number;
  readonly #isMember: (id: NodeId) => boolean;

  /**
   * `isMember` returns whether a slave of the star has that id. Throws EtherloomError('bad-option'): for an invalid network, as NetworkPlan does, or an
   * invalid reservation.
   */
  constructor(options: NetworkOptions, reservations: ReadonlyMap<NodeId, Ipv4Address>, isMember: (id: NodeId) => boolean) {
    this.#network = new NetworkPlan(options, poolOf);
    for (const [id, address] of reservations) checkReservation(this.#network, id, address);
    this.#reservations = reservations;
    this.#reserved = new Map([...reservations].map(([id, address]) => [address, id]));
    this.#first = addressOfId(this.#network.network, masterId) ?? Infinity;
    this.#isMember = isMember;
    if (this.#reserved.size < reservations.size)
      throw new EtherloomError('bad-option', 'two --reserve options name one address; give each id its own');
  }

  /** Returns the address reserved for an id; undefined if it takes one from the pool. */
  addressOf(id: NodeId): Ipv4Address | undefined {
    const explicit = this.#reservations.get(id);
    if (explicit !== undefined) return explicit;
    const address = addressOfId(this.#network.network, id);
    return address === undefined || this.#reserved.has(address) || this.#network.ownerOf(address) !== undefined ? undefined : address;
  }

  /** The address of the DHCP server. */
  get serverAddress(): Ipv4Address {
    return this.#network.serverAddress;
  }

  /** Returns the id whose guest alone has an address: by a reservation, or by the formula if it is in the star. Undefined for all others. */
  ownerOf(address: Ipv4Address): NodeId | undefined {
    const explicit = this.#reserved.get(address);
    if (explicit !== undefined) return explicit;
    const id = address - this.#first;
    return id >= 0 && id <= maxId && this.#isPresent(id) && this.addressOf(id) === address ? id : undefined;
  }

  /** The plan as options of a DHCP server. */
  get dhcp(): Omit<DhcpOptions, 'serverMac' | 'mtu'> {
    return {
      ...this.#network.dhcp,
      reserved: (mac) => {
        const id = idOfMac(mac);
        return id === undefined || !this.#isPresent(id) ? undefined : this.addressOf(id);
      },
      isReserved: (address) => this.ownerOf(address) !== undefined,
    };
  }

  #isPresent(id: NodeId): boolean {
    return id === masterId || this.#reservations.has(id) || this.#isMember(id);
  }
}

function checkReservation(plan: NetworkPlan, id: NodeId, address: Ipv4Address): void {
  const owner = plan.ownerOf(address);
  const text = `cannot reserve ${formatIpv4(address)} for id ${id}`;
  const of = formatIpv4Network(plan.network);
  if (!isLeasable(plan.network, address)) {
    throw new EtherloomError('bad-option', `${text}: it is not a host address of ${of}; choose one that is`);
  }
  if (owner !== undefined) throw new EtherloomError('bad-option', `${text}: it is the address of ${owner}; choose another of ${of}`);
}

/**
 * Returns the pool of clients without an id: the addresses below the formula's first one, and the upper half, which the formula reaches
 * last. If the network is too small for that, the pool contains all hosts.
 */
function poolOf(network: Ipv4Network): AddressRange[] {
  const first = network.address + 2;
  const last = broadcastOf(network) - 1;
  const formula = addressOfId(network, masterId);
  const middle = network.address + 2 ** (31 - network.prefixLength);
  if (formula === undefined || formula >= middle) return [range(first, last)];
  return [range(first, formula - 1), range(middle, last)];
}

function range(start: number, end: number): AddressRange {
  return { start: ipv4FromNumber(start), end: ipv4FromNumber(end) };
}
