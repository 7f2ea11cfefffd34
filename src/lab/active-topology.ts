import type { VlanMember } from '../switch/switch.ts';
import { vid, type Vid } from '../wire/dot1q.ts';
import { LabSwitch } from './lab-switch.ts';
import type { LinkEnd } from './link-end.ts';
import type { Link } from './link.ts';
import type { Network } from './network.ts';

/**
 * Returns the links between running switches that both forward frames of a VLAN there. A silenced link is one of them, since switches do
 * not detect silence.
 */
export function activeLinks(net: Network, vlan: Vid): Link[] {
  return net.links.filter(({ up, ends }) => up && ends.every((end) => isForwarding(end, vlan)));
}

/** Returns whether frames get through: in both directions, or in at least one. */
export function comesThrough({ ends }: Link, ways: 'both ways' | 'one way'): boolean {
  const open = ends.filter(({ silences }) => silences.size === 0);
  return open.length >= (ways === 'both ways' ? 2 : 1);
}

/** Returns whether the ports at both ends are in the VLAN, so that its frames could cross, blocked or not. A hub's ports are in all. */
export function carries({ ends }: Link, vlan: Vid): boolean {
  return ends.every((end) => isMember(end, vlan, () => true));
}

/** Returns whether the switch at this end forwards frames of the VLAN. A station, or a switch that is down, forwards none. */
function isForwarding(end: LinkEnd, vlan: Vid): boolean {
  return isMember(end, vlan, ({ active, forwarding }) => active && forwarding);
}

function isMember({ owner, port }: LinkEnd, vlan: Vid, isSo: (member: VlanMember) => boolean): boolean {
  if (!(owner instanceof LabSwitch) || !owner.running) return false;
  const { hub, vlans } = owner.switch;
  return hub || vlans.members(vlan)?.some((member) => member.port === port && isSo(member)) === true;
}

/** Returns the VLANs that any switch of the network knows. */
export function vlansOf(net: Network): Vid[] {
  return [...new Set([vid(0), ...net.switches.flatMap(({ switch: { vlans } }) => vlans.list())])].sort((a, b) => a - b);
}

/** Returns the links of a loop; undefined if there is none. */
export function circleIn(links: readonly Link[]): Link[] | undefined {
  const tree: Link[] = [];
  const groups = new Groups();
  for (const link of links) {
    const [a, b] = link.ends;
    if (!groups.join(a.owner, b.owner)) return [...wayBetween(tree, a.owner, b.owner), link];
    tree.push(link);
  }
  return undefined;
}

/** Returns the switches that links join, group by group. */
export function groupsOf(switches: readonly LabSwitch[], links: readonly Link[]): LabSwitch[][] {
  const joined = new Groups();
  for (const { ends } of links) joined.join(ends[0].owner, ends[1].owner);
  const groups = new Map<unknown, LabSwitch[]>();
  for (const one of switches) {
    const first = joined.firstOf(one);
    groups.set(first, [...(groups.get(first) ?? []), one]);
  }
  return [...groups.values()];
}

/** Returns the links from one switch to another, in order; none if there is no way. */
function wayBetween(links: readonly Link[], from: unknown, to: unknown): Link[] {
  const ways = new Map<unknown, Link[]>([[from, []]]);
  for (const [at, way] of ways) {
    if (at === to) return way;
    for (const link of links) {
      const [a, b] = link.ends;
      const next = a.owner === at ? b.owner : b.owner === at ? a.owner : undefined;
      if (next !== undefined && !ways.has(next)) ways.set(next, [...way, link]);
    }
  }
  return [];
}

/** Connected groups, built up pair by pair. [B. A. Galler, M. J. Fischer, 1964] */
class Groups {
  readonly #before = new Map<unknown, unknown>();

  /** Joins two members; returns false if they were joined already. */
  join(a: unknown, b: unknown): boolean {
    const [first, second] = [this.firstOf(a), this.firstOf(b)];
    if (first === second) return false;
    this.#before.set(second, first);
    return true;
  }

  /** Returns the representative of a group, the same for all of its members. */
  firstOf(one: unknown): unknown {
    let first = one;
    for (let before = this.#before.get(first); before !== undefined; before = this.#before.get(first)) {
      const beyond = this.#before.get(before);
      // Next time the path is half as long.
      if (beyond !== undefined) this.#before.set(first, beyond);
      first = before;
    }
    return first;
  }
}
