import type { Ipv4Address } from '../../wire/ipv4.ts';

/** The states of an address that is not simply free, in the order in which they are shown. */
export const leaseStates = ['bound', 'offered', 'idle', 'quarantined'] as const;

/**
 * A state of an address that is not simply free. `bound`: a client's. `offered`: kept for a client until it answers. `idle`: free, but its last
 * client gets it again if no other needed it first. `quarantined`: not leased, since a station uses it without a lease.
 */
export type LeaseState = (typeof leaseStates)[number];

/** A DHCP server as a whole. */
export interface DhcpView {
  /** As `10.77.0.0/24`. */
  readonly network: string;
  readonly server: string;
  readonly serverMac: string;
  readonly vlan: number;
  /** The number of addresses for clients without a reservation. */
  readonly pool: number;
  /** Seconds of a lease whose client asks for none. */
  readonly leaseTime: number;
  /** The number of addresses in each state. */
  readonly leases: Readonly<Record<LeaseState, number>>;
  /** Frames by their treatment, since the server began. */
  readonly frames: Readonly<Record<string, number>>;
}

/** An address that is not simply free. */
export interface LeaseView {
  readonly address: string;
  readonly state: LeaseState;
  /** The MAC address of its client, or of the station that uses it; undefined where none is known. */
  readonly mac: string | undefined;
  /** The client identifier, in hexadecimal; undefined for a client that is known by its MAC address alone. */
  readonly client: string | undefined;
  readonly hostname: string | undefined;
  /** The port that the client was last heard on; undefined when it was not heard since the server began. */
  readonly port: number | undefined;
  /** Seconds until the state ends; undefined when it does not. */
  readonly left: number | undefined;
}

/** Leases in the order of their addresses, and the number of those behind them that are not shown. */
export interface LeasePage {
  readonly leases: readonly LeaseView[];
  readonly more: number;
}

/** A selection of leases. */
export interface LeaseQuery {
  /** The first address; default: the lowest. */
  readonly from?: Ipv4Address | undefined;
  /** Default: all states. */
  readonly state?: LeaseState | undefined;
  readonly limit: number;
}

/** The DHCP server of a switch, as it is managed. */
export interface DhcpPart {
  show(): DhcpView;
  leases(query: LeaseQuery): LeasePage;
  lease(address: Ipv4Address): LeaseView | undefined;
  /** Ends a lease, as its client would; the client is not told. Returns false when the address is not bound. */
  release(address: Ipv4Address): boolean;
}
