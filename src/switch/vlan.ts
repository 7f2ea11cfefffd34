import { assert } from '../errors.ts';
import { isDoubleTagged, vid, vidOf, type Vid } from '../wire/dot1q.ts';

/** The VLANs that a port belongs to. */
export interface VlanMembership {
  /** The VLAN of frames without a tag, in and out; by default 0. With `none` they are dropped. */
  readonly untagged?: Vid | 'none';
  /** The VLANs whose frames carry a tag; by default none. The untagged VLAN among them stays untagged. */
  readonly tagged?: Iterable<Vid>;
  /** True if frames of all other VLANs pass, with their tags; by default they do not. */
  readonly trunk?: boolean;
  /** True for a shortcut: it is in no VLAN, and frames of all VLANs pass as on a trunk. See Shortcuts. The rest is then ignored. */
  readonly shortcut?: boolean;
}

/** A way out of the switch, for a frame of one VLAN. */
export interface Egress<Port> {
  readonly port: Port;
  /** True if the frame leaves with a tag. */
  readonly tagged: boolean;
}

/**
 * Adapts the ways out to the frame's tag. A double-tagged frame keeps only the tagged ways: sent without its outer tag it would be read
 * as a frame of its inner VLAN. A priority tag, that of VLAN 0, stays on a frame to a trunk; otherwise its priority would be lost there.
 * [IEEE 802.1Q, 6.9.2]
 */
export function waysForTag<Port extends Pick<VlanPort, 'vlans'>>(
  ways: readonly Egress<Port>[],
  frame: Uint8Array,
): readonly Egress<Port>[] {
  if (isDoubleTagged(frame)) return ways.filter((way) => way.tagged);
  if (vidOf(frame) !== 0) return ways;
  return ways.map((way) => (way.port.vlans.trunk ? { port: way.port, tagged: true } : way));
}

/** A port, as the flood lists see it. */
export interface VlanPort {
  /** True if frames can leave by it. */
  readonly up: boolean;
  readonly vlans: PortVlans;
  /** Returns whether the spanning tree keeps it out of a VLAN. */
  isBlocked(vid: Vid): boolean;
}

/** The VLANs of one port. [IEEE 802.1Q, 8.8.2 and 8.8.10] */
export class PortVlans {
  readonly untagged: Vid | 'none';
  /** Without the untagged VLAN. */
  readonly tagged: ReadonlySet<Vid>;
  /** True if it is in all other VLANs, too. */
  readonly trunk: boolean;
  /** True if it is in no VLAN, and carries frames of all of them as a trunk does, where the switch sends them there. */
  readonly shortcut: boolean;

  constructor({ untagged = vid(0), tagged = [], trunk = false, shortcut = false }: VlanMembership) {
    this.shortcut = shortcut;
    this.untagged = shortcut ? vid(0) : untagged;
    this.tagged = new Set(shortcut ? [] : [...tagged].filter((one) => one !== untagged));
    this.trunk = trunk || shortcut;
    assert(!this.lists(reservedVid), 'no port is a member of VLAN 4095');
  }

  /** Yields all explicit VLANs. */
  *[Symbol.iterator](): Generator<Vid> {
    if (this.shortcut) return;
    if (this.untagged !== 'none') yield this.untagged;
    yield* this.tagged;
  }

  /** Returns whether the port is a member, tagged or not. */
  has(vid: Vid): boolean {
    return !this.shortcut && (this.trunk || this.lists(vid));
  }

  /** Returns whether it is an explicit member of that VLAN, and not only as a trunk. */
  lists(vid: Vid): boolean {
    return !this.shortcut && (vid === this.untagged || this.tagged.has(vid));
  }
}

/** The identifier that frames must not carry. [IEEE 802.1Q, table 9-2] */
export const reservedVid = vid(0xfff);

/**
 * The flood lists: for each VLAN and ingress, the ports to which a frame for all stations goes. A list is made on first use, and kept
 * until something changes.
 */
export class FloodLists<Port extends VlanPort> {
  readonly #ports: ReadonlyMap<unknown, Port>;
  readonly #lists = new Map<Port, Map<Vid, readonly Egress<Port>[]>>();

  /** `ports` is read again for every list, in its order. */
  constructor(ports: ReadonlyMap<unknown, Port>) {
    this.#ports = ports;
  }

  /**
   * Returns the members of the VLAN that are up and not blocked in it, except the ingress. The list never changes; after `forget` there
   * is a new one.
   */
  of(vid: Vid, ingress: Port): readonly Egress<Port>[] {
    return this.#lists.get(ingress)?.get(vid) ?? this.#make(vid, ingress);
  }

  /** Must be called whenever a port was added or removed, went up or down, changed its VLANs, or changed its blocked VLANs. */
  forget(): void {
    this.#lists.clear();
  }

  #make(vid: Vid, ingress: Port): readonly Egress<Port>[] {
    const members = [...this.#ports.values()].filter((port) => port !== ingress && port.up && port.vlans.has(vid));
    const ways = members.filter((port) => !port.isBlocked(vid));
    const list = ways.map((port) => ({ port, tagged: vid !== port.vlans.untagged }));
    const lists = this.#lists.get(ingress);
    if (lists === undefined) this.#lists.set(ingress, new Map([[vid, list]]));
    else lists.set(vid, list);
    return list;
  }
}
