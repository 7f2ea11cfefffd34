/** What a DHCP server tells whoever watches it. All text in events is safe to print. */
import type { PortNumber } from '../ports/port.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';
import type { Reason } from './engine.ts';
import type { PacketDrop } from './packet.ts';

/** Why a message that makes sense is not answered all the same. */
export type ServerDrop =
  | 'store-failed' // leases cannot be kept, and this would be a new one
  | 'store-busy'; // too many leases are on their way to the store

/** What the server's counters count: each frame under one name; frames that wait for a store that fails, under a second. */
export type CounterName = Reason | PacketDrop | ServerDrop | 'arp' | 'arp-reply' | 'echo-reply';

/** A client and what it is about. */
export interface Subject {
  readonly mac: MacAddress;
  readonly address: Ipv4Address;
  /** The switch port that the client is on; undefined when it was not heard since the server began. */
  readonly ingress: PortNumber | undefined;
  readonly hostname: string | undefined;
}

/** Something that happened, to one client or to the server. */
export type DhcpEvent =
  | (Subject & { readonly type: 'lease-offered' | 'lease-released' | 'lease-expired' })
  /** The client's port is closed, and no other address was free: another client gets this one. */
  | (Subject & { readonly type: 'lease-reclaimed' })
  /** `duration` in seconds, from the beginning of the lease. */
  | (Subject & { readonly type: 'lease-bound' | 'lease-renewed'; readonly reason: Reason; readonly duration: number })
  /** `quarantined` is false when this client, or its port, declined too many already: other clients may get the address. */
  | (Subject & { readonly type: 'lease-declined'; readonly quarantined: boolean })
  /** The station `mac` uses an address that is not its own, but that of `holder`, of nobody, or the server's. */
  | (Omit<Subject, 'hostname'> & {
      readonly type: 'conflict';
      readonly holder: MacAddress | undefined;
      readonly quarantined: boolean;
    })
  /** The station claims so many addresses that are not its own that it is not believed any more. */
  | { readonly type: 'address-claimer'; readonly mac: MacAddress; readonly ingress: PortNumber }
  | (Omit<Subject, 'address'> & { readonly type: 'nak'; readonly reason: Reason })
  /** Two stations, `mac` and `twin`, send one client identifier; each gets its own lease. */
  | (Omit<Subject, 'address'> & { readonly type: 'duplicate-client'; readonly twin: MacAddress })
  /** A message of a client that got no answer; `mac` is the source of its frame. */
  | {
      readonly type: 'dropped';
      readonly mac: MacAddress;
      readonly ingress: PortNumber;
      readonly reason: Reason | ServerDrop | 'partial-checksum';
    }
  /** Leases cannot be kept any more: no new ones are given until `store-recovered`; those that exist are renewed. */
  | { readonly type: 'store-failed'; readonly error: string }
  | { readonly type: 'store-recovered' };
