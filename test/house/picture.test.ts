import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readHouse, root } from './house.ts';
import { isImplied, placeInLayers, type Arrows } from './layers.ts';
import { drawHouse } from './picture.ts';

const house = readHouse();
const drawn = drawHouse(house);

/** Returns the boxes of a picture's rooms. */
function boxes(svg: string): { x: number; y: number; width: number; height: number }[] {
  return Array.from(svg.matchAll(/<rect class="room.*?" x="(.+?)" y="(.+?)" width="(.+?)" height="(.+?)" rx="6"/g), (found) => {
    const [x = 0, y = 0, width = 0, height = 0] = found.slice(1).map(Number);
    return { x, y, width, height };
  });
}

function arrows(text: string): Arrows {
  return new Map(text.split(', ').map((line) => [line.split(' > ')[0] ?? '', new Set(line.split(' > ')[1]?.split(' '))]));
}

describe('the picture of the rooms', () => {
  it('is in docs/rooms.svg as it is (else: npm run rooms)', () => {
    expect(readFileSync(join(root, 'docs/rooms.svg'), 'utf8') === drawn, 'docs/rooms.svg is not of these sources; run: npm run rooms').toBe(
      true,
    );
  });

  it('has each room, and none over another', () => {
    const found = boxes(drawn);
    expect(found).toHaveLength(house.rooms.size + 1);
    for (const [i, a] of found.entries())
      for (const b of found.slice(i + 1))
        expect(Math.abs(a.x + a.width / 2 - b.x - b.width / 2) > (a.width + b.width) / 2 || Math.abs(a.y - b.y) > a.height).toBe(true);
  });
});

describe('layers', () => {
  const graph = arrows('top > left right low, left > low, right > low, low');
  const { layers, pieces } = placeInLayers(graph, { node: 100, trunk: 10 });

  it('have each node above those that it points to', () => {
    const nodes = layers.map((layer) => layer.flatMap(({ node }) => node ?? []).sort());
    expect(nodes).toEqual([['low'], ['left', 'right'], ['top']]);
  });

  it('lead each arrow from layer to layer', () => {
    const ofTop = pieces.filter((piece) => piece.arrows.some(([from, to]) => from === 'top' && to === 'low'));
    expect(ofTop.map(({ from, to }) => [from.id, to.id])).toEqual([
      ['top', 'low@1'],
      ['low@1', 'low'],
    ]);
  });

  it('keep what stands side by side apart', () => {
    const [a, b, c] = (layers[1] ?? []).map(({ x, node }) => ({ x, half: node === undefined ? 5 : 50 }));
    if (a === undefined || b === undefined || c === undefined) throw new Error('three items');
    expect([b.x - a.x >= a.half + b.half, c.x - b.x >= b.half + c.half]).toEqual([true, true]);
  });

  it('uncross what may stand either way', () => {
    const { layers } = placeInLayers(arrows('a > y, b > x, x, y'), { node: 100, trunk: 10 });
    const [low, high] = layers.map((layer) => layer.map(({ id }) => id).join(''));
    expect(['xy ba', 'yx ab']).toContain(`${low} ${high}`);
  });

  it('know an arrow that a longer way implies', () => {
    expect([isImplied(graph, 'top', 'low'), isImplied(graph, 'top', 'left')]).toEqual([true, false]);
  });

  it('refuse a circle, and name it', () => {
    expect(() => placeInLayers(arrows('a > b, b > a'), { node: 1, trunk: 1 })).toThrow('a circle: a -> b -> a');
  });
});
