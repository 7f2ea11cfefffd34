/** The vocabulary of the table of leases: clients, leases, and their changes. */
import type { PortNumber } from '../ports/pure/port.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';

/** A client, as its message shows it. */
export interface Client {
  /** The key that distinguishes it from all others: its identifier, or its hardware address. [RFC 2131, 4.2] */
  readonly key: string;
  readonly mac: MacAddress;
  readonly hostname: string | undefined;
  /** The switch port of its frames; undefined if that is no longer known, as after a restart. */
  readonly ingress: PortNumber | undefined;
}

/**
 * `offered`: reserved for the client until it answers. `bound`: the client's. `idle`: free, but the client gets it again unless another
 * client needed it first. `quarantined`: out of use, since a station without a lease uses it.
 */
export type LeaseState = 'offered' | 'bound' | 'idle' | 'quarantined';

/** An address that is not simply free. A view: only `Leases` changes it. */
export interface Lease extends Readonly<Client> {
  readonly address: Ipv4Address;
  readonly state: LeaseState;
  /** Milliseconds; Infinity for never. */
  readonly expires: number;
  /** Seconds from the beginning of the lease to its end; 0 before. */
  readonly duration: number;
  /** True if it is stored: it may be renewed even while the store fails. */
  readonly durable: boolean;
  /** For an address in quarantine because of another station's claim: the lease that its client may still believe in, until that lease ends. */
  readonly promise?: Lease | undefined;
}

/** A change of the table by a message. */
export type LeaseChange =
  | { readonly kind: 'offer'; readonly address: Ipv4Address; readonly client: Client; readonly expires: number }
  | { readonly kind: 'bind'; readonly address: Ipv4Address; readonly client: Client; readonly expires: number; readonly duration: number }
  /** The client leaves, and is remembered. */
  | { readonly kind: 'release'; readonly address: Ipv4Address }
  /** The client accepted another server's offer, or its lease could not be stored: the offer or lease is undone. */
  | { readonly kind: 'withdraw'; readonly address: Ipv4Address }
  /**
   * `user` is the station that was seen with the address, if any; the address remains available to it. `ingress` is the port of the claim.
   */
  | {
      readonly kind: 'quarantine';
      readonly address: Ipv4Address;
      readonly user: MacAddress | undefined;
      readonly ingress: PortNumber;
      readonly expires: number;
    };

/** Returns the key of a client that is identified by its hardware address alone. */
export function keyOfMac(mac: MacAddress): string {
  return `01${hexOf(mac)}`;
}

/** Formats a MAC address as twelve hexadecimal digits. */
export function hexOf(mac: MacAddress): string {
  return mac.toString(16).padStart(12, '0');
}
