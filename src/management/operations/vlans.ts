import type { PortNumber, VlanMember, VlanRefusal, VlanRegistry } from '../../switch/switch.ts';
import { vid, type Vid } from '../../wire/dot1q.ts';
import type { Managed } from '../managed.ts';
import { reads, Refusal, refused, sets } from '../operation.ts';
import type { Status } from '../status.ts';
import { onPort, type OnPort } from './on-port.ts';

/** A VLAN with its members. */
export interface VlanView {
  readonly vlan: Vid;
  /** The members in the order of their numbers, without stations inside the switch. */
  readonly members: readonly VlanMember[];
}

/** The arguments of an operation on one VLAN. */
export interface OnVlan {
  readonly vlan: number;
}

/** The arguments of an operation on a member of a VLAN. */
type OnMember = OnVlan & OnPort;

/** The highest VLAN that can be created. 4094 is left out, as in the original; 4095 is reserved. */
export const lastVlan = 4093;

/** The highest VLAN that can be named for removal. 4094 yields ENXIO, since it never exists. */
const lastRemoved = 4094;

const statuses: Readonly<Record<VlanRefusal, Status>> = {
  reserved: 'EINVAL',
  exists: 'EEXIST',
  'no-vlan': 'ENXIO',
  'no-port': 'ENXIO',
  // Removing a missing member succeeds.
  'not-a-member': 'success',
  'in-use': 'EADDRINUSE',
};

/** Creates a VLAN without members. */
export const createVlan = sets(
  'vlan.create',
  `create a VLAN, 1 to ${lastVlan}`,
  ({ switch: { vlans, fstp }, treeChanges }, { vlan }: OnVlan) => {
    if (vlan < 1 || vlan > lastVlan) return new Refusal('EINVAL');
    const refusal = vlans.create(vid(vlan));
    if (refusal === undefined) treeChanges.emit({ kind: 'root', vid: vid(vlan), root: fstp.self, port: undefined });
    return ended(refusal);
  },
);

/** Removes a VLAN that has no members. */
export const removeVlan = sets('vlan.remove', 'remove a VLAN that has no members', ({ switch: { vlans } }, { vlan }: OnVlan) =>
  vlan < 0 || vlan > lastRemoved ? new Refusal('EINVAL') : ended(vlans.remove(vid(vlan))),
);

/** Makes a port a tagged member of a VLAN. */
export const addMember = sets('vlan.addport', 'add a port as a tagged member', (managed, member: OnMember) =>
  onMember(managed, member, (vlan, port) => managed.switch.vlans.addTagged(vlan, port)),
);

/** Removes a tagged member of a VLAN. */
export const removeMember = sets('vlan.delport', 'remove a tagged member', (managed, member: OnMember) =>
  onMember(managed, member, (vlan, port) => managed.switch.vlans.removeTagged(vlan, port)),
);

/** Makes a port pass all VLANs with their tags, or ends that. */
export const setTrunk = sets(
  'vlan.trunk',
  'let a port carry all VLANs tagged until its VLANs are set, or not',
  (managed, { port, trunk }: OnPort & { readonly trunk: boolean }) =>
    onPort(managed, port, () => ended(managed.switch.vlans.setTrunk(port, trunk))),
);

/** The arguments of a list of VLANs. */
export interface ListVlans {
  /** Default: all. */
  readonly vlan?: number | undefined;
  /** True lists only members with a carrier, and none in a hub. Default: lists all. */
  readonly active?: boolean | undefined;
}

/** Lists the VLANs with their members. */
export const listVlans = reads(
  'vlan.list',
  'list the VLANs with their members',
  ({ ports, switch: { vlans, hub } }: Managed, { vlan, active = false }: ListVlans): readonly VlanView[] | Refusal => {
    const listed = vlansToList(vlans, vlan, lastVlan);
    if (listed instanceof Refusal) return listed;
    const isShown = (member: VlanMember): boolean => ports.get(member.port) !== undefined && (!active || (member.active && !hub));
    return listed.map((one) => ({
      vlan: one,
      members: (vlans.members(one) ?? []).filter(isShown),
    }));
  },
);

/** Returns the VLANs that a list shows: all, or the one with that number, which is `last` at most. */
export function vlansToList(vlans: VlanRegistry, vlan: number | undefined, last: number): readonly Vid[] | Refusal {
  if (vlan === undefined) return vlans.list();
  if (vlan < 0 || vlan > last) return new Refusal('EINVAL');
  return vlans.has(vid(vlan)) ? [vid(vlan)] : new Refusal('ENXIO');
}

function onMember(
  managed: Managed,
  { vlan, port }: OnMember,
  act: (vlan: Vid, port: PortNumber) => VlanRefusal | undefined,
): Refusal | undefined {
  if (vlan < 0 || vlan > lastVlan) return new Refusal('EINVAL');
  return onPort(managed, port, () => ended(act(vid(vlan), port)));
}

function ended(refusal: VlanRefusal | undefined): Refusal | undefined {
  return refusal === undefined ? undefined : refused(statuses[refusal]);
}
