import { expect, test } from 'vitest';
import { FstpNetwork } from './fstp-network.ts';

const even = (count: number): number[] => new Array<number>(count).fill(0x8000);

test.each([
  [
    'two wires',
    2,
    [
      [0, 1],
      [0, 1],
    ],
  ],
  [
    'three wires',
    2,
    [
      [0, 1],
      [0, 1],
      [0, 1],
    ],
  ],
  [
    'a triangle',
    3,
    [
      [0, 1],
      [1, 2],
      [2, 0],
    ],
  ],
  ['a ring of five', 5, ring(5)],
  ['a ring of twenty', 20, ring(20)],
  ['a mesh of six', 6, mesh(6)],
  ['a chain of forty-one', 41, ring(41).slice(0, 40)],
] as const)('%s becomes a tree that reaches everybody', (_, count, links) => {
  const network = build(count, links);
  network.run(5);
  network.expectTree();
  expect(new Set(network.roots())).toEqual(new Set([0]));
});

function build(count: number, links: readonly (readonly [number, number] | readonly number[])[]): FstpNetwork {
  const network = new FstpNetwork(even(count));
  for (const [a = 0, b = 0] of links) network.link(a, b);
  return network;
}

function ring(count: number): number[][] {
  return Array.from({ length: count }, (_, i) => [i, (i + 1) % count]);
}

function mesh(count: number): number[][] {
  return Array.from({ length: count }, (_, i) => Array.from({ length: i }, (__, j) => [j, i])).flat();
}
