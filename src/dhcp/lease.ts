/** The table of leases in words: clients, leases, and what happens to them. */
import type { PortNumber } from '../ports/port.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';

/** A client as a message shows it. */
export interface Client {
  /** What tells it from all others: its identifier, or its hardware address. [RFC 2131, 4.2] */
  readonly key: string;
  readonly mac: MacAddress;
  readonly hostname: string | undefined;
  /** The switch port that it was heard on; undefined when that is not known any more, as after a restart. */
  readonly ingress: PortNumber | undefined;
}

/**
 * `offered`: kept for the client until it answers. `bound`: the client's. `idle`: free, but the client gets it again if nobody needed it
 * first. `quarantined`: nobody gets it, since somebody uses it who should not.
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
  /** Its store has it: it may be renewed even while nothing can be written. */
  readonly durable: boolean;
  /** Of an address in quarantine by another station's word: the lease that its client may still believe in. It holds until its end. */
  readonly promise?: Lease | undefined;
}

/** What a message does to the table. */
export type LeaseChange =
  | { readonly kind: 'offer'; readonly address: Ipv4Address; readonly client: Client; readonly expires: number }
  | { readonly kind: 'bind'; readonly address: Ipv4Address; readonly client: Client; readonly expires: number; readonly duration: number }
  /** The client goes, and is remembered. */
  | { readonly kind: 'release'; readonly address: Ipv4Address }
  /** The client took another server's offer, or its lease could not be kept: as if nothing had been offered or bound. */
  | { readonly kind: 'withdraw'; readonly address: Ipv4Address }
  /** `user` is the station that was seen with the address, if any: to itself it is not closed. `ingress` is the port by whose word it is. */
  | {
      readonly kind: 'quarantine';
      readonly address: Ipv4Address;
      readonly user: MacAddress | undefined;
      readonly ingress: PortNumber;
      readonly expires: number;
    };

/** Returns the key of a client that is known by its hardware address alone. */
export function keyOfMac(mac: MacAddress): string {
  return `01${hexOf(mac)}`;
}

/** Returns a MAC address as twelve hexadecimal digits. */
export function hexOf(mac: MacAddress): string {
  return mac.toString(16).padStart(12, '0');
}
