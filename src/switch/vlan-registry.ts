import { vid, type Vid } from '../wire/dot1q.ts';
import type { BridgePort, PortNumber } from './switch-port.ts';
import { reservedVid, type PortVlans, type VlanMembership } from './vlan.ts';

/** The reason why VLANs were left as they are. */
export type VlanRefusal =
  | 'reserved' // no VLAN may have that identifier
  | 'exists' // the VLAN exists already
  | 'no-vlan' // the VLAN does not exist
  | 'no-port' // the port does not exist
  | 'not-a-member' // the port is not in the VLAN
  | 'in-use'; // the VLAN has members, or it is the untagged one of the port

/** A port in a VLAN. */
export interface VlanMember {
  readonly port: PortNumber;
  readonly tagged: boolean;
  /** True if the port's other side is connected. */
  readonly active: boolean;
  /** True if the spanning tree lets frames of the VLAN through. */
  readonly forwarding: boolean;
}

const defaultVid = vid(0);

/**
 * The VLANs of a switch, as they are configured one by one. A VLAN is created before ports become members, and stays without them. A VLAN
 * that a port is added with, or given by `Switch.setVlans`, is created by that. Requests that cannot be met are refused; they do not
 * throw.
 */
export class VlanRegistry {
  readonly #ports: ReadonlyMap<PortNumber, BridgePort>;
  readonly #change: (port: PortNumber, membership: VlanMembership) => void;
  readonly #removed: (vid: Vid) => void;
  readonly #vids = new Set<Vid>([defaultVid]);

  /** `change` gives a port its VLANs; `removed` is called when a VLAN was removed. */
  constructor(
    ports: ReadonlyMap<PortNumber, BridgePort>,
    change: (port: PortNumber, membership: VlanMembership) => void,
    removed: (vid: Vid) => void,
  ) {
    this.#ports = ports;
    this.#change = change;
    this.#removed = removed;
  }

  /** Returns the identifiers of all VLANs, in ascending order. */
  list(): Vid[] {
    return [...this.#vids].sort((a, b) => a - b);
  }

  has(vid: Vid): boolean {
    return this.#vids.has(vid);
  }

  /** Creates a VLAN without members. Any identifier except 4095 is accepted. */
  create(vid: Vid): VlanRefusal | undefined {
    if (vid === reservedVid) return 'reserved';
    if (this.#vids.has(vid)) return 'exists';
    this.#vids.add(vid);
    return undefined;
  }

  /** Removes a VLAN that has no members, active or not. VLAN 0, the one of new ports, cannot be removed. */
  remove(vid: Vid): VlanRefusal | undefined {
    if (!this.#vids.has(vid)) return 'no-vlan';
    const members = this.#membersOf(vid).filter((port) => port.vlans.lists(vid));
    if (vid === defaultVid || members.length > 0) return 'in-use';
    this.#vids.delete(vid);
    this.#removed(vid);
    return undefined;
  }

  /** Makes the VLAN the untagged one of the port, which leaves its former untagged VLAN. With `none` its frames need a tag. */
  setUntagged(port: PortNumber, vid: Vid | 'none'): VlanRefusal | undefined {
    const changed = this.#ports.get(port);
    if (vid !== 'none' && !this.#vids.has(vid)) return 'no-vlan';
    if (!changed) return 'no-port';
    this.#change(port, { untagged: vid, tagged: changed.vlans.tagged });
    return undefined;
  }

  /** Makes the port a tagged member. Has no effect in its untagged VLAN. */
  addTagged(vid: Vid, port: PortNumber): VlanRefusal | undefined {
    const changed = this.#ports.get(port);
    if (!this.#vids.has(vid)) return 'no-vlan';
    if (!changed) return 'no-port';
    const { untagged, tagged } = changed.vlans;
    if (!changed.vlans.lists(vid)) this.#change(port, { untagged, tagged: [...tagged, vid] });
    return undefined;
  }

  /** Ends a tagged membership. Untagged membership ends only when the port gets another untagged VLAN. */
  removeTagged(vid: Vid, port: PortNumber): VlanRefusal | undefined {
    const changed = this.#ports.get(port);
    if (!this.#vids.has(vid)) return 'no-vlan';
    if (!changed) return 'no-port';
    const { untagged, tagged } = changed.vlans;
    if (vid === untagged) return 'in-use';
    if (!tagged.has(vid)) return 'not-a-member';
    this.#change(port, { untagged, tagged: [...tagged].filter((other) => other !== vid) });
    return undefined;
  }

  /**
   * Lets the port pass all VLANs with their tags, also those that it is not an explicit member of. That ends when one of its VLANs is set.
   */
  setTrunk(port: PortNumber, trunk: boolean): VlanRefusal | undefined {
    const changed = this.#ports.get(port);
    if (!changed) return 'no-port';
    this.#change(port, { untagged: changed.vlans.untagged, tagged: changed.vlans.tagged, trunk });
    return undefined;
  }

  /** Returns the members of a VLAN in the order of their numbers, active or not; undefined if there is no such VLAN. */
  members(vid: Vid): VlanMember[] | undefined {
    if (!this.#vids.has(vid)) return undefined;
    const members = this.#membersOf(vid).map((port) => ({
      port: port.number,
      tagged: vid !== port.vlans.untagged,
      active: port.up,
      forwarding: !port.isBlocked(vid),
    }));
    return members.sort((a, b) => a.port - b.port);
  }

  /** Creates the VLANs that a port was given, if they do not exist. */
  note(vlans: PortVlans): void {
    for (const vid of vlans) this.#vids.add(vid);
  }

  #membersOf(vid: Vid): BridgePort[] {
    return [...this.#ports.values()].filter((port) => port.vlans.has(vid));
  }
}
