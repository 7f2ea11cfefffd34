import type { Clock } from '../clock.ts';
import type { Vid } from '../wire/dot1q.ts';
import type { MacAddress } from '../wire/mac.ts';
import type { FdbOptions } from '../stations/fdb.ts';
import type { FstpChange } from './fstp-tree.ts';
import type { PortNumber } from './switch-port.ts';
import type { VlanMembership } from './vlan.ts';

/** The options of a switch. Frames passed to callbacks are borrowed: they are valid until the call returns, and must not be written to. */
export interface SwitchOptions extends FdbOptions {
  readonly clock: Clock;
  /**
   * Sends a frame by `port`. The frame came in by `ingress`, which is `port` for the switch's own BPDUs. May keep it until the breath ends.
   */
  readonly transmit: (port: PortNumber, frame: Uint8Array, ingress: PortNumber) => void;
  /** Returns whether a frame may enter; by default every frame. `explain` calls it too, so it must have no side effects. */
  readonly admit?: (ingress: PortNumber, frame: Uint8Array) => boolean;
  /**
   * Called with every ARP frame, also if it is dropped since it is forged, and with the IPv4 frames from which the switch learns a station or its new place; always without a tag.
   */
  readonly observe?: (ingress: PortNumber, vid: Vid, frame: Uint8Array) => void;
  /**
   * Called for each frame received behind `to` from a station that is known behind `from`. If `stays` is true, the station is still known at `from`,
   * which received a frame from it a moment ago.
   */
  readonly moved?: (vid: Vid, mac: MacAddress, from: PortNumber, to: PortNumber, stays: boolean) => void;
  /** Called when a port went up, or down. */
  readonly portChanged?: (port: PortNumber, up: boolean) => void;
  /** The identity of the switch in a spanning tree. Required if there is one. */
  readonly mac?: MacAddress | undefined;
  /** The priority for becoming the root, from 0, the highest, to 65,535; by default 32,768. */
  readonly priority?: number | undefined;
  /** Called for each change in the trees. */
  readonly treeChanged?: (change: FstpChange) => void;
  /** Runs work that the switch does by itself, as one breath with its surroundings; by default just runs it. */
  readonly breath?: (work: () => void) => void;
}

/** A station that has become known behind a port, or was forgotten there. */
export interface StationChange {
  readonly known: boolean;
  readonly vid: Vid;
  readonly mac: MacAddress;
  readonly port: PortNumber;
}

/** The state of a new port. */
export interface NewPort extends VlanMembership {
  /** True if its other side is connected; this is the default. */
  readonly up?: boolean;
  /** True if no bridge behind it ever takes part in a spanning tree; by default the switch finds that out. */
  readonly edge?: boolean;
}
