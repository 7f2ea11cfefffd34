import type { Vid } from '../wire/dot1q.ts';
import { PortVlans, type Egress, type VlanMembership } from './vlan.ts';

/** The number of a switch port. 0 is the management port. */
export type PortNumber = number;

/** Why the switch did not pass a frame on. A frame that is passed on to nobody has exactly one of them, but a BPDU that was taken. */
export type DropReason =
  | 'runt' // shorter than its header: 14 octets, or 18 with a tag
  | 'port-down' // it came from a port that is down
  | 'quiet' // it came from a port that only listens
  | 'reserved-vid' // its tag says VLAN 4095
  | 'not-a-member' // its tag says a VLAN that the port is not in
  | 'no-untagged' // it has no tag, and the port takes tagged frames only
  | 'blocked' // the spanning tree keeps the port out of its VLAN
  | 'bad-bpdu' // it is for the spanning tree, which cannot read it
  | 'not-admitted' // the filter refused it
  | 'double-tagged' // without its tag it would be taken for a frame of the VLAN that the tag behind that says
  | 'same-port' // its destination is behind the port it came from
  | 'no-egress'; // nobody else is in its VLAN

/** Counts of frames at a port, as the switch sees them. Each grows only. */
export interface SwitchPortCounters {
  receivedFrames: number;
  receivedOctets: number;
  sentFrames: number;
  sentOctets: number;
  /** Of the frames received here. */
  readonly drops: Record<DropReason, number>;
}

/** A port as others see it. */
export interface SwitchPort {
  readonly number: PortNumber;
  /** Whether its other side is there. */
  readonly up: boolean;
  /** Whether it only listens: frames from it are dropped, and nothing is learned from them. */
  readonly quiet: boolean;
  readonly vlans: PortVlans;
  readonly counters: Readonly<SwitchPortCounters>;
  /** Whether no other port can take its stations over while they are remembered; may be changed. At first it is false. */
  sticky: boolean;
}

/** A port as the switch keeps it. */
export class BridgePort implements SwitchPort {
  readonly number: PortNumber;
  /** Why no frame from it enters the switch; undefined for most ports. Follows `up` and `quiet`. */
  refusal: 'port-down' | 'quiet' | undefined;
  #up: boolean;
  #quiet = false;
  vlans: PortVlans;
  sticky = false;
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
      'double-tagged': 0,
      'same-port': 0,
      'no-egress': 0,
    },
  };
  /** Whether nobody behind it takes part in a spanning tree. */
  readonly edge: boolean;
  /** The VLANs that the spanning tree keeps it out of; undefined when there are none, which most frames find. */
  blocked: ReadonlySet<Vid> | undefined;
  /** The ways out by this port alone, made in advance. */
  readonly taggedEgress: readonly Egress<BridgePort>[] = [{ port: this, tagged: true }];
  readonly untaggedEgress: readonly Egress<BridgePort>[] = [{ port: this, tagged: false }];

  constructor(number: PortNumber, membership: VlanMembership, up: boolean, edge: boolean) {
    this.number = number;
    this.edge = edge;
    this.vlans = new PortVlans(membership);
    this.#up = up;
    this.#judge();
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

  /** Whether the spanning tree keeps it out of a VLAN. One that it is in as a trunk only has no tree: it is where that of the untagged one is. */
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
