import { expect, test } from 'vitest';
import { vid } from '../../src/wire/dot1q.ts';
import { testFrame, TestSwitch } from './test-switch.ts';

const ports = { 0: {}, 1: {}, 2: { untagged: vid(5) }, 3: { untagged: 'none' as const, tagged: [vid(6)] }, 4: { up: false } };

test.each([
  ['a broadcast', testFrame({ from: 1 })],
  ['a tag of any VLAN', testFrame({ from: 1, tci: 0xe04d })],
  ['VLAN 4095', testFrame({ from: 1, tci: 4095 })],
  ['half a tag', testFrame({ from: 1, tci: 5 }).subarray(0, 17)],
  ['a bridge group', testFrame({ from: 1, to: 'group' })],
])('%s goes unchanged to every other port that is up, but port 0', (_, frame) => {
  const lab = hub();
  expect(lab.receive(1, frame)).toEqual([2, 3].map((port) => ({ port, frame, ingress: 1 })));
});

test('port 0 is heard, though it hears nothing', () => {
  expect(hub().reaches(0, { from: 1 })).toEqual([1, 2, 3]);
});

test('nothing is learned', () => {
  const lab = hub();
  lab.reaches(1, { from: 1 });
  expect([...lab.bridge.entries()]).toEqual([]);
  expect(lab.reaches(2, { from: 2, to: 1 })).toEqual([1, 3]);
});

test('what is short, refused, from a port that is down, or for nobody, is dropped and counted', () => {
  const lab = hub((ingress) => ingress !== 3);
  for (const port of [3, 4]) expect(lab.reaches(port, { from: 1 })).toEqual([]);
  expect(lab.receive(1, new Uint8Array(13))).toEqual([]);
  expect(lab.bridge.port(1)?.counters.drops.runt).toBe(1);
  expect(lab.bridge.port(3)?.counters.drops['not-admitted']).toBe(1);
  expect(lab.bridge.port(4)?.counters.drops['port-down']).toBe(1);
  for (const port of [2, 3]) lab.bridge.setCarrier(port, false);
  expect(lab.reaches(1, { from: 1 })).toEqual([]);
  expect(lab.bridge.port(1)?.counters.drops['no-egress']).toBe(1);
});

test('a switch becomes a hub and a switch again while it runs, and begins anew', () => {
  const lab = new TestSwitch({ 1: {}, 2: {}, 3: {} });
  lab.reaches(1, { from: 1 });
  lab.bridge.hub = true;
  expect(lab.reaches(2, { from: 2, to: 1 })).toEqual([1, 3]);
  lab.bridge.hub = false;
  expect(lab.reaches(2, { from: 2, to: 1 })).toEqual([1, 3]);
  lab.reaches(1, { from: 1 });
  expect(lab.reaches(2, { from: 2, to: 1 })).toEqual([1]);
});

test('counters count what a hub repeats', () => {
  const lab = hub();
  lab.reaches(1, { from: 1 });
  expect(lab.bridge.port(3)?.counters).toMatchObject({ sentFrames: 1, sentOctets: 23 });
});

function hub(admit: (ingress: number) => boolean = () => true): TestSwitch {
  const lab = new TestSwitch(ports, { admit });
  lab.bridge.hub = true;
  return lab;
}
