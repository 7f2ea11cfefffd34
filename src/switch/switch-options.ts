import type { Clock } from '../clock.ts';
import type { Vid } from '../wire/dot1q.ts';
import type { MacAddress } from '../wire/mac.ts';
import type { FdbOptions } from './fdb.ts';
import type { FstpChange } from './fstp-tree.ts';
import type { PortNumber } from './switch-port.ts';
import type { VlanMembership } from './vlan.ts';

/** What a switch is given. Frames that are handed out are borrowed: they are valid until the call returns, and nobody writes to them. */
export interface SwitchOptions extends FdbOptions {
  readonly clock: Clock;
  /** Takes a frame that leaves by `port`; it had come in by `ingress`, which is `port` for the switch's own BPDUs. May keep it until the breath ends. */
  readonly transmit: (port: PortNumber, frame: Uint8Array, ingress: PortNumber) => void;
  /** Whether a frame may enter; by default every frame. It is asked by `explain` too, so it must only answer. */
  readonly admit?: (ingress: PortNumber, frame: Uint8Array) => boolean;
  /** Sees every ARP frame, and the IPv4 frames by which the switch gets to know a station or its new place; always without a tag. */
  readonly observe?: (ingress: PortNumber, vid: Vid, frame: Uint8Array) => void;
  /**
   * Called for each frame of a station that is known behind `from` and was heard behind `to`. `stays` says whether it is still known at `from`,
   * since it was heard there a moment ago.
   */
  readonly moved?: (vid: Vid, mac: MacAddress, from: PortNumber, to: PortNumber, stays: boolean) => void;
  /** Is told that a port went up, or down. */
  readonly portChanged?: (port: PortNumber, up: boolean) => void;
  /** Who the switch is in a spanning tree. Needed where there is one. */
  readonly mac?: MacAddress | undefined;
  /** How much it wants to be the root, from 0, very, to 65,535; by default 32,768. */
  readonly priority?: number | undefined;
  /** Is told what changes in the trees. */
  readonly treeChanged?: (change: FstpChange) => void;
  /** Makes what the switch does by itself one piece of work with its surroundings; by default just does it. */
  readonly breath?: (work: () => void) => void;
}

/** A station that has become known behind a port, or is forgotten there. */
export interface StationChange {
  readonly known: boolean;
  readonly vid: Vid;
  readonly mac: MacAddress;
  readonly port: PortNumber;
}

/** The state of a new port. */
export interface NewPort extends VlanMembership {
  /** Whether its other side is there; by default it is. */
  readonly up?: boolean;
  /** Whether nobody behind it ever takes part in a spanning tree; by default that is found out. */
  readonly edge?: boolean;
}
