import type { Feed } from '../../feed.ts';
import type { Ipv4Address } from '../../wire/ipv4.ts';

/** The states of an address with a record, in the order in which they are shown. */
export const leaseStates = ['bound', 'offered', 'idle', 'quarantined'] as const;

/**
 * The state of an address with a record. `bound`: leased to a client. `offered`: kept for a client until it answers. `idle`: free, but its
 * last client gets it again unless another needed it first. `quarantined`: not leased, since a station uses it without a lease.
 */
export type LeaseState = (typeof leaseStates)[number];

/** A DHCP server as a whole. */
export interface DhcpView {
  /** In the form `10.77.0.0/24`. */
  readonly network: string;
  readonly server: string;
  readonly serverMac: string;
  readonly vlan: number;
  /** The number of addresses for clients without a reservation. */
  readonly pool: number;
  /** The duration of a lease in seconds, for clients that ask for none. */
  readonly leaseTime: number;
  /** The number of addresses in each state. */
  readonly leases: Readonly<Record<LeaseState, number>>;
  /** The number of frames by their treatment, since the server began. */
  readonly frames: Readonly<Record<string, number>>;
}

/** An address with a record. */
export interface LeaseView {
  readonly address: string;
  readonly state: LeaseState;
  /** The MAC address of its client, or of the station that uses it; undefined if none is known. */
  readonly mac: string | undefined;
  /** The client identifier, in hexadecimal; undefined for a client that is identified by its MAC address alone. */
  readonly client: string | undefined;
  readonly hostname: string | undefined;
  /** The port of the client's last message; undefined if there was none since the server began. */
  readonly port: number | undefined;
  /** Seconds until the state ends; undefined if it does not end. */
  readonly left: number | undefined;
}

/** A page of leases in the order of their addresses, and the number of further ones. */
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

/** An event of a DHCP server. All texts in it are safe to print. */
export interface LeaseEvent {
  /** `bound`, `renewed`, `released`, `expired`, `declined`, `conflict`, `nak`, `dropped`, `store-failed` … */
  readonly change: string;
  /** The MAC address of the client; undefined if the event is about the server. */
  readonly mac?: string | undefined;
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  readonly hostname?: string | undefined;
  readonly reason?: string | undefined;
}

/** The DHCP server of a switch, as operations reach it. */
export interface DhcpPart {
  /** Its events. Default: they are not told. */
  readonly events?: Feed<LeaseEvent> | undefined;
  show(): DhcpView;
  leases(query: LeaseQuery): LeasePage;
  lease(address: Ipv4Address): LeaseView | undefined;
  /** Ends a lease without informing its client. Returns false if the address is not bound. */
  release(address: Ipv4Address): boolean;
}
