import { cleanText } from '../clean-text.ts';
import type { ApiClient } from '../http/client.ts';
import { EtherloomError } from '../errors.ts';
import type { PortView } from '../management/operations/port-view.ts';
import type { PortTableView } from '../management/operations/ports.ts';
import type { SocketsView, SwitchView } from '../management/operations/switch.ts';
import type { DhcpView } from '../management/parts/dhcp.ts';
import type { GroupView } from '../management/parts/group.ts';
import type { GuestView, MasterView, SlaveView } from '../management/parts/star.ts';
import { shortNumber, shortTime } from './amounts.ts';
import { allRoles, clientOf, type ServiceArguments } from './chosen-service.ts';
import { tableOf, type Column } from './columns.ts';
import { nextPinLines } from './group-rekey.ts';
import { jsonLine } from './json-text.ts';
import { print } from './print.ts';

/** The status of a service, as `--json` prints it. Parts that the service does not have are undefined. */
interface Status {
  readonly switch: SwitchView;
  readonly sockets: SocketsView;
  readonly table: PortTableView;
  readonly ports: readonly PortView[];
  readonly stations: number;
  readonly dhcp: DhcpView | undefined;
  readonly star: MasterView | SlaveView | undefined;
  readonly group: GroupView | undefined;
  readonly guest: GuestView | undefined;
}

/** Implements `etherloom status`. Throws the errors of `clientOf` and ApiClient. */
export async function runStatus(given: ServiceArguments): Promise<void> {
  const status = await statusOf(clientOf(given, allRoles));
  print(given.json ? jsonLine(status) : `${linesOf(status).join('\n')}\n\n${tableOf(columns, status.ports)}`);
}

async function statusOf(client: ApiClient): Promise<Status> {
  const read = async <Value>(name: string): Promise<Value> => (await client.run('GET', name)) as Value;
  const stations = await read<readonly unknown[]>('station.list');
  return {
    switch: await read('switch.showinfo'),
    sockets: await read('switch.sockets'),
    table: await read('port.showinfo'),
    ports: await read('port.list'),
    stations: stations.length,
    dhcp: await ifThere(read('dhcp.showinfo')),
    star: await ifThere(read('star.showinfo')),
    group: await ifThere(read('group.show')),
    guest: await ifThere(read('star.guest')),
  };
}

/** Returns undefined for a part that the service does not have. */
async function ifThere<Value>(asked: Promise<Value>): Promise<Value | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof EtherloomError && error.code === 'refused') return undefined;
    throw error;
  }
}

function linesOf({ switch: own, sockets, table, ports, stations, dhcp, star, group, guest }: Status): string[] {
  const lines = [
    `${star?.role ?? 'switch'} in ${sockets.directory}, process ${own.pid}, for ${shortTime(own.uptime)}`,
    `${ports.length} of ${table.numports - 1} ports, ${stations} stations${table.hub ? ', as a hub' : ''}`,
  ];
  if (dhcp) {
    const { network, server, leases } = dhcp;
    lines.push(`DHCP for ${network} from ${server}: ${leases.bound} leases of ${dhcp.pool} addresses without a reservation`);
  }
  if (star?.role === 'master') lines.push(`star at ${star.link}: ${star.joined} of ${star.members} slaves are connected`);
  if (star?.role === 'slave') {
    const since = star.joined === undefined ? 'not connected now' : `connected for ${shortTime(star.joined)}`;
    lines.push(`slave ${star.id ?? 'without an id yet'} of ${star.master}: ${since}`);
    if (star.shortcuts > 0)
      lines.push(`${star.shortcuts} ${star.shortcuts === 1 ? 'shortcut' : 'shortcuts'} to other slaves; see: etherloom group`);
  }
  if (group?.group !== undefined) lines.push(`group ${group.group}, own fingerprint ${group.fingerprint ?? 'none'}; see: etherloom group`);
  if (group) lines.push(...nextPinLines(group.nextPin, group.role));
  if (guest) lines.push(`guest ${guest.id}: ${guest.state}${guest.address === undefined ? '' : `, ${guest.address}`}`);
  return lines.map((line) => cleanText(line));
}

const columns: readonly Column<PortView>[] = [
  { title: 'PORT', right: true, text: ({ port }) => String(port) },
  { title: 'STATE', text: stateOf, least: 12 },
  { title: 'VLAN', right: true, text: ({ untagged }) => (untagged === 'none' ? '-' : String(untagged)) },
  { title: 'IN', right: true, text: ({ received }) => shortNumber(received.frames) },
  { title: 'OUT', right: true, text: ({ sent }) => shortNumber(sent.frames) },
  { title: 'DROPS', right: true, text: (port) => shortNumber(dropsOf(port)) },
  { title: 'ENDPOINT', text: endpointOf, least: 20 },
];

function stateOf({ condition, endpoints, up }: PortView): string {
  if (condition !== '') return condition;
  if (endpoints.length === 0) return 'free';
  return up ? 'up' : 'no carrier';
}

function dropsOf({ drops, endpoints }: PortView): number {
  return [drops, ...endpoints.map((one) => one.drops)].flatMap((one) => Object.values(one)).reduce((sum, count) => sum + count, 0);
}

function endpointOf({ endpoints }: PortView): string {
  return endpoints.map(({ module, description }) => `${module} ${description}`).join('; ');
}
