/** Follows the ARP of the link: learns where clients are, and ensures that an address has one user. [RFC 5227] */
import type { Clock } from '../clock.ts';
import type { PortNumber } from '../ports/pure/port.ts';
import type { Arp } from '../wire/arp.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';
import type { Bridge } from './bridge.ts';
import type { DhcpConfig } from './config.ts';
import type { DhcpEvent } from './events.ts';
import { Inquiries } from './inquiries.ts';
import type { LeaseChange } from './lease.ts';
import type { Leases } from './leases.ts';
import { arpRequestFrame } from './packet.ts';
import { Witness, type Conflict } from './witness.ts';

/** The parts that a watch works with, and its callbacks. */
export interface ArpWatchOptions {
  readonly config: DhcpConfig;
  readonly clock: Clock;
  readonly bridge: Bridge;
  readonly leases: Leases;
  readonly event: (event: DhcpEvent) => void;
  /** Applies the change to the table, and stores it. */
  readonly change: (change: LeaseChange) => void;
}

/** Watches until it is disposed. */
export class ArpWatch implements Disposable {
  readonly #options: ArpWatchOptions;
  readonly #witness: Witness;
  readonly #inquiries: Inquiries;

  constructor(options: ArpWatchOptions) {
    this.#options = options;
    this.#witness = new Witness(options.config, options.leases);
    this.#inquiries = new Inquiries(options.clock);
  }

  /** Handles an ARP packet in a frame of `source` that entered the bridge by its port `ingress`. */
  see(arp: Arp, source: MacAddress, ingress: PortNumber): void {
    const { leases, clock } = this.#options;
    const { senderAddress: address, senderMac } = arp;
    const now = clock.monotonic();
    if (leases.at(address)?.mac === senderMac && this.homeOf(senderMac, source, ingress) === ingress) {
      leases.heard(address, ingress, now);
      this.#inquiries.answered(address);
    }
    if (this.#inquiries.has(address)) return;
    const conflict = this.#witness.testify(arp, source, ingress, now);
    if (conflict === undefined) return;
    for (const one of conflict.cleared) this.#options.change({ kind: 'withdraw', address: one });
    if (conflict.isMany) this.#options.event({ type: 'address-claimer', mac: source, ingress });
    else if (conflict.change !== undefined && leases.at(address)?.state === 'bound') this.#inquire(conflict, conflict.change, ingress);
    else this.#conclude(conflict, conflict.change, ingress);
  }

  /**
   * Returns the port on which a station is known to be. `source` and `ingress` are those of the current frame, which may lie about the
   * station.
   */
  homeOf(mac: MacAddress, source: MacAddress, ingress: PortNumber): PortNumber | undefined {
    const { bridge } = this.#options;
    if (bridge.portOf !== undefined) return bridge.portOf(mac);
    return mac === source ? ingress : undefined;
  }

  /**
   * Asks whether a station uses an address without a known user. The offer is not delayed for it: an answer is seen when it comes. [RFC
   * 2131, 3.1]
   */
  probe(address: Ipv4Address, tci: number | undefined): void {
    const { config, bridge } = this.#options;
    if (config.probe) bridge.send(arpRequestFrame(config, address, tci));
  }

  [Symbol.dispose](): void {
    this.#inquiries[Symbol.dispose]();
  }

  /** Asks the holder of an address that another station claims. The lease ends only if the holder does not answer. */
  #inquire(conflict: Conflict, change: LeaseChange, ingress: PortNumber): void {
    const { config, bridge, leases } = this.#options;
    const { address, holder } = conflict;
    this.#inquiries.open(address, {
      ask: () => bridge.breath(() => bridge.send(arpRequestFrame(config, address, tagOf(config), holder))),
      concluded: (answered) => {
        const lease = leases.at(address);
        if (lease?.state !== 'bound' || lease.mac !== holder) return;
        this.#conclude(conflict, answered ? undefined : change, ingress);
      },
    });
  }

  #conclude({ address, user, holder, isNews }: Conflict, change: LeaseChange | undefined, ingress: PortNumber): void {
    if (change !== undefined) this.#options.change(change);
    if (isNews) this.#options.event({ type: 'conflict', mac: user, address, ingress, holder, quarantined: change !== undefined });
  }
}

function tagOf({ vid }: DhcpConfig): number | undefined {
  return vid === 0 ? undefined : vid;
}
