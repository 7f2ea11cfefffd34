/** Watches ARP for the users of addresses, and reports a user without the right to one. [RFC 5227, 2.4; RFC 2131, 2.2] */
import type { PortNumber } from '../ports/pure/port.ts';
import type { Arp } from '../wire/arp.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';
import { Claims } from './claims.ts';
import { isDynamic, type DhcpConfig } from './config.ts';
import type { LeaseChange, Leases } from './leases.ts';
import { Quota } from './quota.ts';

/** The use of an address by a station to which it does not belong. */
export interface Conflict {
  readonly address: Ipv4Address;
  readonly user: MacAddress;
  /** The station to which the address belongs; undefined if there is none. */
  readonly holder: MacAddress | undefined;
  /**
   * The change that keeps all other stations from the address. Undefined if the user is not believed: the address is the server's own, or
   * it claimed too many.
   */
  readonly change: Extract<LeaseChange, { kind: 'quarantine' }> | undefined;
  /** False if the conflict was known, and only continues. */
  readonly isNews: boolean;
  /**
   * True if the station turned out to claim many addresses: it is no longer believed. `cleared` are the addresses for which it had been.
   */
  readonly isMany: boolean;
  readonly cleared: readonly Ipv4Address[];
}

/** The most conflicts that one port may cause in `declineTime`: forged stations must not empty the pool. */
const maxConflicts = 16;

/** Judges ARP packets by the table of leases; changes nothing itself. */
export class Witness {
  readonly #config: DhcpConfig;
  readonly #leases: Leases;
  readonly #claims: Claims;
  readonly #conflicts: Quota<PortNumber>;
  readonly #warnings: Quota<PortNumber>;

  constructor(config: DhcpConfig, leases: Leases) {
    this.#config = config;
    this.#leases = leases;
    this.#claims = new Claims(config.declineTime * 1000);
    this.#conflicts = new Quota(maxConflicts, config.declineTime * 1000);
    this.#warnings = new Quota(1, config.declineTime * 1000);
  }

  /** Returns the conflict that an ARP packet from a frame of `source` on port `ingress` shows at `now`; undefined if there is none. */
  testify(arp: Arp, source: MacAddress, ingress: PortNumber, now: number): Conflict | undefined {
    const { senderAddress: address, senderMac: user } = arp;
    // A probe asks before it uses the address. [RFC 5227, 2.1.1]
    if (address === 0 || user === this.#config.serverMac) return undefined;
    const conflict = { address, user, change: undefined, isNews: true, isMany: false, cleared: [] };
    const warning = (holder: MacAddress | undefined): Conflict | undefined =>
      this.#warnings.take(ingress, now) ? { ...conflict, holder } : undefined;
    if (address === this.#config.serverAddress) return warning(this.#config.serverMac);
    if (!isDynamic(this.#config, address) && !this.#config.isReserved(address)) return undefined;
    if (this.#config.reserved(user) === address) return undefined;
    const entry = this.#leases.at(address);
    const isQuarantined = entry?.state === 'quarantined';
    if (entry !== undefined && !isQuarantined && (entry.mac === user || entry.mac === source)) return undefined;
    const holder = isQuarantined ? undefined : entry?.mac;
    const verdict = this.#claims.note(source, address, now);
    if (verdict.kind === 'disbelieved') return undefined;
    if (verdict.kind === 'exposed') {
      const cleared = verdict.addresses.filter((one) => this.#isQuarantinedFor(one, user));
      return { ...conflict, holder, isMany: true, cleared };
    }
    // A claim by another station cannot take a reserved address from its own.
    if (this.#config.isReserved(address)) return warning(holder);
    const expires = now + this.#config.declineTime * 1000;
    const change = { kind: 'quarantine', address, user, ingress, expires } as const;
    if (isQuarantined) {
      // An occasional renewal is enough to keep it there.
      const isFresh = entry.mac === user && entry.expires - now > this.#config.declineTime * 500;
      return isFresh ? undefined : { ...conflict, holder, change, isNews: false };
    }
    const mayTake = !this.#leases.isPortFull(ingress, Infinity) && this.#conflicts.take(ingress, now);
    return mayTake ? { ...conflict, holder, change } : warning(holder);
  }

  #isQuarantinedFor(address: Ipv4Address, user: MacAddress): boolean {
    const entry = this.#leases.at(address);
    return entry?.state === 'quarantined' && entry.mac === user;
  }
}
