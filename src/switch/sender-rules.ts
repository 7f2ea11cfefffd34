import type { Clock } from '../clock.ts';
import { isTagged, removeTag, type Vid } from '../wire/dot1q.ts';
import { etherTypes } from '../wire/ethernet.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';
import { readUint16 } from '../wire/octets.ts';
import { arpSender, arpSenderMac, isArpAboutIpv4 } from './arp-claim.ts';
import { isWrapped, typeAt, typeInVlan } from './frame-type.ts';
import { classify, vlanIn } from './ingress.ts';
import { PortGuard } from './port-guard.ts';
import type { SenderPolicy } from './sender-policy.ts';
import type { SwitchOptions } from './switch-options.ts';
import type { BridgePort, DropReason } from './switch-port.ts';

/** An address of a VLAN that one station alone may claim by ARP, such as the server's. */
export interface Ownership {
  readonly vid: Vid;
  readonly address: Ipv4Address;
  readonly mac: MacAddress;
}

/**
 * The rules for frames of stations, beyond those of bridging: the filter of the switch's owner must admit them, and they must not claim the address of
 * another station by ARP, since its neighbours would then send its traffic to the wrong one. Frames from a guarded port must also keep the rules of
 * `sender-table.ts`.
 */
export class SenderRules {
  readonly #admit: SwitchOptions['admit'];
  readonly #observe: SwitchOptions['observe'];
  readonly #clock: Clock;
  /** The owner of each address, by VLAN and address. */
  readonly #owners = new Map<number, MacAddress>();
  readonly #ownerships = new Set<Ownership>();
  /** The addresses of all owners, which no station behind a guarded port may have, in any VLAN. */
  #macs: readonly MacAddress[] = [];
  #addresses: readonly Ipv4Address[] = [];

  constructor({ admit, observe, clock }: Pick<SwitchOptions, 'admit' | 'observe' | 'clock'>) {
    this.#admit = admit;
    this.#observe = observe;
    this.#clock = clock;
  }

  /** Reserves an address of a VLAN for the station with that MAC address, until the result is disposed. */
  reserve(ownership: Ownership): Disposable {
    const key = keyOf(ownership.vid, ownership.address);
    this.#owners.set(key, ownership.mac);
    this.#ownerships.add(ownership);
    this.#collect();
    return {
      [Symbol.dispose]: () => {
        this.#owners.delete(key);
        this.#ownerships.delete(ownership);
        this.#collect();
      },
    };
  }

  /** The addresses of all owners, which no station behind a guarded port may have. */
  get owned(): { readonly macs: readonly MacAddress[]; readonly addresses: readonly Ipv4Address[] } {
    return { macs: this.#macs, addresses: this.#addresses };
  }

  /** Guards a port by a policy, and the addresses of all owners, until the result is disposed. The guard before holds again then. */
  guard(port: BridgePort, policy: SenderPolicy): Disposable {
    const before = port.guard;
    const guard = new PortGuard(
      {
        mayUse: (mac) => !this.#macs.includes(mac) && policy.mayUse(mac),
        mayClaim: (address) => !this.#addresses.includes(address) && policy.mayClaim(address),
        trustDhcp: policy.trustDhcp,
        open: policy.open,
        floodRate: policy.floodRate,
      },
      this.#clock,
    );
    port.guard = guard;
    return {
      [Symbol.dispose]: () => {
        if (port.guard === guard) port.guard = before;
      },
    };
  }

  /**
   * Returns whether the rules for all ports look at more of a frame than its header. If not, all frames with this header may enter by a port
   * without a guard if this one may.
   */
  concern(frame: Uint8Array): boolean {
    return this.#admit !== undefined || (this.#owners.size > 0 && mayCarryArp(frame));
  }

  /** Returns the VLAN in which a frame enters by a port, or why it does not: by its tag, the spanning tree, or these rules. Has no side effects. */
  enter(ingress: BridgePort, frame: Uint8Array): Vid | DropReason {
    const vid = classify(ingress, frame);
    if (typeof vid === 'string') return vid;
    return ingress.isBlocked(vid) ? 'blocked' : (this.refusal(ingress, vid, frame) ?? vid);
  }

  /** Returns why a frame of a VLAN must not enter by a port; undefined if it may. Has no side effects. */
  refusal({ number, guard }: Pick<BridgePort, 'number' | 'guard'>, vid: Vid, frame: Uint8Array): DropReason | undefined {
    if (this.concern(frame)) {
      if (this.#admit?.(number, frame) === false) return 'not-admitted';
      if (this.#isForged(vid, frame)) return 'forged-arp';
    }
    return guard?.breach(frame);
  }

  /**
   * Shows a frame that was dropped as `forged-arp` to the observer, if it claims a reserved address. A claim that only the guard of a port refuses is not
   * shown: its address would be taken for one in use.
   */
  showForged(ingress: BridgePort, frame: Uint8Array): void {
    const vid = vlanIn(ingress, frame);
    if (this.#isForged(vid, frame)) this.#observe?.(ingress.number, vid, isTagged(frame) ? removeTag(frame) : frame);
  }

  #isForged(vid: Vid, frame: Uint8Array): boolean {
    if (this.#owners.size === 0 || !mayCarryArp(frame)) return false;
    const type = typeInVlan(frame);
    const packet = type + 2;
    if (readUint16(frame, type) !== etherTypes.arp || !isArpAboutIpv4(frame, packet)) return false;
    const owner = this.#owners.get(keyOf(vid, arpSender(frame, packet)));
    return owner !== undefined && owner !== arpSenderMac(frame, packet);
  }

  #collect(): void {
    // A few, among which searching is faster than hashing.
    const all = [...this.#ownerships];
    this.#macs = [...new Set(all.map(({ mac }) => mac))];
    this.#addresses = all.map(({ address }) => address);
  }
}

function mayCarryArp(frame: Uint8Array): boolean {
  return readUint16(frame, typeAt) === etherTypes.arp || isWrapped(frame);
}

function keyOf(vid: Vid, address: number): number {
  return vid * 2 ** 32 + address;
}
