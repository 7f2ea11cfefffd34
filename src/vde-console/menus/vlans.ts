import type { Managed } from '../../management/managed.ts';
import {
  addMember,
  createVlan,
  listVlans,
  removeMember,
  removeVlan,
  setTrunk,
  type ListVlans,
  type VlanView,
} from '../../management/operations/vlans.ts';
import type { VlanMember } from '../../switch/switch.ts';
import { leadingInteger, numbers, oneNumber } from '../arguments.ts';
import { heading, plainMenu, type Menu } from '../command.ts';
import { operate } from '../operate.ts';
import { padded } from '../text.ts';

/** Makes the menu of VLANs and their members. */
export function vlanMenu(managed: Managed): Menu {
  const { command, query } = operate(managed);
  return plainMenu(
    heading('vlan', 'VLANs and their members'),
    command('vlan/create', 'N', createVlan, oneNumber('vlan')),
    command('vlan/remove', 'N', removeVlan, oneNumber('vlan')),
    command('vlan/addport', 'N PORT', addMember, numbers('vlan', 'port')),
    command('vlan/delport', 'N PORT', removeMember, numbers('vlan', 'port')),
    command('vlan/trunk', 'PORT 0/1', setTrunk, (argument) => {
      const { port, trunk } = numbers('port', 'trunk')(argument) ?? {};
      return port === undefined ? undefined : { port, trunk: trunk !== 0 };
    }),
    query('vlan/print', '[N]', listVlans, activeMembers, linesOf, 'show VLANs and their active members'),
    query('vlan/allprint', '[N]', listVlans, allMembers, linesOf),
  );
}

function activeMembers(argument: string): ListVlans {
  return { ...(argument !== '' && { vlan: leadingInteger(argument) }), active: true };
}

/** Parses the VLAN whose members are shown. VLAN 0 cannot be named, as in the original. */
function allMembers(argument: string): ListVlans | undefined {
  if (argument === '') return {};
  const vlan = leadingInteger(argument);
  return vlan < 1 ? undefined : { vlan };
}

function linesOf(vlans: readonly VlanView[]): string[] {
  return vlans.flatMap(({ vlan, members }) => [`VLAN ${padded(vlan)}`, ...members.map(describe)]);
}

function describe({ port, tagged, active, forwarding }: VlanMember): string {
  const status = !active ? 'Learning' : forwarding ? 'Forwarding' : 'Discarding';
  return ` -- Port ${padded(port)} tagged=${Number(tagged)} active=${Number(active)} status=${status}`;
}
