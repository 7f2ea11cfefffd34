import { assert } from '../errors.ts';
import { isDoubleTagged, vid, vidOf, type Vid } from '../wire/dot1q.ts';

/** Which VLANs a port belongs to. */
export interface VlanMembership {
  /** The VLAN of frames without a tag, in and out; by default 0. With `none` they are dropped. */
  readonly untagged?: Vid | 'none';
  /** The VLANs whose frames carry a tag; by default none. The untagged VLAN among them stays untagged. */
  readonly tagged?: Iterable<Vid>;
  /** Whether frames of all other VLANs pass, with their tags; by default they do not. */
  readonly trunk?: boolean;
}

/** A way out of the switch, for a frame of one VLAN. */
export interface Egress<Port> {
  readonly port: Port;
  /** Whether the frame leaves with a tag. */
  readonly tagged: boolean;
}

/**
 * Adapts the ways out to the tag that a frame carries. A double-tagged frame keeps only the tagged ways: sent without its outer tag it would
 * be read as a frame of its inner VLAN. A priority tag, that of VLAN 0, stays on the frame on its way to a trunk, or its priority would be
 * lost there. [IEEE 802.1Q, 6.9.2]
 */
export function waysForTag<Port extends Pick<VlanPort, 'vlans'>>(
  ways: readonly Egress<Port>[],
  frame: Uint8Array,
): readonly Egress<Port>[] {
  if (isDoubleTagged(frame)) return ways.filter((way) => way.tagged);
  if (vidOf(frame) !== 0) return ways;
  return ways.map((way) => (way.port.vlans.trunk ? { port: way.port, tagged: true } : way));
}

/** What the flood lists know of a port. */
export interface VlanPort {
  /** Whether frames can leave by it. */
  readonly up: boolean;
  readonly vlans: PortVlans;
  /** Whether the spanning tree keeps it out of a VLAN. */
  isBlocked(vid: Vid): boolean;
}

/** The VLANs of one port. [IEEE 802.1Q, 8.8.2 and 8.8.10] */
export class PortVlans {
  readonly untagged: Vid | 'none';
  /** Without the untagged one. */
  readonly tagged: ReadonlySet<Vid>;
  /** Whether it is in all others, too. */
  readonly trunk: boolean;

  constructor({ untagged = vid(0), tagged = [], trunk = false }: VlanMembership) {
    this.untagged = untagged;
    this.tagged = new Set([...tagged].filter((one) => one !== untagged));
    this.trunk = trunk;
    assert(!this.lists(reservedVid), 'no port is a member of VLAN 4095');
  }

  /** All that are listed. */
  *[Symbol.iterator](): Generator<Vid> {
    if (this.untagged !== 'none') yield this.untagged;
    yield* this.tagged;
  }

  /** Whether the port is a member, tagged or not. */
  has(vid: Vid): boolean {
    return this.trunk || this.lists(vid);
  }

  /** Whether it is a member by that VLAN's name, not as a trunk. */
  lists(vid: Vid): boolean {
    return vid === this.untagged || this.tagged.has(vid);
  }
}

/** The identifier that no frame may carry. [IEEE 802.1Q, table 9-2] */
export const reservedVid = vid(0xfff);

/** For each VLAN and ingress, where a frame for everybody goes: made when first asked for, and kept until something changes. */
export class FloodLists<Port extends VlanPort> {
  readonly #ports: ReadonlyMap<unknown, Port>;
  readonly #lists = new Map<Port, Map<Vid, readonly Egress<Port>[]>>();

  /** `ports` is read anew for every list, in its order. */
  constructor(ports: ReadonlyMap<unknown, Port>) {
    this.#ports = ports;
  }

  /** The members of the VLAN that are up and not blocked in it, but the ingress. The list never changes; after `forget` there is a new one. */
  of(vid: Vid, ingress: Port): readonly Egress<Port>[] {
    return this.#lists.get(ingress)?.get(vid) ?? this.#make(vid, ingress);
  }

  /** Must be called whenever a port came, went, went up or down, changed its VLANs, or was blocked in one or no more. */
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
