import type { Managed } from '../../management/managed.ts';
import * as vlans from '../../management/operations/vlans.ts';
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
    command('vlan/create', 'N', vlans.createVlan, oneNumber('vlan')),
    command('vlan/remove', 'N', vlans.removeVlan, oneNumber('vlan')),
    command('vlan/addport', 'N PORT', vlans.addMember, numbers('vlan', 'port')),
    command('vlan/delport', 'N PORT', vlans.removeMember, numbers('vlan', 'port')),
    command('vlan/trunk', 'PORT 0/1', vlans.setTrunk, (argument) => {
      const { port, trunk } = numbers('port', 'trunk')(argument) ?? {};
      return port === undefined ? undefined : { port, trunk: trunk !== 0 };
    }),
    query('vlan/print', '[N]', vlans.listVlans, activeMembers, linesOf, 'show VLANs and their active members'),
    query('vlan/allprint', '[N]', vlans.listVlans, allMembers, linesOf),
  );
}

function activeMembers(argument: string): vlans.ListVlans {
  return { ...(argument !== '' && { vlan: leadingInteger(argument) }), active: true };
}

/** Parses the VLAN whose members are shown. VLAN 0 cannot be named, as in the original. */
function allMembers(argument: string): vlans.ListVlans | undefined {
  if (argument === '') return {};
  const vlan = leadingInteger(argument);
  return vlan < 1 ? undefined : { vlan };
}

function linesOf(shown: readonly vlans.VlanView[]): string[] {
  return shown.flatMap(({ vlan, members }) => [`VLAN ${padded(vlan)}`, ...members.map(describe)]);
}

function describe({ port, tagged, active, forwarding }: VlanMember): string {
  const status = !active ? 'Learning' : forwarding ? 'Forwarding' : 'Discarding';
  return ` -- Port ${padded(port)} tagged=${Number(tagged)} active=${Number(active)} status=${status}`;
}
