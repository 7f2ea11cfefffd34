import { parseIpv4, type Ipv4Address } from '../../wire/ipv4.ts';
import type { Managed } from '../managed.ts';
import { reads, Refusal, writes } from '../operation.ts';
import type { DhcpPart, DhcpView, LeasePage, LeaseState, LeaseView } from '../parts/dhcp.ts';

/** The most leases that are shown at once. */
export const mostLeases = 1000;

/** The arguments of an operation on one address. */
export interface OnAddress {
  readonly address: string;
}

/** The arguments of a list of leases. */
export interface LeaseSelection {
  /** The first address; default: the lowest. */
  readonly from?: string | undefined;
  /** Default: all. */
  readonly state?: LeaseState | undefined;
  /** Default, and most: `mostLeases`. */
  readonly limit?: number | undefined;
}

/** Shows the network of the server, the number of addresses by state, and the number of frames by their treatment. */
export const showDhcp = reads(
  'dhcp.showinfo',
  'show the network, the number of leases by state, and the counters of frames',
  (managed): DhcpView | Refusal => onDhcp(managed, (dhcp) => dhcp.show()),
);

/** Lists leases in the order of their addresses. */
export const listLeases = reads(
  'dhcp.leases',
  `show the leases by address, ${mostLeases} at most`,
  (managed, { from, state, limit = mostLeases }: LeaseSelection): LeasePage | Refusal =>
    onDhcp(managed, (dhcp) => {
      if (from === undefined) return dhcp.leases({ state, limit });
      const first = addressOf(from);
      return first instanceof Refusal ? first : dhcp.leases({ from: first, state, limit });
    }),
);

/** Shows the lease of an address. */
export const showLease = reads('dhcp.lease', 'show the lease of an address', (managed, { address }: OnAddress): LeaseView | Refusal =>
  onLease(managed, address, (dhcp, leased) => dhcp.lease(leased) ?? new Refusal('ENXIO', `${address} is not leased`)),
);

/** Ends the lease of a client that is gone. A client that is still there is not informed, and uses the address until it renews. */
export const releaseLease = writes(
  'dhcp.release',
  'end the lease of an address whose client is gone',
  (managed, { address }: OnAddress): undefined | Refusal =>
    onLease(managed, address, (dhcp, leased) => (dhcp.release(leased) ? undefined : new Refusal('ENXIO', `${address} is not leased`))),
);

function onDhcp<Value>({ dhcp }: Managed, act: (dhcp: DhcpPart) => Value | Refusal): Value | Refusal {
  return dhcp ? act(dhcp) : new Refusal('ENODEV', 'there is no DHCP server in this switch');
}

function onLease<Value>(
  managed: Managed,
  address: string,
  act: (dhcp: DhcpPart, address: Ipv4Address) => Value | Refusal,
): Value | Refusal {
  return onDhcp(managed, (dhcp) => {
    const parsed = addressOf(address);
    return parsed instanceof Refusal ? parsed : act(dhcp, parsed);
  });
}

function addressOf(text: string): Ipv4Address | Refusal {
  return parseIpv4(text) ?? new Refusal('EINVAL', `${text} is not an IPv4 address`);
}
