import { portCost, type FstpChange, type FstpState, type PortNumber } from '../../switch/switch.ts';
import { formatBridgeId, type BridgeId } from '../../wire/bpdu.ts';
import { vid, type Vid } from '../../wire/dot1q.ts';
import { formatMac } from '../../wire/mac.ts';
import { cInteger, leadingInteger, scanIntegers } from '../arguments.ts';
import { command, heading, query, type Call, type Menu } from '../command.ts';
import type { Category, Events } from '../events.ts';
import type { Managed } from '../../management/managed.ts';
import type { Status } from '../../management/status.ts';
import { octetPair, padded } from '../text.ts';

const status: Category = { path: 'fstp/status', tag: 0o044, help: 'fstp: a port changed its state' };
const root: Category = { path: 'fstp/root', tag: 0o045, help: 'fstp: the root or the path to it changed' };
const neighbourCame: Category = { path: 'fstp/+', tag: 0o041, help: 'fstp: a bridge was heard on a port' };
const neighbourWent: Category = { path: 'fstp/-', tag: 0o042, help: 'fstp: no bridge is heard on a port any more' };

/** The last whose tree can be shown, and the last whose ports can be set: that 4094 is not there is another answer then. */
const [lastShown, lastSet] = [4093, 4094] as const;

/** An age is said in 16 bits, of which 8 are for parts. */
const mostBridges = 255;

/** What the menu of VLANs tells this one. */
export interface FstpMenu extends Menu {
  /** A VLAN was created: its root is this bridge. */
  readonly rooted: (vlan: Vid) => void;
}

/** Spanning trees. */
export function fstpMenu(managed: Managed, events: Events): FstpMenu {
  const { fstp, vlans } = managed.switch;
  const categories = events.add([status, root, neighbourCame, neighbourWent]);
  const rooted = (vlan: Vid): void => events.emit(root, rootText(0, vlan, fstp.self));
  const watching = managed.treeChanges.subscribe((change) => tell(managed, events, change));
  const onVlan = (argument: string, act: (vlan: Vid, port: PortNumber, value: number) => void): Status => {
    const [vlan = -1, port = -1, value] = scanIntegers(argument, 3) ?? [];
    if (value === undefined || vlan < 0 || vlan > lastSet || port < 0 || port >= managed.ports.numports) return 'EINVAL';
    if (!vlans.has(vid(vlan))) return 'ENXIO';
    act(vid(vlan), port, value);
    return 'success';
  };
  return {
    rooted,
    commands: [
      heading('fstp', 'fast spanning tree'),
      query('fstp/showinfo', '', 'show MAC address, priority, and whether it is on', ({ print }) => {
        const { mac, priority } = fstp.self;
        print(`MAC ${formatMac(mac)} Priority ${priority} (0x${priority.toString(16)})`);
        print(`FSTP=${fstp.enabled}`);
        return 'success';
      }),
      query('fstp/setfstp', '0/1', '1: switch the spanning tree on, 0: off', (call) => setEnabled(managed, call, rooted)),
      command('fstp/setedge', 'VLAN PORT 1/0', '1: no bridge is behind this port in this VLAN, 0: one may be', ({ argument }) =>
        onVlan(argument, (vlan, port, edge) => fstp.setEdge(vlan, port, edge !== 0)),
      ),
      command('fstp/bonus', 'VLAN PORT COST', 'lower the path cost of a port in a VLAN by COST', ({ argument }) =>
        onVlan(argument, (vlan, port, cost) => fstp.setBonus(vlan, port, cost)),
      ),
      command('fstp/maxage', 'N', 'set how many bridges away a root may be, 1 to 255; 0: no limit', ({ argument }) => {
        const bridges = cInteger(argument);
        if (bridges === undefined || bridges < 0 || bridges > mostBridges) return 'EINVAL';
        fstp.maxAge = bridges === 0 ? Infinity : bridges;
        return 'success';
      }),
      command('fstp/bothends', '0/1', '1: block a redundant cable at both ends, 0: at one end', ({ argument }) => {
        fstp.closesBothEnds = leadingInteger(argument) !== 0;
        return 'success';
      }),
      query('fstp/print', '[N]', 'show the tree of each VLAN, or of VLAN N', (call) => print(managed, call)),
    ],
    [Symbol.dispose]: () => {
      watching[Symbol.dispose]();
      categories[Symbol.dispose]();
    },
  };
}

function setEnabled({ switch: { fstp, hub, vlans } }: Managed, { argument, print }: Call, rooted: (vlan: Vid) => void): Status {
  const enabled = leadingInteger(argument) !== 0;
  if (hub) print("Can't use fstp in hub mode");
  // Who leaves a tree is his own root; that is told of those, too, where he was that already.
  const roots = !enabled && fstp.enabled ? vlans.list().filter((vlan) => fstp.state(vlan).rootPort === undefined) : [];
  fstp.enabled = enabled;
  roots.forEach(rooted);
  return 'success';
}

function tell({ switch: { fstp } }: Managed, events: Events, change: FstpChange): void {
  const vlan = change.vid;
  if (change.kind === 'root') {
    events.emit(root, rootText(change.port ?? 0, vlan, change.root));
    // That the way to the root is open is told also when the port was; else it is about to be opened.
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

function print({ switch: bridge, ports }: Managed, { argument, print }: Call): Status {
  const { fstp, vlans } = bridge;
  const number = leadingInteger(argument);
  if (argument !== '' && (number < 0 || number > lastShown)) return 'EINVAL';
  for (const vlan of argument === '' ? vlans.list() : [vid(number)]) {
    const members = vlans.members(vlan)?.filter(({ port, active }) => active && ports.get(port) !== undefined);
    if (!members) return 'ENXIO';
    const state = fstp.state(vlan);
    for (const line of describe(state, fstp.self, fstp.enabled)) print(line);
    const roles = new Map(state.ports.map((port) => [port.number, port]));
    for (const { port, tagged } of [...members.filter((one) => !one.tagged), ...members.filter((one) => one.tagged)]) {
      const cost = roles.get(port)?.cost ?? portCost;
      print(` -- Port ${padded(port)} tagged=${Number(tagged)} portcost=${cost} role=${tagged ? 'Unknown' : roleText(roles.get(port))}`);
    }
  }
  return 'success';
}

function describe(state: FstpState, self: BridgeId, enabled: boolean): string[] {
  const isRoot = state.rootPort === undefined;
  const { bonus, designated } = state;
  const bonusText = `bonusport ${padded(bonus?.port ?? 0)} bonuscost ${bonus?.cost ?? 0}`;
  return [
    `FST DATA VLAN ${padded(state.vid)} ${isRoot ? 'ROOTSWITCH' : ''} ${enabled ? '' : 'FSTP IS DISABLED'}`,
    ` ++ root ${formatBridgeId(isRoot ? self : state.root)}`,
    ` ++ designated ${isRoot || !designated ? 'ff:ff:ff:ff:ff:ff:ff:ff' : formatBridgeId(designated)}`,
    ` ++ rootport ${padded(state.rootPort ?? 0)} cost ${state.rootPathCost} age ${Math.floor(state.age / 1000)} ${bonusText}`,
  ];
}

/** What is shown of tagged members is always `Unknown`: scripts know it so. */
function roleText(port: FstpState['ports'][number] | undefined): string {
  if (port === undefined) return 'Designated';
  if (port.edge) return 'Edge';
  return { root: 'Root', designated: 'Designated', alternate: 'Alternate/Backup' }[port.role];
}
