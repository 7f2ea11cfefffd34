import { EtherloomError } from '../errors.ts';
import type { DhcpOptions } from '../dhcp/config.ts';
import { isLeasable } from '../dhcp/config.ts';
import type { AddressRange } from '../dhcp/pool.ts';
import {
  broadcastOf,
  formatIpv4,
  formatIpv4Network,
  ipv4FromNumber,
  reasonAgainstHosts,
  type Ipv4Address,
  type Ipv4Network,
} from '../wire/ipv4.ts';
import { addressOfId, idOfMac, masterId, serverAddress, type NodeId } from './identity.ts';

/** Which address is whose: explicit reservations first, then the formula for every id that is in the star. */
export class AddressPlan {
  readonly network: Ipv4Network;
  readonly #reservations: ReadonlyMap<NodeId, Ipv4Address>;
  readonly #reserved: ReadonlySet<Ipv4Address>;
  readonly #present: () => Iterable<NodeId>;

  /** `present` tells the ids that are in the star. Throws EtherloomError('bad-option') when a reservation cannot be. */
  constructor(network: Ipv4Network, reservations: ReadonlyMap<NodeId, Ipv4Address>, present: () => Iterable<NodeId>) {
    checkNetwork(network);
    for (const [id, address] of reservations) checkReservation(network, id, address);
    this.network = network;
    this.#reservations = reservations;
    this.#reserved = new Set(reservations.values());
    this.#present = present;
    if (this.#reserved.size < reservations.size)
      throw new EtherloomError('bad-option', 'two --reserve options name one address; give each id its own');
  }

  /** The address kept for an id; undefined when it takes one from the pool. */
  addressOf(id: NodeId): Ipv4Address | undefined {
    const explicit = this.#reservations.get(id);
    if (explicit !== undefined) return explicit;
    const address = addressOfId(this.network, id);
    return address === undefined || this.#reserved.has(address) ? undefined : address;
  }

  /** What a DHCP server needs of the plan. */
  get dhcp(): Pick<DhcpOptions, 'network' | 'serverAddress' | 'ranges' | 'reserved' | 'isReserved'> {
    return {
      network: this.network,
      serverAddress: serverAddress(this.network),
      ranges: poolOf(this.network),
      reserved: (mac) => {
        const id = idOfMac(mac);
        return id === undefined || !this.#isPresent(id) ? undefined : this.addressOf(id);
      },
      isReserved: (address) => {
        if (this.#reserved.has(address)) return true;
        const id = address - (addressOfId(this.network, masterId) ?? Infinity);
        return id >= 0 && this.addressOf(id) === address && this.#isPresent(id);
      },
    };
  }

  #isPresent(id: NodeId): boolean {
    if (id === masterId || this.#reservations.has(id)) return true;
    for (const present of this.#present()) if (present === id) return true;
    return false;
  }
}

function checkNetwork(network: Ipv4Network): void {
  const text = formatIpv4Network(network);
  if (network.prefixLength > 30) {
    throw new EtherloomError('bad-option', `--subnet ${text} has no room for guests; choose one of /30 or wider`);
  }
  const reason = reasonAgainstHosts(network);
  if (reason === undefined) return;
  throw new EtherloomError('bad-option', `cannot serve --subnet ${text}: ${reason}; choose a private network, such as 10.77.0.0/24`);
}

function checkReservation(network: Ipv4Network, id: NodeId, address: Ipv4Address): void {
  const why = !isLeasable(network, address)
    ? `it is not a host address of ${formatIpv4Network(network)}`
    : address === serverAddress(network)
      ? "it is the server's own address"
      : undefined;
  if (why !== undefined) throw new EtherloomError('bad-option', `cannot reserve ${formatIpv4(address)} for id ${id}: ${why}`);
}

/**
 * Where clients without an id get theirs: what lies below the formula's first address, and the upper half, which the formula reaches last.
 * In a network too small for that, anywhere.
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
