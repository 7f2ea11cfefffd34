import { describeCondition } from '../impairment/condition.ts';
import type { FstpChange } from '../switch/switch.ts';
import { formatBridgeId } from '../wire/bpdu.ts';
import { formatMac } from '../wire/mac.ts';
import type { Feed } from '../feed.ts';
import type { EventSource, ServiceEvent, TreeEvent } from './events.ts';
import type { Managed } from './managed.ts';
import type { DhcpPart } from './parts/dhcp.ts';
import type { GroupPart } from './parts/group.ts';
import type { StarPart } from './parts/star.ts';
import type { PortChange } from './port-table.ts';
import type { LoopSign, StationMove } from './station-moves.ts';

/** Returns the source of the events of ports and their endpoints. */
export function portSource({ ports }: Pick<Managed, 'ports'>): EventSource {
  return (tell) =>
    ports.changes.subscribe((change) => {
      const condition = change.kind === 'conditioned' ? ports.get(change.port)?.condition : undefined;
      tell({ ...portEvent(change), ...(condition && { condition: describeCondition(condition) }) });
    });
}

const portChanges = {
  created: 'added',
  emptied: 'emptied',
  removed: 'removed',
  conditioned: 'set',
  up: 'up',
  down: 'down',
} as const;

function portEvent(change: PortChange): ServiceEvent {
  if (!('endpoint' in change)) return { kind: 'port', change: portChanges[change.kind], port: change.port };
  const { id, module, description } = change.endpoint;
  return { kind: 'endpoint', change: change.kind, port: change.port, id, module, description };
}

/** Returns the source of the stations that move, and of signs of loops. */
export function stationSource({ moves }: Pick<Managed, 'moves'>): EventSource {
  return (tell) => moves?.reports.subscribe((report) => tell(stationEvent(report))) ?? nothing;
}

function stationEvent(report: StationMove | LoopSign): ServiceEvent {
  if (report.kind === 'loop') return report;
  const { mac, vid, from, to, stays, more } = report;
  return { kind: 'station', change: 'moved', mac: formatMac(mac), vlan: vid, from, to, stays, more };
}

/** Returns the source of the changes of spanning trees. */
export function treeSource({ treeChanges }: Pick<Managed, 'treeChanges'>): EventSource {
  return (tell) => treeChanges.subscribe((change) => tell(treeEvent(change)));
}

function treeEvent(change: FstpChange): TreeEvent {
  const { vid: vlan, port } = change;
  if (change.kind === 'root') return { kind: 'tree', change: 'root', vlan, root: formatBridgeId(change.root), port };
  if (change.kind === 'state') return { kind: 'tree', change: change.forwarding ? 'forwarding' : 'blocked', vlan, port: change.port };
  return { kind: 'tree', change: change.present ? 'neighbour' : 'no-neighbour', vlan, port: change.port };
}

/** Returns the source of the operations that changed something. */
export function operationSource({ performed }: Pick<Managed, 'performed'>): EventSource {
  return (tell) => performed.subscribe((name) => tell({ kind: 'operation', name }));
}

/** Returns the source of a DHCP server's events. */
export function dhcpSource({ events }: DhcpPart): EventSource {
  return (tell) => subscribed(events, (event) => tell({ kind: 'lease', ...event }));
}

/** Returns the source of a group's events. */
export function groupSource({ events }: GroupPart): EventSource {
  return (tell) => events.subscribe(({ kind, ...event }) => tell({ kind: 'member', change: kind, ...event }));
}

/** Returns the source of a node's events: its links to other nodes, and its guest. */
export function starSource(star: StarPart, { ports }: Pick<Managed, 'ports'>): EventSource {
  return (tell) => {
    const guest = subscribed(star.guestChanges, (view) => tell({ kind: 'guest', ...view }));
    let known = upLinks(star);
    const links = ports.changes.subscribe(() => {
      const now = upLinks(star);
      for (const [port, peer] of known) if (!now.has(port)) tell({ kind: 'link', change: 'down', port, peer });
      for (const [port, peer] of now) if (!known.has(port)) tell({ kind: 'link', change: 'up', port, peer });
      known = now;
    });
    return {
      [Symbol.dispose]: () => {
        guest[Symbol.dispose]();
        links[Symbol.dispose]();
      },
    };
  };
}

/** Returns the links that are up, with their peers by port. */
function upLinks(star: StarPart): ReadonlyMap<number, string> {
  return new Map(
    star
      .links()
      .filter(({ up }) => up)
      .map(({ port, peer }) => [port, peer]),
  );
}

function subscribed<Value>(feed: Feed<Value> | undefined, listener: (value: Value) => void): Disposable {
  return feed?.subscribe(listener) ?? nothing;
}

const nothing: Disposable = { [Symbol.dispose]: () => undefined };
