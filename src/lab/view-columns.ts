import type { ViewNode } from '../page/page.ts';
import { formatMac, type MacAddress } from '../wire/mac.ts';
import { LabHost } from './lab-host.ts';
import { LabStation } from './lab-station.ts';
import { LabSwitch } from './lab-switch.ts';
import type { Network } from './network.ts';
import type { Node } from './plugs.ts';

/**
 * Returns all nodes, with linked ones next to each other: the stations of a switch around it; then removed nodes that left frames at
 * `ports`.
 */
export function columnsOf(net: Network, ports: ReadonlySet<string>): ViewNode[] {
  const stations = stationsAt(net);
  const ordered = net.switches.flatMap((one): Node[] => {
    const around = stations.get(one) ?? [];
    const before = Math.ceil(around.length / 2);
    return [...around.slice(0, before), one, ...around.slice(before)];
  });
  const servers = new Map<Node, MacAddress[]>();
  for (const { at, mac } of net.servers) servers.set(at, [...(servers.get(at) ?? []), mac]);
  const present = [...new Set([...ordered, ...net.nodes])].map((node): ViewNode => ({
    name: node.name,
    kind: node instanceof LabSwitch ? 'switch' : node instanceof LabHost ? 'host' : 'station',
    macs: [node.mac, ...(servers.get(node) ?? [])].map(formatMac),
  }));
  const names = new Set(present.map(({ name }) => name));
  const gone = new Map<string, ViewNode>();
  for (const port of ports) {
    const name = nodeOf(port);
    if (!names.has(name)) gone.set(name, { name, kind: port.includes('.') ? 'switch' : 'station', macs: [] });
  }
  return [...present, ...gone.values()];
}

/** Returns the stations that are linked to each switch, in the order of links. */
function stationsAt({ links }: Network): Map<unknown, LabStation[]> {
  const stations = new Map<unknown, LabStation[]>();
  for (const { ends } of links)
    for (const { owner, peer } of ends) {
      if (!(owner instanceof LabStation)) continue;
      const known = stations.get(peer.owner);
      if (known) known.push(owner);
      else stations.set(peer.owner, [owner]);
    }
  return stations;
}

/** Returns the node of a port: `s1` of `s1.2`. */
export function nodeOf(port: string): string {
  return port.split('.')[0] ?? port;
}
