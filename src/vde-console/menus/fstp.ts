import type { Managed } from '../../management/managed.ts';
import * as trees from '../../management/operations/trees.ts';
import type { FstpChange, PortNumber } from '../../switch/switch.ts';
import { formatBridgeId, type BridgeId } from '../../wire/bpdu.ts';
import type { Vid } from '../../wire/dot1q.ts';
import { leadingInteger, numbers, oneSwitch } from '../arguments.ts';
import { heading, type Menu } from '../command.ts';
import type { Category, Events } from '../events.ts';
import { nothing, operate } from '../operate.ts';
import { octetPair, padded } from '../text.ts';

const status: Category = { path: 'fstp/status', tag: 0o044, help: 'fstp: a port changed its state' };
const root: Category = { path: 'fstp/root', tag: 0o045, help: 'fstp: the root or the path to it changed' };
const neighbourCame: Category = { path: 'fstp/+', tag: 0o041, help: 'fstp: a bridge appeared on a port' };
const neighbourWent: Category = { path: 'fstp/-', tag: 0o042, help: 'fstp: the bridge on a port disappeared' };

/** Makes the menu of spanning trees. */
export function fstpMenu(managed: Managed, events: Events): Menu {
  const { command, query } = operate(managed);
  const categories = events.add([status, root, neighbourCame, neighbourWent]);
  const watching = managed.treeChanges.subscribe((change) => tell(managed, events, change));
  return {
    commands: [
      heading('fstp', 'fast spanning tree'),
      query('fstp/showinfo', '', trees.showBridge, nothing, ({ mac, priority, enabled }) => [
        `MAC ${mac} Priority ${priority} (0x${priority.toString(16)})`,
        `FSTP=${enabled}`,
      ]),
      query('fstp/setfstp', '0/1', trees.setTree, oneSwitch('on'), ({ hub }) => (hub ? ["Can't use fstp in hub mode"] : [])),
      command('fstp/setedge', 'VLAN PORT 1/0', trees.setEdge, (argument) => {
        const place = numbers('vlan', 'port', 'edge')(argument);
        return place && { ...place, edge: place.edge !== 0 };
      }),
      command('fstp/bonus', 'VLAN PORT COST', trees.setBonus, numbers('vlan', 'port', 'cost')),
      command('fstp/maxage', 'N', trees.setMaxAge, numbers('bridges')),
      command('fstp/bothends', '0/1', trees.setBothEnds, oneSwitch('both')),
      query(
        'fstp/print',
        '[N]',
        trees.listTrees,
        (argument) => (argument === '' ? {} : { vlan: leadingInteger(argument) }),
        (shown) => shown.flatMap(linesOf),
      ),
    ],
    [Symbol.dispose]: () => {
      watching[Symbol.dispose]();
      categories[Symbol.dispose]();
    },
  };
}

function tell({ switch: { fstp } }: Managed, events: Events, change: FstpChange): void {
  const vlan = change.vid;
  if (change.kind === 'root') {
    events.emit(root, rootText(change.port ?? 0, vlan, change.root));
    if (change.port === undefined) return;
    // VDE reports the path to the root as forwarding even if it was before. A path that still discards will forward soon.
    const way = fstp.state(vlan).ports.find(({ number }) => number === change.port);
    if (way?.forwarding === true) events.emit(status, `${place(way.number, vlan)} learning+forwarding`);
  } else if (change.kind === 'neighbour') events.emit(change.present ? neighbourCame : neighbourWent, place(change.port, vlan));
  else events.emit(status, `${place(change.port, vlan)} ${change.forwarding ? 'learning+forwarding' : 'discarding'}`);
}

function rootText(port: PortNumber, vlan: Vid, id: BridgeId): string {
  return `${place(port, vlan)} -> ${formatBridgeId(id)}`;
}

function place(port: PortNumber, vlan: Vid): string {
  return `Port ${padded(port)} VLAN ${octetPair(vlan)}`;
}

function linesOf({ vlan, enabled, root, designated, rootPort, rootPathCost, age, bonus, ports }: trees.TreeView): string[] {
  const bonusText = `bonusport ${padded(bonus?.port ?? 0)} bonuscost ${bonus?.cost ?? 0}`;
  return [
    `FST DATA VLAN ${padded(vlan)} ${rootPort === undefined ? 'ROOTSWITCH' : ''} ${enabled ? '' : 'FSTP IS DISABLED'}`,
    ` ++ root ${root}`,
    ` ++ designated ${designated ?? 'ff:ff:ff:ff:ff:ff:ff:ff'}`,
    ` ++ rootport ${padded(rootPort ?? 0)} cost ${rootPathCost} age ${Math.floor(age / 1000)} ${bonusText}`,
    ...[...ports.filter(({ tagged }) => !tagged), ...ports.filter(({ tagged }) => tagged)].map(describe),
  ];
}

/** Formats a member. The role of a tagged member is always `Unknown`, which scripts expect. */
function describe({ port, tagged, cost, role = 'designated' }: trees.TreePortView): string {
  return ` -- Port ${padded(port)} tagged=${Number(tagged)} portcost=${cost} role=${tagged ? 'Unknown' : roles[role]}`;
}

const roles = { edge: 'Edge', root: 'Root', designated: 'Designated', alternate: 'Alternate/Backup' } as const;
