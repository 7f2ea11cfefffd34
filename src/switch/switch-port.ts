import type { Vid } from '../wire/dot1q.ts';
import type { PortGuard } from './port-guard.ts';
import type { SenderRule } from './sender-policy.ts';
import { PortVlans, type Egress, type VlanMembership } from './vlan.ts';

/** The number of a switch port. 0 is the management port. */
export type PortNumber = number;

/** The reason why the switch did not forward a frame. Each such frame has exactly one, except a BPDU, which the spanning tree takes. */
export type DropReason =
  | 'runt' // shorter than its header: 14 octets, or 18 with a tag
  | 'port-down' // it came from a port that is down
  | 'quiet' // it came from a port that only listens
  | 'reserved-vid' // its tag has VLAN 4095
  | 'not-a-member' // its tag has a VLAN that the port is not in
  | 'no-untagged' // it has no tag, and the port takes tagged frames only
  | 'blocked' // the spanning tree keeps the port out of its VLAN
  | 'bad-bpdu' // it is for the spanning tree, which cannot decode it
  | 'not-admitted' // the filter refused it
  | SenderRule // the rule of a guarded port that it breaks; `forged-arp`, a claim of a reserved address, at all ports
  | 'flooding' // the guarded port has used up its rate of flooding
  | 'group-at-shortcut' // a shortcut brought it, and it is for a group
  | 'not-agreed' // a shortcut brought it, and its flow was not agreed, or its destination is not local
  | 'double-tagged' // without its outer tag it would be read as a frame of its inner VLAN
  | 'same-port' // its destination is behind the port it came from
  | 'no-egress'; // there is no other port in its VLAN

/** Counts of frames at a port, as the switch sees them. They only grow. */
export interface SwitchPortCounters {
  receivedFrames: number;
  receivedOctets: number;
  sentFrames: number;
  sentOctets: number;
  /** Counts of the frames received here, by reason. */
  readonly drops: Record<DropReason, number>;
}

/** A port as others see it. */
export interface SwitchPort {
  readonly number: PortNumber;
  /** True if its other side is connected. */
  readonly up: boolean;
  /** True if it only listens: frames from it are dropped, and nothing is learned from them. */
  readonly quiet: boolean;
  readonly vlans: PortVlans;
  readonly counters: Readonly<SwitchPortCounters>;
  /** True if a guard judges the frames from it: see Switch.guard. */
  readonly guarded: boolean;
  /** True if other ports cannot take its stations over while they are remembered. May be changed. Initially false. */
  sticky: boolean;
}

/** A port as the switch keeps it. */
export class BridgePort implements SwitchPort {
  readonly number: PortNumber;
  /** The reason why frames from it are dropped; undefined for most ports. Follows `up` and `quiet`. */
  refusal: 'port-down' | 'quiet' | undefined;
  #up: boolean;
  #quiet = false;
  vlans: PortVlans;
  sticky = false;
  /** The guard for frames from it. Undefined for most ports. Set by SenderRules. */
  guard: PortGuard | undefined;
  readonly counters: SwitchPortCounters = {
    receivedFrames: 0,
    receivedOctets: 0,
    sentFrames: 0,
    sentOctets: 0,
    drops: {
      runt: 0,
      'port-down': 0,
      quiet: 0,
      'reserved-vid': 0,
      'not-a-member': 0,
      'no-untagged': 0,
      blocked: 0,
      'bad-bpdu': 0,
      'not-admitted': 0,
      'forged-mac': 0,
      'bridge-frame': 0,
      unreadable: 0,
      'forged-arp': 0,
      'forged-ipv4': 0,
      'forged-ipv6': 0,
      'rogue-dhcp': 0,
      'forged-dhcp': 0,
      'rogue-router': 0,
      flooding: 0,
      'group-at-shortcut': 0,
      'not-agreed': 0,
      'double-tagged': 0,
      'same-port': 0,
      'no-egress': 0,
    },
  };
  /** True if no bridge behind it takes part in a spanning tree. */
  readonly edge: boolean;
  /** The VLANs that the spanning tree keeps it out of. Undefined if there are none, which is the common case. */
  blocked: ReadonlySet<Vid> | undefined;
  /** The ways out by this port alone, made in advance. */
  readonly taggedEgress: readonly Egress<BridgePort>[] = [{ port: this, tagged: true }];
  readonly untaggedEgress: readonly Egress<BridgePort>[] = [{ port: this, tagged: false }];

  constructor(number: PortNumber, membership: VlanMembership, up: boolean, edge: boolean) {
    this.number = number;
    this.edge = edge;
    this.vlans = new PortVlans(membership);
    this.#up = up;
    this.guard = undefined;
    this.#judge();
  }

  get guarded(): boolean {
    return this.guard !== undefined;
  }

  get up(): boolean {
    return this.#up;
  }

  set up(up: boolean) {
    this.#up = up;
    this.#judge();
  }

  get quiet(): boolean {
    return this.#quiet;
  }

  set quiet(quiet: boolean) {
    this.#quiet = quiet;
    this.#judge();
  }

  /**
   * Returns whether the spanning tree keeps it out of a VLAN. A VLAN that it carries only as a trunk has no tree: there it follows the
   * tree of its untagged VLAN.
   */
  isBlocked(vid: Vid): boolean {
    if (this.blocked === undefined) return false;
    const { untagged } = this.vlans;
    const tree = this.vlans.lists(vid) || untagged === 'none' ? vid : untagged;
    return this.blocked.has(tree);
  }

  /** Keeps the port out of a VLAN, or lets it in again. */
  setBlocked(vid: Vid, blocked: boolean): void {
    const vids = new Set(this.blocked);
    if (blocked) vids.add(vid);
    else vids.delete(vid);
    this.blocked = vids.size > 0 ? vids : undefined;
  }

  #judge(): void {
    if (!this.#up) this.refusal = 'port-down';
    else this.refusal = this.#quiet ? 'quiet' : undefined;
  }
}
