import { expect, test } from 'vitest';
import { formatExplanation } from '../../src/switch/explanation.ts';
import { vid } from '../../src/wire/dot1q.ts';
import { testFrame, TestSwitch } from './test-switch.ts';

const ports = { 1: {}, 2: {}, 3: { untagged: 'none' as const, tagged: [vid(0)] } };

test('a known station, an unknown one and a group are told apart', () => {
  const lab = new TestSwitch(ports);
  lab.reaches(1, { from: 1 });
  expect(lab.bridge.explain(2, testFrame({ from: 2, to: 1 }))).toEqual({
    decision: 'forward',
    vid: 0,
    reason: 'station-known',
    egress: [{ port: 1, tagged: false }],
  });
  expect(lab.bridge.explain(2, testFrame({ from: 2, to: 9 }))).toMatchObject({ decision: 'flood', reason: 'station-unknown' });
  expect(lab.bridge.explain(2, testFrame({ from: 2 }))).toMatchObject({ decision: 'flood', reason: 'group-destination' });
});

test('explaining teaches the switch nothing', () => {
  const lab = new TestSwitch(ports);
  lab.bridge.explain(1, testFrame({ from: 1 }));
  expect([...lab.bridge.entries()]).toEqual([]);
  expect(lab.bridge.port(1)?.counters.receivedFrames).toBe(0);
});

test('an explanation is one line for people', () => {
  const lab = new TestSwitch(ports);
  const explain = (port: number, octets: Uint8Array): string => {
    const explanation = lab.bridge.explain(port, octets);
    return explanation === undefined ? 'no port' : formatExplanation(explanation);
  };
  expect(explain(1, testFrame({ from: 1, to: 2 }))).toBe('VLAN 0: flood (station-unknown) to port 2, 3 tagged');
  expect(explain(1, testFrame({ from: 1, tci: 7 }))).toBe('drop (not-a-member)');
});

test('a hub repeats', () => {
  const lab = new TestSwitch({ 0: {}, ...ports });
  lab.bridge.hub = true;
  const explanation = lab.bridge.explain(1, testFrame({ from: 1, tci: 7 }));
  expect(explanation).toEqual({ decision: 'repeat', egress: [2, 3] });
  expect(explanation && formatExplanation(explanation)).toBe('repeated as by a hub to port 2, 3');
  expect(lab.bridge.explain(1, new Uint8Array(13))).toEqual({ decision: 'drop', reason: 'runt' });
});
