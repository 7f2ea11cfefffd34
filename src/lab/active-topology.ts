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

/** Whether the ports at both ends are in the VLAN, so that its frames could cross, blocked or not. A hub's ports are in all. */
export function carries({ ends }: Link, vlan: Vid): boolean {
  return ends.every(({ owner, port }) => {
    if (!(owner instanceof LabSwitch) || !owner.running) return false;
    const { hub, vlans } = owner.switch;
    return hub || vlans.members(vlan)?.some((member) => member.port === port) === true;
  });
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
  const groups = new Groups();
  for (const link of links) {
    const [a, b] = link.ends;
    if (!groups.join(a.owner, b.owner)) return [...wayBetween(tree, a.owner, b.owner), link];
    tree.push(link);
  }
  return undefined;
}

/** The switches that links join, group by group. */
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

/** The links from one switch to another, in order; none when there is no way. */
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

/** Who belongs together, as one learns it pair by pair. [B. A. Galler, M. J. Fischer, 1964] */
class Groups {
  readonly #before = new Map<unknown, unknown>();

  /** Joins two; false when they were joined already. */
  join(a: unknown, b: unknown): boolean {
    const [first, second] = [this.firstOf(a), this.firstOf(b)];
    if (first === second) return false;
    this.#before.set(second, first);
    return true;
  }

  /** One of the group, the same for all of it. */
  firstOf(one: unknown): unknown {
    let first = one;
    for (let before = this.#before.get(first); before !== undefined; before = this.#before.get(first)) {
      const beyond = this.#before.get(before);
      // Next time the way is half as long.
      if (beyond !== undefined) this.#before.set(first, beyond);
      first = before;
    }
    return first;
  }
}
