/** Sees in passing ARP who uses which address, and says when it is not the one who may. [RFC 5227, 2.4; RFC 2131, 2.2] */
import type { PortNumber } from '../ports/port.ts';
import type { Arp } from '../wire/arp.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';
import { isDynamic, type DhcpConfig } from './config.ts';
import type { LeaseChange, Leases } from './leases.ts';
import { Quota } from './quota.ts';

/** A station uses an address that is not its own. */
export interface Conflict {
  readonly address: Ipv4Address;
  readonly user: MacAddress;
  /** Whose the address is; undefined when it is nobody's. */
  readonly holder: MacAddress | undefined;
  /** What keeps everybody else from the address; undefined when it is the server's own, or this port said so too often already. */
  readonly change: Extract<LeaseChange, { kind: 'quarantine' }> | undefined;
  /** False when it was known, and only goes on. */
  readonly isNews: boolean;
}

/** Conflicts that one port may have in `declineTime`: a station that claims every address must not empty the pool. */
const maxConflicts = 16;

/** Judges ARP packets by the table of leases; changes nothing itself. */
export class Witness {
  readonly #config: DhcpConfig;
  readonly #leases: Leases;
  readonly #conflicts: Quota<PortNumber>;
  readonly #warnings: Quota<PortNumber>;

  constructor(config: DhcpConfig, leases: Leases) {
    this.#config = config;
    this.#leases = leases;
    this.#conflicts = new Quota(maxConflicts, config.declineTime * 1000);
    this.#warnings = new Quota(1, config.declineTime * 1000);
  }

  /** What an ARP packet from a frame of `source` on port `ingress` shows at `now`; undefined when nothing is wrong. */
  testify(arp: Arp, source: MacAddress, ingress: PortNumber, now: number): Conflict | undefined {
    const { senderAddress: address, senderMac: user } = arp;
    // A probe asks before it uses. [RFC 5227, 2.1.1]
    if (address === 0 || user === this.#config.serverMac) return undefined;
    if (address === this.#config.serverAddress) return this.#warning(address, user, this.#config.serverMac, ingress, now);
    if (!isDynamic(this.#config, address) && !this.#config.isReserved(address)) return undefined;
    if (this.#config.reserved(user) === address) return undefined;
    const entry = this.#leases.at(address);
    const isQuarantined = entry?.state === 'quarantined';
    if (entry !== undefined && !isQuarantined && (entry.mac === user || entry.mac === source)) return undefined;
    // Nobody else's word takes a reserved address from its station.
    if (this.#config.isReserved(address)) return this.#warning(address, user, entry?.mac, ingress, now);
    const expires = now + this.#config.declineTime * 1000;
    const change = { kind: 'quarantine', address, user, expires } as const;
    if (isQuarantined) {
      // Once in a while is enough to keep it so.
      const isFresh = entry.mac === user && entry.expires - now > this.#config.declineTime * 500;
      return isFresh ? undefined : { address, user, holder: undefined, change, isNews: false };
    }
    const holder = entry?.mac;
    if (!this.#conflicts.take(ingress, now)) return this.#warning(address, user, holder, ingress, now);
    return { address, user, holder, change, isNews: true };
  }

  /** A conflict that nothing is done about; told once in a while for each port. */
  #warning(address: Ipv4Address, user: MacAddress, holder: MacAddress | undefined, ingress: PortNumber, now: number): Conflict | undefined {
    return this.#warnings.take(ingress, now) ? { address, user, holder, change: undefined, isNews: true } : undefined;
  }
}
