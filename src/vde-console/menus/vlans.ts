import type { PortNumber, VlanMember, VlanRefusal } from '../../switch/switch.ts';
import { vid, type Vid } from '../../wire/dot1q.ts';
import { leadingInteger, scanIntegers } from '../arguments.ts';
import { command, heading, plainMenu, query, type Call, type Menu } from '../command.ts';
import type { Managed } from '../../management/managed.ts';
import type { Status } from '../../management/status.ts';
import { padded } from '../text.ts';

/** The highest that can be created: 4094 is left out as the original does, 4095 is none. */
const lastVlan = 4093;

/** The highest that can be asked to be removed: that 4094 is not there is another answer. */
const lastRemoved = 4094;

const statuses: Readonly<Record<VlanRefusal, Status>> = {
  reserved: 'EINVAL',
  exists: 'EEXIST',
  'no-vlan': 'ENXIO',
  'no-port': 'ENXIO',
  // What is not there need not be removed.
  'not-a-member': 'success',
  'in-use': 'EADDRINUSE',
};

/** VLANs and their members. */
export function vlanMenu(managed: Managed, created: (vid: Vid) => void): Menu {
  const { vlans } = managed.switch;
  const one = (argument: string, [first, last]: readonly [number, number], act: (vlan: Vid) => VlanRefusal | undefined): Status => {
    const number = leadingInteger(argument);
    return number < first || number > last ? 'EINVAL' : ended(act(vid(number)));
  };
  const member = (argument: string, act: (vlan: Vid, port: PortNumber) => VlanRefusal | undefined): Status => {
    const [vlan = -1, port = -1] = scanIntegers(argument, 2) ?? [];
    if (vlan < 0 || vlan > lastVlan || port < 0 || port >= managed.ports.numports) return 'EINVAL';
    return managed.ports.get(port) ? ended(act(vid(vlan), port)) : 'ENXIO';
  };
  return plainMenu(
    heading('vlan', 'VLANs and their members'),
    command('vlan/create', 'N', `create a VLAN, 1 to ${lastVlan}`, ({ argument }) =>
      one(argument, [1, lastVlan], (vlan) => {
        const refusal = vlans.create(vlan);
        if (refusal === undefined) created(vlan);
        return refusal;
      }),
    ),
    command('vlan/remove', 'N', 'remove a VLAN that has no members', ({ argument }) =>
      one(argument, [0, lastRemoved], (vlan) => vlans.remove(vlan)),
    ),
    command('vlan/addport', 'N PORT', 'add a port as a tagged member', ({ argument }) =>
      member(argument, (vlan, port) => vlans.addTagged(vlan, port)),
    ),
    command('vlan/delport', 'N PORT', 'remove a tagged member', ({ argument }) =>
      member(argument, (vlan, port) => vlans.removeTagged(vlan, port)),
    ),
    command('vlan/trunk', 'PORT 0/1', '1: the port carries all VLANs tagged until its VLANs are set, 0: not', ({ argument }) => {
      const [port = -1, trunk] = scanIntegers(argument, 2) ?? [];
      if (trunk === undefined || port < 0 || port >= managed.ports.numports) return 'EINVAL';
      return managed.ports.get(port) ? ended(vlans.setTrunk(port, trunk !== 0)) : 'ENXIO';
    }),
    query('vlan/print', '[N]', 'show VLANs and their active members', (call) => print(managed, call, { first: 0, all: false })),
    query('vlan/allprint', '[N]', 'show VLANs and all their members', (call) => print(managed, call, { first: 1, all: true })),
  );
}

function ended(refusal: VlanRefusal | undefined): Status {
  return refusal === undefined ? 'success' : statuses[refusal];
}

function print(managed: Managed, { argument, print }: Call, { first, all }: { first: number; all: boolean }): Status {
  const { vlans, hub } = managed.switch;
  const shown = ({ port, active }: VlanMember): boolean => managed.ports.get(port) !== undefined && (all || (active && !hub));
  const number = leadingInteger(argument);
  if (argument !== '' && (number < first || number > lastVlan)) return 'EINVAL';
  const chosen = argument === '' ? vlans.list() : [vid(number)];
  for (const vlan of chosen) {
    const members = vlans.members(vlan);
    if (!members) return 'ENXIO';
    print(`VLAN ${padded(vlan)}`);
    for (const one of members.filter(shown)) print(describe(one));
  }
  return 'success';
}

function describe({ port, tagged, active, forwarding }: VlanMember): string {
  const status = !active ? 'Learning' : forwarding ? 'Forwarding' : 'Discarding';
  return ` -- Port ${padded(port)} tagged=${Number(tagged)} active=${Number(active)} status=${status}`;
}
