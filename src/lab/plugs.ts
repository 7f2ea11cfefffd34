import { EtherloomError } from '../errors.ts';
import type { NewPort, PortNumber } from '../switch/switch.ts';
import { LabStation, type LabStationOptions, type StationProgram } from './lab-station.ts';
import { LabSwitch } from './lab-switch.ts';
import type { LinkEnd, Plug } from './link-end.ts';
import { steadyWords, type LinkOptions } from './link.ts';
import { vlanOf } from './numbers.ts';
import type { Wording } from './words.ts';

/** Something with a name that links are plugged into. */
export type Node = LabSwitch | LabStation;

/** The options of a link, and the VLANs of the switches' ports at its ends. */
export interface NewLink extends LinkOptions {
  /** The VLAN of frames without a tag; `none` drops them. Default: 0. */
  readonly untagged?: number | 'none';
  /** The VLANs whose frames carry a tag. Default: between two switches those that both know, otherwise none. */
  readonly tagged?: readonly number[];
  /**
   * True if frames of all other VLANs pass, too, with their tags. Default: the setting of the switch, if neither of the two above is given.
   */
  readonly trunk?: boolean;
}

/**
 * Returns the plugs of a link between two nodes. Throws EtherloomError: `busy` if a station is linked already, `bad-state` if a node is
 * down.
 */
export function plugsOf(a: Node, b: Node): [Plug, Plug] {
  const first = plugOf(a, 0);
  if (a === b && a instanceof LabStation)
    throw new EtherloomError('busy', `cannot link ${a.name} to itself: it has one interface; link it to a switch`);
  return [first, plugOf(b, a === b ? first.port : 0)];
}

/** Returns a free plug of a node; for a switch the next one after port `after`. */
function plugOf(node: Node, after: PortNumber): Plug {
  if (!node.running) throw new EtherloomError('bad-state', `cannot link to ${node.name}: it has crashed; restart it first`);
  if (node instanceof LabStation) {
    if (node.end) throw new EtherloomError('busy', `${node.name} is already linked by ${node.end.link.name}; unlink that first`);
    return { owner: node, port: 0, name: node.name };
  }
  const port = node.freePort(after);
  return { owner: node, port, name: `${node.name}.${port}` };
}

/** Plugs an end of a link into its node. */
export function plugIn(node: Node, end: LinkEnd, membership: NewPort): void {
  if (node instanceof LabSwitch) node.plug(end, end.port, membership);
  else node.plug(end);
}

/**
 * Returns the VLANs of a node's port on a link to the other. Throws EtherloomError('bad-option') if its switch does not know one of them.
 */
export function membershipOf(node: Node, other: Node, { untagged, tagged, trunk }: NewLink): NewPort {
  if (!(node instanceof LabSwitch)) return {};
  const common = other instanceof LabSwitch ? commonVlans(node, other) : [];
  const carried = (tagged ?? common).map(vlanOf);
  const own = untagged === undefined || untagged === 'none' ? untagged : vlanOf(untagged);
  node.checkVlans(...(typeof own === 'number' ? [own] : []), ...carried);
  const isSet = untagged !== undefined || tagged !== undefined || common.length > 0;
  return { ...(own === undefined ? {} : { untagged: own }), tagged: carried, trunk: trunk ?? (!isSet && node.trunk) };
}

function commonVlans({ options: a }: LabSwitch, { options: b }: LabSwitch): readonly number[] {
  return (a.vlans ?? []).filter((vlan) => b.vlans?.includes(vlan));
}

/** The options of a link between a station and its switch. */
export interface StationLink extends NewLink {
  /** The VLAN of the station's frames, which are untagged on the link. Default: 0. */
  readonly vlan?: number;
}

/** The options of a link. */
export const linkWords = {
  latency: 'number',
  mtu: 'number',
  untagged: 'vlan',
  tagged: 'numbers',
  trunk: 'flag',
  ...steadyWords,
} as const satisfies Wording<NewLink>;

/** The options of a station and its link, except for its program. */
export const stationWords = {
  ...linkWords,
  vlan: 'number',
  mac: 'text',
} as const satisfies Wording<StationLink & Omit<LabStationOptions, keyof StationProgram>>;
