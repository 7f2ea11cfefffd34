/** Sees in passing ARP who uses which address, and says when it is not the one who may. [RFC 5227, 2.4; RFC 2131, 2.2] */
import type { PortNumber } from '../ports/port.ts';
import type { Arp } from '../wire/arp.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';
import { Claims } from './claims.ts';
import { isDynamic, type DhcpConfig } from './config.ts';
import type { LeaseChange, Leases } from './leases.ts';
import { Quota } from './quota.ts';

/** A station uses an address that is not its own. */
export interface Conflict {
  readonly address: Ipv4Address;
  readonly user: MacAddress;
  /** Whose the address is; undefined when it is nobody's. */
  readonly holder: MacAddress | undefined;
  /** What keeps everybody else from the address; undefined when the user is not believed: it is the server's own, or there were too many. */
  readonly change: Extract<LeaseChange, { kind: 'quarantine' }> | undefined;
  /** False when it was known, and only goes on. */
  readonly isNews: boolean;
  /** The station turned out to claim many addresses: it is not believed from now on, and `cleared` are the addresses that it was. */
  readonly isMany: boolean;
  readonly cleared: readonly Ipv4Address[];
}

/** Conflicts that one port may have in `declineTime`: stations that are made up must not empty the pool. */
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

  /** What an ARP packet from a frame of `source` on port `ingress` shows at `now`; undefined when nothing is wrong. */
  testify(arp: Arp, source: MacAddress, ingress: PortNumber, now: number): Conflict | undefined {
    const { senderAddress: address, senderMac: user } = arp;
    // A probe asks before it uses. [RFC 5227, 2.1.1]
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
    // Nobody else's word takes a reserved address from its station.
    if (this.#config.isReserved(address)) return warning(holder);
    const expires = now + this.#config.declineTime * 1000;
    const change = { kind: 'quarantine', address, user, ingress, expires } as const;
    if (isQuarantined) {
      // Once in a while is enough to keep it so.
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
