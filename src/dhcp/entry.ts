import type { PortNumber } from '../ports/port.ts';
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
  /** It was bound once: if an offer comes to nothing, the client is still remembered. */
  remembered: boolean;
  place: number;
  /** Another port than `ingress` on which the client was heard, and since when: nothing came by `ingress` meanwhile. */
  moving: { readonly port: PortNumber; readonly since: number } | undefined;
  /** Of an address in quarantine: the lease that its client may still believe in. */
  promise: Lease | undefined;
}

/** No station has it. */
export const nobody = 0 as MacAddress;

/** Returns the entry of an address that becomes a client's; `pooled` tells whether it is one of the pool. */
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
