import type { PortNumber } from '../ports/pure/port.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';
import type { Lease, LeaseState } from './lease.ts';

/** An entry of the table of leases, as `Leases` changes it. */
export interface Entry {
  readonly address: Ipv4Address;
  key: string;
  mac: MacAddress;
  hostname: string | undefined;
  ingress: PortNumber | undefined;
  state: LeaseState;
  expires: number;
  duration: number;
  durable: boolean;
  readonly pooled: boolean;
  /** True if it was bound once: the client is remembered even if an offer is not accepted. */
  remembered: boolean;
  place: number;
  /** A port other than `ingress` that receives the client's frames, and since when; `ingress` has received none meanwhile. */
  moving: { readonly port: PortNumber; readonly since: number } | undefined;
  /** For an address in quarantine: the lease that its client may still believe in. */
  promise: Lease | undefined;
}

/** The holder of an address without a station. */
export const nobody = 0 as MacAddress;

/** Returns the entry of an address that becomes a client's; `pooled` is true for an address of the pool. */
export function newEntry(address: Ipv4Address, key: string, pooled: boolean): Entry {
  return {
    address,
    key,
    mac: nobody,
    hostname: undefined,
    ingress: undefined,
    state: 'offered',
    expires: Infinity,
    duration: 0,
    durable: false,
    pooled,
    remembered: false,
    place: -1,
    moving: undefined,
    promise: undefined,
  };
}
