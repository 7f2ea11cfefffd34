import type { LabDhcp, LabDhcpOptions } from './lab-dhcp.ts';
import type { LabHost } from './lab-host.ts';
import type { LabHostOptions } from './lab-host-options.ts';
import type { LabSwitchOptions } from './lab-switch-options.ts';
import type { LabSwitch } from './lab-switch.ts';
import type { Link } from './link.ts';
import { checkCount } from './numbers.ts';
import type { NewLink, Node } from './plugs.ts';
import { checkOptions, type Wording } from './words.ts';

/** The part of a network that topologies are built with. */
export interface Builder {
  switch(name: string, options?: LabSwitchOptions): LabSwitch;
  host(name: string, at?: LabSwitch, options?: LabHostOptions): LabHost;
  link(a: Node, b: Node, options?: NewLink): Link;
  dhcp(at: LabSwitch, options?: LabDhcpOptions): LabDhcp;
}

/** The options of a topology's parts. */
export interface TopologyOptions {
  /** The options of all switches. */
  readonly switch?: LabSwitchOptions;
  /** The options of all links between switches. */
  readonly link?: NewLink;
  /** The options of all hosts. */
  readonly host?: LabHostOptions;
  /** The number of hosts of each switch. Default: 1. */
  readonly hosts?: number;
  /** A prefix of all names. Default: none. */
  readonly prefix?: string;
}

/** Switches, the links between them, and the hosts, each in the order in which they were added. */
export interface Topology {
  readonly switches: readonly LabSwitch[];
  readonly links: readonly Link[];
  readonly hosts: readonly LabHost[];
}

/** A master's switch with a DHCP server, slaves' switches, and a host at each. */
export interface Star extends Topology {
  readonly master: LabSwitch;
  readonly slaves: readonly LabSwitch[];
  readonly dhcp: LabDhcp;
}

/** The options of a star; its hosts ask for their addresses. */
export interface StarOptions extends TopologyOptions {
  readonly dhcp?: LabDhcpOptions;
}

/** The options of a tree. */
export interface TreeOptions extends TopologyOptions {
  /** The number of switches from the root to a leaf. */
  readonly depth: number;
  /** The number of children of each switch that is not a leaf. Default: 2. */
  readonly fanout?: number;
}

/** Adds `master` and `slave1` to `slaveN`, with the hosts `h0` to `hN`. */
export function star(net: Builder, slaves: number, options: StarOptions = {}): Star {
  checkOptions(options, starWords);
  checkCount('the number of slaves', slaves);
  const { prefix = '' } = options;
  const names = Array.from({ length: slaves }, (_, at) => `${prefix}slave${at + 1}`);
  const master = net.switch(`${prefix}master`, options.switch);
  const switches = [master, ...names.map((name) => net.switch(name, options.switch))];
  const dhcp = net.dhcp(master, options.dhcp);
  const links = switches.slice(1).map((slave) => net.link(slave, master, options.link));
  const hosts = hostsOf(net, switches, { ...options, host: { dhcp: true, ...options.host } }, 0);
  return { switches, links, hosts, master, slaves: switches.slice(1), dhcp };
}

/** Adds `s1` to `sN` in a ring, which needs a spanning tree: it has one unless `switch` turns it off. Hosts are `h1` to `hN`. */
export function ring(net: Builder, size: number, options: TopologyOptions = {}): Topology {
  checkOptions(options, topologyWords);
  checkCount('the size of a ring', size, 1);
  const { prefix = '' } = options;
  const switches = Array.from({ length: size }, (_, at) => net.switch(`${prefix}s${at + 1}`, { fstp: true, ...options.switch }));
  // A ring of two would have two links between them, a ring of one a link to itself.
  const closed = size > 2 ? [...switches.slice(1), ...switches.slice(0, 1)] : switches.slice(1);
  const links = closed.map((next, at) => net.link(switches[at] ?? next, next, options.link));
  return { switches, links, hosts: hostsOf(net, switches, options, 1) };
}

/** Adds `s1`, the root, and its descendants row by row. Hosts are at the leaves, from `h1` on. */
export function tree(net: Builder, treeOptions: TreeOptions): Topology {
  checkOptions(treeOptions, treeWords);
  const { depth, fanout = 2, ...options } = treeOptions;
  checkCount('the depth of a tree', depth, 1);
  checkCount('the fanout of a tree', fanout, 1);
  const { prefix = '' } = options;
  const switches: LabSwitch[] = [];
  const links: Link[] = [];
  let row: LabSwitch[] = [];
  for (let level = 0; level < depth; level++) {
    const parents: readonly (LabSwitch | undefined)[] =
      level === 0 ? [undefined] : row.flatMap((parent) => Array<LabSwitch>(fanout).fill(parent));
    row = [];
    for (const parent of parents) {
      const added = net.switch(`${prefix}s${switches.length + 1}`, options.switch);
      switches.push(added);
      row.push(added);
      if (parent) links.push(net.link(parent, added, options.link));
    }
  }
  return { switches, links, hosts: hostsOf(net, row, options, 1) };
}

function hostsOf(net: Builder, switches: readonly LabSwitch[], options: TopologyOptions, first: number): LabHost[] {
  const { prefix = '', hosts = 1 } = options;
  checkCount('the number of hosts at a switch', hosts);
  const places = switches.flatMap((at) => Array<LabSwitch>(hosts).fill(at));
  return places.map((at, index) => net.host(`${prefix}h${index + first}`, at, options.host));
}

/** The options of a ring. */
export const topologyWords = {
  switch: 'options',
  link: 'options',
  host: 'options',
  hosts: 'number',
  prefix: 'text',
} as const satisfies Wording<TopologyOptions>;

/** The options of a star. */
export const starWords = { ...topologyWords, dhcp: 'options' } as const satisfies Wording<StarOptions>;

/** The options of a tree. */
export const treeWords = { ...topologyWords, depth: 'number', fanout: 'number' } as const satisfies Wording<TreeOptions>;
