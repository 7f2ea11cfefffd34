import { NetworkPlan, type NetworkOptions } from '../dhcp/network-plan.ts';
import { isLeasable, type DhcpOptions } from '../dhcp/config.ts';
import type { AddressRange } from '../dhcp/pool.ts';
import { EtherloomError } from '../errors.ts';
import { broadcastOf, formatIpv4, formatIpv4Network, ipv4FromNumber, type Ipv4Address, type Ipv4Network } from '../wire/ipv4.ts';
import { AddressOwners } from './address-owners.ts';
import { addressOfId, idOfMac, masterId, type NodeId } from './identity.ts';
import type { ToldRules } from './told-rules.ts';

/** The addresses of a star: explicit reservations first, then the formula for every id that is in the star. */
export class AddressPlan {
  readonly #owners: AddressOwners;
  readonly #network: NetworkPlan;
  readonly #reservations: ReadonlyMap<NodeId, Ipv4Address>;

  /**
   * `isMember` returns whether a slave of the star has that id. Throws EtherloomError('bad-option'): for an invalid network, as NetworkPlan does, or an
   * invalid reservation.
   */
  constructor(options: NetworkOptions, reservations: ReadonlyMap<NodeId, Ipv4Address>, isMember: (id: NodeId) => boolean) {
    const network = new NetworkPlan(options, poolOf);
    for (const [id, address] of reservations) checkReservation(network, id, address);
    this.#network = network;
    this.#reservations = reservations;
    this.#owners = new AddressOwners({
      network: network.network,
      reservations,
      isTaken: (address) => network.ownerOf(address) !== undefined,
      isMember,
    });
    if (new Set(reservations.values()).size < reservations.size)
      throw new EtherloomError('bad-option', 'two --reserve options name one address; give each id its own');
  }

  /** Returns the address reserved for an id; undefined if it takes one from the pool. */
  addressOf(id: NodeId): Ipv4Address | undefined {
    return this.#owners.addressOf(id);
  }

  /** The address of the DHCP server. */
  get serverAddress(): Ipv4Address {
    return this.#owners.serverAddress;
  }

  /** Returns the id whose guest alone has an address: see AddressOwners. */
  ownerOf(address: Ipv4Address): NodeId | undefined {
    return this.#owners.ownerOf(address);
  }

  /** The facts that members are told, so that they know the same owners. */
  get told(): Pick<ToldRules, 'reserved' | 'taken'> {
    return { reserved: [...this.#reservations], taken: this.#network.owned };
  }

  /** The plan as options of a DHCP server. */
  get dhcp(): Omit<DhcpOptions, 'serverMac' | 'mtu'> {
    return {
      ...this.#network.dhcp,
      reserved: (mac) => {
        const id = idOfMac(mac);
        return id === undefined || !this.#owners.isPresent(id) ? undefined : this.addressOf(id);
      },
      isReserved: (address) => this.ownerOf(address) !== undefined,
    };
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
