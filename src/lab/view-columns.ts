import type { ViewNode } from '../page/page.ts';
import { formatMac } from '../wire/mac.ts';
import type { LabDhcp } from './lab-dhcp.ts';
import { LabHost } from './lab-host.ts';
import { LabSwitch } from './lab-switch.ts';
import type { Network } from './network.ts';
import type { Node } from './plugs.ts';
import type { Hop } from './trace.ts';

/** All nodes, those beside each other that are linked: around each switch its stations; then those that are removed, and have left frames. */
export function columnsOf({ nodes, links, servers }: Network, hops: readonly Hop[]): ViewNode[] {
  const switches = nodes.filter((node) => node instanceof LabSwitch);
  const stationsOf = (one: Node): Node[] =>
    links
      .flatMap(({ ends: [a, b] }) => (a.owner === one ? [b.owner] : b.owner === one ? [a.owner] : []) as Node[])
      .filter((node) => !(node instanceof LabSwitch));
  const ordered = switches.flatMap((one) => {
    const stations = stationsOf(one);
    const before = Math.ceil(stations.length / 2);
    return [...stations.slice(0, before), one, ...stations.slice(before)];
  });
  const serversIn = (node: Node): LabDhcp[] => servers.filter(({ at }) => at === node);
  const present = [...new Set([...ordered, ...nodes])].map((node): ViewNode => ({
    name: node.name,
    kind: node instanceof LabSwitch ? 'switch' : node instanceof LabHost ? 'host' : 'station',
    macs: [node.mac, ...serversIn(node).map(({ mac }) => mac)].map(formatMac),
  }));
  const names = new Set(present.map(({ name }) => name));
  const ports = new Set(hops.flatMap(({ lane: { source, target } }) => [source, target]));
  const gone = new Map<string, ViewNode>();
  for (const port of ports) {
    const name = nodeOf(port);
    if (!names.has(name)) gone.set(name, { name, kind: port.includes('.') ? 'switch' : 'station', macs: [] });
  }
  return [...present, ...gone.values()];
}

/** The node of a port: `s1` of `s1.2`. */
export function nodeOf(port: string): string {
  return port.split('.')[0] ?? port;
}
