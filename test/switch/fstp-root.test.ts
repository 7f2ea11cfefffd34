import { expect, test } from 'vitest';
import { bestRoot, bpduOf, ownRoot, portCost, sameWay, type Claim, type RootCandidate } from '../../src/switch/fstp-root.ts';
import { macFromNumber } from '../../src/wire/mac.ts';

const self = { priority: 0x8000, mac: macFromNumber(5) };
const root = { priority: 0x1000, mac: macFromNumber(1) };
const bridge = { priority: 0x8000, mac: macFromNumber(4) };

function port(number: number, claim: Partial<Claim> = {}): RootCandidate {
  return { number, id: 0x8000 + number, claim: { root, cost: 0, bridge, port: 0x8001, messageAge: 0, ...claim } };
}

test('who hears nothing better is the root', () => {
  const silent = { number: 1, id: 0x8001, claim: undefined };
  expect(bestRoot(self, [silent, port(2, { root: { ...root, priority: 0x9000 } })], undefined)).toEqual(ownRoot(self));
});

test('the cost of the port is added; of two same claims the first port is taken', () => {
  const [one, two] = [port(1), port(2)];
  const best = bestRoot(self, [two, one], undefined);
  expect(best).toMatchObject({ port: one, messageAge: 1, vector: { root, cost: portCost, bridge: self } });
});

test('a claim of our own, come back, is no way', () => {
  expect(bestRoot(self, [port(1, { bridge: self })], undefined).port).toBeUndefined();
});

test('a bonus leaves a cost of one, and no cost goes beyond 32 bits', () => {
  expect(bestRoot(self, [port(1)], { port: 1, cost: portCost }).vector.cost).toBe(1);
  expect(bestRoot(self, [port(1, { cost: 0xffff_fff0 })], undefined).vector.cost).toBe(0xffff_ffff);
});

test('a way is another one by its port, its root, its cost or who is behind it, not by its age', () => {
  const there = port(1);
  const way = (claim: Partial<Claim>) => bestRoot(self, [Object.assign(there, port(1, claim))], undefined);
  expect(sameWay(way({}), way({ messageAge: 7 }))).toBe(true);
  for (const claim of [{ cost: 1 }, { root: { ...root, priority: 0x2000 } }, { bridge: root }, { port: 0x8002 }])
    expect(sameWay(way({}), way(claim))).toBe(false);
  expect(sameWay(way({}), ownRoot(self))).toBe(false);
});

test('a port that is closed is said to be an alternate one that proposes', () => {
  const way = bestRoot(self, [port(1)], undefined);
  const said = { id: 0x8002, topologyChange: false, agreement: true } as const;
  expect(bpduOf(way, { ...said, role: 'designated', forwarding: false })).toMatchObject({
    role: 'alternate',
    proposal: true,
    learning: false,
    forwarding: false,
  });
  expect(bpduOf(way, { ...said, role: 'root', forwarding: true })).toMatchObject({
    role: 'root',
    proposal: false,
    forwarding: true,
    root,
    rootPathCost: portCost,
    bridge: self,
    port: 0x8002,
    messageAge: 1,
  });
});
