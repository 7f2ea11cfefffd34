import { expect, test } from 'vitest';
import { vid } from '../../src/wire/dot1q.ts';
import { testFrame, TestSwitch } from './test-switch.ts';

test('VLAN 0 is there from the start, with every new port in it', () => {
  const { vlans } = new TestSwitch({ 2: {}, 1: { up: false } }).bridge;
  expect(vlans.list()).toEqual([0]);
  expect(vlans.members(vid(0))).toEqual([
    { port: 1, tagged: false, active: false, forwarding: true },
    { port: 2, tagged: false, active: true, forwarding: true },
  ]);
});

test('a VLAN is created once, and removed when it has no members, active or not', () => {
  const { vlans } = new TestSwitch({ 1: { up: false } }).bridge;
  expect(vlans.create(vid(10))).toBeUndefined();
  expect(vlans.create(vid(10))).toBe('exists');
  expect(vlans.create(vid(4094))).toBeUndefined();
  expect(vlans.create(vid(4095))).toBe('reserved');
  expect(vlans.list()).toEqual([0, 10, 4094]);
  expect(vlans.addTagged(vid(10), 1)).toBeUndefined();
  expect(vlans.remove(vid(10))).toBe('in-use');
  expect(vlans.removeTagged(vid(10), 1)).toBeUndefined();
  expect(vlans.remove(vid(10))).toBeUndefined();
  expect(vlans.remove(vid(10))).toBe('no-vlan');
  expect(vlans.has(vid(10))).toBe(false);
});

test('VLAN 0 stays though no port is in it, and the next new port is in it again', () => {
  const lab = new TestSwitch({ 1: { untagged: vid(5) } });
  expect(lab.bridge.vlans.remove(vid(0))).toBe('in-use');
  lab.bridge.addPort(2);
  expect(lab.bridge.vlans.members(vid(0))?.map(({ port }) => port)).toEqual([2]);
});

test('a VLAN that a port is given is created by that', () => {
  const lab = new TestSwitch({ 1: { untagged: vid(5), tagged: [vid(6)] } });
  lab.bridge.setVlans(1, { untagged: 'none', tagged: [vid(7)] });
  expect(lab.bridge.vlans.list()).toEqual([0, 5, 6, 7]);
});

test('a port leaves its untagged VLAN for another one', () => {
  const lab = new TestSwitch({ 1: {}, 2: {}, 3: { untagged: vid(10) } });
  expect(lab.bridge.vlans.setUntagged(1, vid(10))).toBeUndefined();
  expect(lab.reaches(1, { from: 1 })).toEqual([3]);
  expect(lab.bridge.vlans.members(vid(0))?.map(({ port }) => port)).toEqual([2]);
  expect(lab.bridge.vlans.setUntagged(1, 'none')).toBeUndefined();
  expect(lab.reaches(1, { from: 1 })).toEqual([]);
  expect(lab.bridge.port(1)?.counters.drops['no-untagged']).toBe(1);
});

test('tagged memberships come and go beside the untagged one', () => {
  const lab = new TestSwitch({ 1: {}, 2: { untagged: vid(10) }, 3: { untagged: vid(20) } });
  for (const tag of [10, 20]) expect(lab.bridge.vlans.addTagged(vid(tag), 1)).toBeUndefined();
  expect(lab.receive(2, testFrame({ from: 2 }))).toEqual([{ port: 1, frame: testFrame({ from: 2, tci: 10 }), ingress: 2 }]);
  expect(lab.reaches(1, { from: 1, tci: 20 })).toEqual([3]);
  expect(lab.bridge.vlans.removeTagged(vid(10), 1)).toBeUndefined();
  expect(lab.reaches(2, { from: 2 })).toEqual([]);
  expect(lab.bridge.vlans.members(vid(20))).toMatchObject([
    { port: 1, tagged: true },
    { port: 3, tagged: false },
  ]);
});

test('a tagged membership in the untagged VLAN changes nothing, and that VLAN cannot be taken away', () => {
  const { vlans } = new TestSwitch({ 1: { untagged: vid(10) } }).bridge;
  expect(vlans.addTagged(vid(10), 1)).toBeUndefined();
  expect(vlans.members(vid(10))).toMatchObject([{ port: 1, tagged: false }]);
  expect(vlans.removeTagged(vid(10), 1)).toBe('in-use');
  vlans.setUntagged(1, vid(0));
  expect(vlans.members(vid(10))).toEqual([]);
});

test('a tagged VLAN that becomes the untagged one is that alone', () => {
  const { vlans } = new TestSwitch({ 1: { tagged: [vid(10)] } }).bridge;
  vlans.setUntagged(1, vid(10));
  vlans.setUntagged(1, vid(0));
  expect(vlans.members(vid(10))).toEqual([]);
});

test('a VLAN or a port that is not there, or a membership, is refused', () => {
  const { vlans } = new TestSwitch({ 1: {} }).bridge;
  vlans.create(vid(10));
  expect([vlans.setUntagged(1, vid(99)), vlans.addTagged(vid(99), 1), vlans.removeTagged(vid(99), 1)]).toEqual([
    'no-vlan',
    'no-vlan',
    'no-vlan',
  ]);
  expect([vlans.setUntagged(9, vid(10)), vlans.addTagged(vid(10), 9), vlans.removeTagged(vid(10), 9)]).toEqual([
    'no-port',
    'no-port',
    'no-port',
  ]);
  expect(vlans.removeTagged(vid(10), 1)).toBe('not-a-member');
  expect(vlans.members(vid(99))).toBeUndefined();
});

test('what was learned in a VLAN is forgotten when the port leaves it', () => {
  const lab = new TestSwitch({ 1: { tagged: [vid(10)] }, 2: { untagged: vid(10) } });
  lab.reaches(1, { from: 1 });
  lab.reaches(1, { from: 1, tci: 10 });
  lab.bridge.vlans.removeTagged(vid(10), 1);
  expect([...lab.bridge.entries()].map((entry) => entry.vid)).toEqual([0]);
});
