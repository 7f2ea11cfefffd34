import { vid, type Vid } from '../wire/dot1q.ts';
import { LabSwitch } from './lab-switch.ts';
import type { LinkEnd } from './link-end.ts';
import type { Link } from './link.ts';
import type { Network } from './network.ts';

/** The links between running switches that both forward frames of a VLAN there. A link that is silenced is one: no switch knows of that. */
export function activeLinks(net: Network, vlan: Vid): Link[] {
  return net.links.filter(({ up, ends }) => up && ends.every((end) => isForwarding(end, vlan)));
}

/** Whether frames come through: both ways, or at least one. */
export function comesThrough({ ends }: Link, ways: 'both ways' | 'one way'): boolean {
  const open = ends.filter(({ silences }) => silences.size === 0);
  return open.length >= (ways === 'both ways' ? 2 : 1);
}

/** Whether the switch at this end forwards frames of the VLAN. Nothing is forwarded by a station, nor by a switch that is down. */
function isForwarding({ owner, port }: LinkEnd, vlan: Vid): boolean {
  if (!(owner instanceof LabSwitch) || !owner.running) return false;
  const { hub, vlans } = owner.switch;
  return hub || vlans.members(vlan)?.some((member) => member.port === port && member.active && member.forwarding) === true;
}

/** The VLANs that any switch of the network knows. */
export function vlansOf(net: Network): Vid[] {
  return [...new Set([vid(0), ...net.switches.flatMap(({ switch: { vlans } }) => vlans.list())])].sort((a, b) => a - b);
}

/** The links of a circle; undefined when there is none. */
export function circleIn(links: readonly Link[]): Link[] | undefined {
  const tree: Link[] = [];
  for (const link of links) {
    const [a, b] = link.ends;
    const way = wayBetween(tree, a.owner, b.owner);
    if (way) return [...way, link];
    tree.push(link);
  }
  return undefined;
}

/** The switches that links join, group by group. */
export function groupsOf(switches: readonly LabSwitch[], links: readonly Link[]): LabSwitch[][] {
  const groups: LabSwitch[][] = [];
  for (const one of switches) {
    const group = groups.find(([first]) => wayBetween(links, first, one) !== undefined);
    if (group) group.push(one);
    else groups.push([one]);
  }
  return groups;
}

/** The links from one switch to another, in order; undefined when there is no way. */
function wayBetween(links: readonly Link[], from: unknown, to: unknown): Link[] | undefined {
  const ways = new Map<unknown, Link[]>([[from, []]]);
  for (const [at, way] of ways) {
    if (at === to) return way;
    for (const link of links) {
      const [a, b] = link.ends;
      const next = a.owner === at ? b.owner : b.owner === at ? a.owner : undefined;
      if (next !== undefined && !ways.has(next)) ways.set(next, [...way, link]);
    }
  }
  return undefined;
}
