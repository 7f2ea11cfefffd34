/** The events of a DHCP server, for observers. All text in events is safe to print. */
import type { PortNumber } from '../ports/pure/port.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';
import type { Reason } from './engine.ts';
import type { PacketDrop } from './packet.ts';

/** The reason why a valid message is not answered. */
export type ServerDrop =
  | 'store-failed' // leases cannot be stored, and this would be a new one
  | 'store-busy'; // too many leases are on their way to the store

/** The counters of the server. Each frame has one name; frames that wait for a failing store have a second one. */
export type CounterName = Reason | PacketDrop | ServerDrop | 'arp' | 'arp-reply' | 'echo-reply';

/** A client and its address. */
export interface Subject {
  readonly mac: MacAddress;
  readonly address: Ipv4Address;
  /** The switch port of the client; undefined if it has sent nothing since the server began. */
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
  /** `quarantined` is false if this client, or its port, has declined too many: other clients may get the address. */
  | (Subject & { readonly type: 'lease-declined'; readonly quarantined: boolean })
  /** The station `mac` uses an address that is not its own: that of `holder`, the server's, or one without a holder. */
  | (Omit<Subject, 'hostname'> & {
      readonly type: 'conflict';
      readonly holder: MacAddress | undefined;
      readonly quarantined: boolean;
    })
  /** The station claims so many addresses of others that it is no longer believed. */
  | { readonly type: 'address-claimer'; readonly mac: MacAddress; readonly ingress: PortNumber }
  | (Omit<Subject, 'address'> & { readonly type: 'nak'; readonly reason: Reason })
  /** Two stations, `mac` and `twin`, send the same client identifier; each gets its own lease. */
  | (Omit<Subject, 'address'> & { readonly type: 'duplicate-client'; readonly twin: MacAddress })
  /** A message of a client was not answered; `mac` is the source of its frame. */
  | {
      readonly type: 'dropped';
      readonly mac: MacAddress;
      readonly ingress: PortNumber;
      readonly reason: Reason | ServerDrop | 'partial-checksum';
    }
  /** Leases cannot be stored any more. New ones are not given until `store-recovered`; existing ones are renewed. */
  | { readonly type: 'store-failed'; readonly error: string }
  | { readonly type: 'store-recovered' };
