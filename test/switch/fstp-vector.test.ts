import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareVectors, fromSamePort, portIdOf, type PriorityVector } from '../../src/switch/fstp-vector.ts';
import { macFromNumber } from '../../src/wire/mac.ts';

const low = { priority: 1, mac: macFromNumber(9) };
const high = { priority: 2, mac: macFromNumber(3) };
const best: PriorityVector = { root: low, cost: 1, bridge: low, port: 1 };

test('the root counts first, then the cost, the bridge, and its port', () => {
  const ascending: PriorityVector[] = [
    best,
    { ...best, port: 2 },
    { ...best, bridge: high },
    { ...best, bridge: high, port: 2 },
    { ...best, cost: 2 },
    { ...best, root: high },
  ];
  ascending.forEach((a, i) => ascending.forEach((b, j) => expect(Math.sign(compareVectors(a, b))).toBe(Math.sign(i - j))));
});

test('a sender is its bridge and its port, whatever it claims', () => {
  expect(fromSamePort(best, { root: high, cost: 5, bridge: { ...low }, port: 1 })).toBe(true);
  expect(fromSamePort(best, { ...best, bridge: high })).toBe(false);
  expect(fromSamePort(best, { ...best, port: 2 })).toBe(false);
});

test('ports are called as VDE calls them: 0x8001, 0x8110, 0xc000', () => {
  expect([1, 16, 31, 1024].map(portIdOf)).toEqual([0x8001, 0x8110, 0x811f, 0xc000]);
});

test('the first 2,048 ports have identifiers of their own', () => {
  expect(new Set(Array.from({ length: 2_048 }, (_, port) => portIdOf(port))).size).toBe(2_048);
  fc.assert(
    fc.property(fc.nat(100_000), (port) => {
      expect(portIdOf(port)).toBeLessThanOrEqual(0xffff);
    }),
  );
});
