import { expect, test } from 'vitest';
import { mtuOfVlan } from '../../src/daemon/segment-mtu.ts';
import { PortTable, type Endpoint } from '../../src/management/port-table.ts';
import { self } from '../../src/ports/pure/peer.ts';
import { Switch, type VlanMembership } from '../../src/switch/switch.ts';
import { vid } from '../../src/wire/dot1q.ts';
import { ManualClock } from '../manual-clock.ts';

/** Returns the MTU of a VLAN whose switch has these ports. */
function mtuOf(vlan: number, ...ports: readonly (VlanMembership & { readonly mtu?: number })[]): number {
  using bridge = new Switch({ clock: new ManualClock(), breath: (work) => work(), transmit: () => undefined });
  const table = new PortTable<Endpoint & { readonly number: number }>(bridge, { numports: 8 });
  ports.forEach(({ mtu, ...membership }, at) => {
    const [number, module, description] = [at + 1, 'memory', ''];
    table.join(number, { id: number, number, peer: self, module, description, drops: {}, mtu, close: () => undefined });
    bridge.setVlans(number, membership);
  });
  return mtuOfVlan({ switch: bridge, ports: table }, vid(vlan));
}

test('without a port that has one, a VLAN has the default MTU', () => {
  expect(mtuOf(0)).toBe(1500);
  expect(mtuOf(0, {}, {})).toBe(1500);
});

test('a VLAN has the least MTU of its ports, and the default at most', () => {
  expect(mtuOf(0, { mtu: 1450 }, {}, { mtu: 1438 }, { mtu: 1464 })).toBe(1438);
  expect(mtuOf(0, { mtu: 8950 })).toBe(1500);
});

test('ports that are not in the VLAN do not count', () => {
  expect(mtuOf(0, { mtu: 1450, untagged: vid(5) }, { mtu: 1400, untagged: 'none', tagged: [vid(7)] })).toBe(1500);
  expect(mtuOf(5, { mtu: 1450, untagged: vid(5) }, { mtu: 1400 })).toBe(1450);
});

test('a tag takes four octets of the MTU, in a VLAN that leaves the port with it', () => {
  expect(mtuOf(5, { mtu: 1450, tagged: [vid(5)] })).toBe(1446);
  expect(mtuOf(5, { mtu: 1450, trunk: true })).toBe(1446);
  expect(mtuOf(0, { mtu: 1450, trunk: true })).toBe(1450);
});
