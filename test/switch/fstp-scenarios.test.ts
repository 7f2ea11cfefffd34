import { expect, test } from 'vitest';
import { vid } from '../../src/wire/dot1q.ts';
import { FstpNetwork, hostPort } from './fstp-network.ts';
import { testFrame } from './test-switch.ts';

type Links = readonly (readonly number[])[];

const wheel: Links = [...ring(4), [0, 4], [2, 4]];

test.each<[string, number, Links]>([
  ['two wires', 2, [...wire(), ...wire()]],
  ['three wires', 2, [...wire(), ...wire(), ...wire()]],
  ['a wire from a switch to itself', 2, [...wire(), [1, 1]]],
  ['a triangle', 3, ring(3)],
  ['a ring of twenty', 20, ring(20)],
  ['a mesh of eight', 8, mesh(8)],
  ['a grid of twenty', 20, grid(4, 5)],
  ['a chain of forty-one', 41, ring(41).slice(0, 40)],
])('%s: a second after the last plug there is a tree with the best bridge for its root', (_, count, links) => {
  const network = build(count, links);
  network.run(1);
  network.expectTree();
  expect(new Set(network.roots())).toEqual(new Set([0]));
});

test('of two wires one end is closed, and no more', () => {
  const network = build(2, [...wire(), ...wire()]);
  network.run(5);
  expect(network.closed()).toEqual(['1.3']);
});

test('of two wires both ends of one are closed, as VDE has it; it carries when the other is cut', () => {
  const network = build(2, []);
  for (const { fstp } of network.bridges) fstp.closesBothEnds = true;
  for (const [a = 0, b = 0] of [...wire(), ...wire()]) network.link(a, b);
  network.run(5);
  expect(network.closed()).toEqual(['0.3', '1.3']);
  network.cut(network.cable(0), { noticed: true });
  network.advance(10);
  network.expectTree();
});

test.each<[string, number, Links]>([
  ['a mesh of eight', 8, mesh(8)],
  ['a grid of twenty', 20, grid(4, 5)],
])('%s: with both ends closed of what is not needed there is a tree too, and after a cut', (_, count, links) => {
  const network = build(count, []);
  for (const { fstp } of network.bridges) fstp.closesBothEnds = true;
  for (const [a = 0, b = 0] of links) network.link(a, b);
  network.run(5);
  network.expectTree();
  network.cut(network.cable(0), { noticed: true });
  network.run(1);
  network.expectTree();
});

test('in a ring one end is closed, that of the bridge which is worst off', () => {
  const network = build(5, ring(5));
  network.run(5);
  expect(network.closed()).toHaveLength(1);
  expect(network.closed()[0]).toMatch(/^[23]\./);
});

test('when the wire in use is cut, the other one carries within a hundredth of a second', () => {
  const network = build(2, [...wire(), ...wire()]);
  network.run(5);
  network.cut(network.cable(0));
  network.advance(10);
  network.expectTree();
});

test.each([
  ['and all notice', { noticed: true }, 1],
  ['and nobody notices', {}, 17],
])('a root of a ring with spokes dies %s: its claims are gone, everybody has the next one', (_, how, seconds) => {
  const network = build(5, wheel);
  network.run(5);
  network.isolate(0, how);
  network.run(seconds);
  expect(network.roots()).toEqual([0, 1, 1, 1, 1]);
  network.expectTree();
});

test('the claims of a root that died beside a ring do not go round it for ever', () => {
  const network = build(6, [[0, 1], ...ring(5).map(([a = 0, b = 0]) => [a + 1, b + 1])]);
  network.run(5);
  network.isolate(0);
  const before = network.bpdus;
  network.run(3);
  expect(network.roots()).toEqual([0, 1, 1, 1, 1, 1]);
  expect(network.bpdus - before).toBeLessThan(1_000);
  network.expectTree();
});

test('in a mesh of twenty nobody counts up the distance to a root that died', () => {
  const network = build(20, mesh(20));
  network.run(5);
  network.isolate(0);
  const before = network.bpdus;
  network.advance(50);
  expect(new Set(network.roots())).toEqual(new Set([0, 1]));
  expect(network.bpdus - before).toBeLessThan(15_000);
  network.expectTree();
});

test('a wire that flaps leaves a tree each time', () => {
  const network = build(6, ring(6));
  for (let i = 0; i < 20; i++) {
    network.advance(37 * i);
    network.cut(network.cable(0));
    network.advance(50);
    network.expectTree();
    network.mend(network.cable(0));
    network.advance(50);
    network.expectTree();
  }
});

test('two halves have a root each, and one again when they are joined by two wires', () => {
  const network = build(8, [...ring(4), ...ring(4).map(([a = 0, b = 0]) => [a + 4, b + 4]), [0, 4], [2, 6]]);
  network.run(5);
  for (const cable of network.cables.slice(8)) network.cut(cable);
  network.run(5);
  expect(network.roots()).toEqual([0, 0, 0, 0, 4, 4, 4, 4]);
  network.expectTree();
  for (const cable of network.cables.slice(8)) network.mend(cable);
  network.run(1);
  expect(network.roots()).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  network.expectTree();
});

test('a bonus moves the way to the root, and the tree is one all the time that follows', () => {
  const network = build(4, ring(4));
  network.run(5);
  expect(network.state(3).rootPort).toBe(3);
  network.at(3).fstp.setBonus(vid(0), 2, 19_999_999);
  network.at(2).fstp.setBonus(vid(0), 2, 19_999_999);
  network.run(1);
  expect(network.state(3)).toMatchObject({ rootPort: 3, rootPathCost: 20_000_000 });
  network.at(1).fstp.setBonus(vid(0), 2, 19_999_999);
  network.run(1);
  expect(network.state(3)).toMatchObject({ rootPort: 2, rootPathCost: 3 });
  network.expectTree();
});

test('a better root that comes takes over, and one that goes is replaced', () => {
  const network = new FstpNetwork([0x8000, 0x8000, 0x8000, 0x1000]);
  for (const [a = 0, b = 0] of [...ring(3)]) network.link(a, b);
  network.run(5);
  expect(network.roots()).toEqual([0, 0, 0, 3]);
  network.link(1, 3);
  network.link(2, 3);
  network.run(1);
  expect(network.roots()).toEqual([3, 3, 3, 3]);
  network.at(3).fstp.enabled = false;
  network.run(20);
  network.expectTree();
});

test('VLANs whose bonuses differ use different wires at once', () => {
  const network = new FstpNetwork([0x8000, 0x8000], { tagged: [5] });
  const [, second] = [network.link(0, 1), network.link(0, 1)];
  network.at(1).fstp.setBonus(vid(5), second.ends[1].port, 1_000);
  network.run(5);
  expect(network.closed(0)).toEqual(['1.3']);
  expect(network.closed(5)).toEqual(['1.2']);
  for (const vlan of [0, 5]) expect(network.probe(0, vlan)).toEqual([0, 1]);
});

test('a hub between three bridges of a ring is no loop either', () => {
  const network = build(
    5,
    [
      [0, 1],
      [1, 2],
      [0, 4],
      [1, 4],
      [2, 4],
      [3, 4],
    ].map((link) => link),
  );
  network.at(4).hub = true;
  network.run(30);
  for (const from of [0, 1, 2, 3]) expect(network.probe(from).map((copies) => copies > 1)).toEqual([false, false, false, false, false]);
  expect(network.probe(0).slice(0, 4)).toEqual([0, 1, 1, 1]);
});

test('a first frame passes at once, where there is no loop', () => {
  expect(build(2, wire()).probe(0)).toEqual([0, 1]);
});

test('what is said while a ring is being closed goes round no longer than the claims take', () => {
  for (let early = 0; early < 4; early++) {
    const network = build(3, ring(3).slice(0, 2));
    network.run(5);
    network.say(1, testFrame({ from: 2 }));
    network.advance(early);
    network.link(2, 0);
    // Of two frames.
    for (const copies of network.probe(0)) expect(copies).toBeLessThanOrEqual(4);
    const frames = network.frames;
    network.run(5);
    expect(network.frames).toBe(frames);
    network.expectTree();
  }
});

test('stations that were behind the wire that was cut are found by the new way at once', () => {
  const network = build(4, ring(4));
  network.run(5);
  for (const from of network.bridges.keys()) network.probe(from);
  network.cut(network.cable(1));
  network.advance(20);
  const before = network.at(1).port(hostPort)?.counters.sentFrames ?? 0;
  network.say(2, testFrame({ from: 3, to: 2 }));
  network.advance(20);
  expect(network.at(1).port(hostPort)?.counters.sentFrames).toBe(before + 1);
});

test('an idle ring of twenty says a hello by each end every four seconds, and nothing else', () => {
  const network = build(20, ring(20));
  network.run(20);
  const [changes, before] = [network.changes.length, network.bpdus];
  network.run(600);
  // The hosts get BPDUs too: the switch does not know that they are hosts.
  expect(network.bpdus - before).toBe(150 * 20 * 3);
  expect(network.changes.slice(changes)).toEqual([]);
});

function build(count: number, links: Links): FstpNetwork {
  const network = new FstpNetwork(new Array<number>(count).fill(0x8000));
  for (const [a = 0, b = 0] of links) network.link(a, b);
  return network;
}

function wire(): Links {
  return [[0, 1]];
}

function ring(count: number): Links {
  return Array.from({ length: count }, (_, i) => [i, (i + 1) % count]);
}

function mesh(count: number): Links {
  return Array.from({ length: count }, (_, i) => Array.from({ length: i }, (__, j) => [j, i])).flat();
}

function grid(width: number, height: number): Links {
  const right = Array.from({ length: width * height }, (_, i) => [i, i + 1]).filter(([, b = 0]) => b % width !== 0);
  const down = Array.from({ length: width * (height - 1) }, (_, i) => [i, i + width]);
  return [...right, ...down];
}
