import { EtherloomError } from '../errors.ts';
import type { NewPort, PortNumber } from '../switch/switch.ts';
import { LabStation } from './lab-station.ts';
import { LabSwitch } from './lab-switch.ts';
import type { LinkEnd, Plug } from './link-end.ts';
import type { LinkOptions } from './link.ts';
import { vlanOf } from './numbers.ts';

/** Something with a name that links are plugged into. */
export type Node = LabSwitch | LabStation;

/** What a link is like, and in which VLANs the ports of switches at its ends are. */
export interface NewLink extends LinkOptions {
  /** The VLAN of frames without a tag; `none` drops them. Default: 0. */
  readonly untagged?: number | 'none';
  /** The VLANs whose frames carry a tag. Default: between two switches those that both know, elsewhere none. */
  readonly tagged?: readonly number[];
}

/** Where a link between two nodes is plugged in. Throws EtherloomError: `busy` when a station is linked already, `bad-state` when a switch is down. */
export function plugsOf(a: Node, b: Node): [Plug, Plug] {
  const first = plugOf(a, 0);
  if (a === b && a instanceof LabStation)
    throw new EtherloomError('busy', `cannot link ${a.name} to itself: it has one interface; link it to a switch`);
  return [first, plugOf(b, a === b ? first.port : 0)];
}

/** A free plug of a node; of a switch the next one after port `after`. */
function plugOf(node: Node, after: PortNumber): Plug {
  if (node instanceof LabStation) {
    if (node.end) throw new EtherloomError('busy', `${node.name} is already linked by ${node.end.link.name}; unlink that first`);
    return { owner: node, port: 0, name: node.name };
  }
  if (!node.running) throw new EtherloomError('bad-state', `cannot link to ${node.name}: it has crashed; restart it first`);
  const port = node.freePort(after);
  return { owner: node, port, name: `${node.name}.${port}` };
}

/** Plugs an end of a link into its node. */
export function plugIn(node: Node, end: LinkEnd, membership: NewPort): void {
  if (node instanceof LabSwitch) node.plug(end, end.port, membership);
  else node.plug(end);
}

/** The VLANs of a node's port on a link to the other. */
export function membershipOf(node: Node, other: Node, { untagged, tagged }: NewLink): NewPort {
  const common = node instanceof LabSwitch && other instanceof LabSwitch ? commonVlans(node, other) : [];
  return {
    ...(untagged === undefined ? {} : { untagged: untagged === 'none' ? untagged : vlanOf(untagged) }),
    tagged: (tagged ?? common).map(vlanOf),
  };
}

function commonVlans({ options: a }: LabSwitch, { options: b }: LabSwitch): readonly number[] {
  return (a.vlans ?? []).filter((vlan) => b.vlans?.includes(vlan));
}
