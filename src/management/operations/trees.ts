import { portCost, type PortNumber, type TreePort } from '../../switch/switch.ts';
import { formatBridgeId } from '../../wire/bpdu.ts';
import { vid, type Vid } from '../../wire/dot1q.ts';
import { formatMac } from '../../wire/mac.ts';
import type { Managed } from '../managed.ts';
import { reads, Refusal, sets, writes } from '../operation.ts';
import type { OnPort } from './on-port.ts';
import { vlansToList, type OnVlan } from './vlans.ts';

/** This bridge, and whether it takes part in spanning trees. */
export interface BridgeView {
  readonly mac: string;
  readonly priority: number;
  /** Both, as the tree compares bridges: `80:00:00:ff:aa:bb:cc:01`. */
  readonly id: string;
  readonly enabled: boolean;
  /** How many bridges away a root may be; undefined if there is no limit. */
  readonly maxAge: number | undefined;
  /** True if a redundant cable is blocked at both ends. */
  readonly bothEnds: boolean;
}

/** A member of a VLAN in the VLAN's tree. */
export interface TreePortView {
  readonly port: PortNumber;
  readonly tagged: boolean;
  readonly cost: number;
  /** Undefined for a port that is not in the tree. */
  readonly role: TreePort['role'] | 'edge' | undefined;
  /** True if it forwards frames of the VLAN. */
  readonly forwarding: boolean;
  /** True if a BPDU was recently received from a bridge behind it. */
  readonly neighbour: boolean;
}

/** The tree of a VLAN. */
export interface TreeView {
  readonly vlan: Vid;
  readonly enabled: boolean;
  /** The root, as `80:00:00:ff:aa:bb:cc:01`: priority and MAC address. */
  readonly root: string;
  /** The bridge behind the root port, in the same form; undefined when this bridge is the root. */
  readonly designated: string | undefined;
  /** Undefined when this bridge is the root. */
  readonly rootPort: PortNumber | undefined;
  readonly rootPathCost: number;
  /** The milliseconds since the last BPDU from the root, or since this bridge became the root. */
  readonly age: number;
  readonly bonus: { readonly port: PortNumber; readonly cost: number } | undefined;
  /** The members with a carrier, in the order of their numbers. */
  readonly ports: readonly TreePortView[];
}

/** The arguments of an operation on a port in the tree of a VLAN. */
type InTree = OnVlan & OnPort;

/** The last VLAN whose tree can be shown, and the last whose ports can be set. 4094 yields ENXIO, since it never exists. */
const [lastShown, lastSet] = [4093, 4094] as const;

/** The most bridges that a message age can count: it has 16 bits, 8 of them for fractions. [IEEE 802.1D, 9.3.3] */
const mostBridges = 255;

/** Shows this bridge. */
export const showBridge = reads(
  'fstp.showinfo',
  'show this bridge and its settings in spanning trees',
  ({ switch: { fstp } }: Managed): BridgeView => ({
    mac: formatMac(fstp.self.mac),
    priority: fstp.self.priority,
    id: formatBridgeId(fstp.self),
    enabled: fstp.enabled,
    maxAge: fstp.maxAge === Infinity ? undefined : fstp.maxAge,
    bothEnds: fstp.closesBothEnds,
  }),
);

/** Switches the spanning trees on or off. Returns whether they are on, and whether the switch is a hub, which keeps them off. */
export const setTree = sets(
  'fstp.setfstp',
  'switch the spanning trees on or off',
  ({ switch: { fstp, hub, vlans }, treeChanges }, { on }: { readonly on: boolean }) => {
    // A bridge that leaves a tree becomes its own root. VDE also reports this for trees in which it was the root already.
    const roots = !on && fstp.enabled ? vlans.list().filter((vlan) => fstp.state(vlan).rootPort === undefined) : [];
    fstp.enabled = on;
    for (const vlan of roots) treeChanges.emit({ kind: 'root', vid: vlan, root: fstp.self, port: undefined });
    return { enabled: fstp.enabled, hub };
  },
);

/** Keeps a port out of the tree of a VLAN, or ends that. It lasts until the port goes down or leaves the VLAN, so it is not saved. */
export const setEdge = writes(
  'fstp.setedge',
  'keep a port out of the spanning tree of a VLAN, since no bridge is behind it, or let it take part',
  (managed, { edge, ...place }: InTree & { readonly edge: boolean }) =>
    inTree(managed, place, (vlan, port) => managed.switch.fstp.setEdge(vlan, port, edge)),
);

/** Lowers the cost of the path to a VLAN's root by a port. */
export const setBonus = sets(
  'fstp.bonus',
  'lower the path cost of a port in a VLAN',
  (managed, { cost, ...place }: InTree & { readonly cost: number }) =>
    inTree(managed, place, (vlan, port) => managed.switch.fstp.setBonus(vlan, port, cost)),
);

/** Sets the greatest distance of a root, in bridges; 0: no limit. */
export const setMaxAge = sets(
  'fstp.maxage',
  `set how many bridges away a root may be, 1 to ${mostBridges}; 0: no limit`,
  ({ switch: { fstp } }, { bridges }: { readonly bridges: number }) => {
    if (bridges < 0 || bridges > mostBridges) return new Refusal('EINVAL');
    fstp.maxAge = bridges === 0 ? Infinity : bridges;
    return undefined;
  },
);

/** Sets whether a redundant cable is blocked at both ends, or at one. */
export const setBothEnds = sets(
  'fstp.bothends',
  'block a redundant cable at both ends, or at one end',
  ({ switch: { fstp } }, { both }: { readonly both: boolean }): void => {
    fstp.closesBothEnds = both;
  },
);

/** Lists the tree of each VLAN, or of one. */
export const listTrees = reads(
  'fstp.list',
  'show the spanning tree of each VLAN, or of one',
  (managed: Managed, { vlan }: { readonly vlan?: number | undefined }): readonly TreeView[] | Refusal => {
    const listed = vlansToList(managed.switch.vlans, vlan, lastShown);
    return listed instanceof Refusal ? listed : listed.map((one) => viewOf(managed, one));
  },
);

function inTree({ ports, switch: { vlans } }: Managed, { vlan, port }: InTree, act: (vlan: Vid, port: PortNumber) => void) {
  if (vlan < 0 || vlan > lastSet || !(port >= 0 && port < ports.numports)) return new Refusal('EINVAL');
  if (!vlans.has(vid(vlan))) return new Refusal('ENXIO');
  act(vid(vlan), port);
  return undefined;
}

function viewOf({ ports, switch: { fstp, vlans } }: Managed, vlan: Vid): TreeView {
  const state = fstp.state(vlan);
  const isRoot = state.rootPort === undefined;
  const inTree = new Map(state.ports.map((port) => [port.number, port]));
  const members = (vlans.members(vlan) ?? []).filter(({ port, active }) => active && ports.get(port) !== undefined);
  return {
    vlan,
    enabled: fstp.enabled,
    root: formatBridgeId(isRoot ? fstp.self : state.root),
    designated: isRoot || !state.designated ? undefined : formatBridgeId(state.designated),
    rootPort: state.rootPort,
    rootPathCost: state.rootPathCost,
    age: state.age,
    bonus: state.bonus,
    ports: members.map(({ port, tagged, forwarding }) => {
      const one = inTree.get(port);
      const role = one?.edge === true ? 'edge' : one?.role;
      return { port, tagged, cost: one?.cost ?? portCost, role, forwarding, neighbour: one?.neighbour === true };
    }),
  };
}
