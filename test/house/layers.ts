/**
 * Places a graph in layers: each node above all that it points to, few lines crossing. The arrows to one node that pass through layers
 * share one line there, its *trunk*: so as many lines pass a layer as there are nodes below it that something above points to.
 */

/** A node, or a trunk where it passes a layer. */
export interface Item {
  readonly id: string;
  /** 0 is the lowest. */
  readonly layer: number;
  /** The node that is here; undefined if a trunk passes. */
  readonly node: string | undefined;
  /** Its middle. The least left edge is at 0. */
  x: number;
}

/** A piece of an arrow, or of several, from one layer to the next one below. */
export interface Piece {
  readonly from: Item;
  readonly to: Item;
  /** The arrows that it is a part of, by where they begin and end. */
  readonly arrows: readonly (readonly [from: string, to: string])[];
}

/** The room that a node and a trunk take in a layer, in the unit of `x`. */
export interface Widths {
  readonly node: number;
  readonly trunk: number;
}

/** From each node to those that it points to. */
export type Arrows = ReadonlyMap<string, ReadonlySet<string>>;

/** Returns the items of each layer, from left to right, and the pieces between them. Throws an Error if the arrows run in a circle. */
export function placeInLayers(arrows: Arrows, widths: Widths): { layers: Item[][]; pieces: Piece[] } {
  const { items, pieces } = cut(arrows);
  const layers: Item[][] = [];
  for (const item of items.values()) (layers[item.layer] ??= []).push(item);
  order(layers, pieces);
  place(layers, pieces, widths);
  return { layers, pieces };
}

/** Returns whether something that `from` points to leads to `to` on a longer way, so that the arrow between the two says nothing new. */
export function isImplied(arrows: Arrows, from: string, to: string): boolean {
  return [...(arrows.get(from) ?? [])].some((next) => next !== to && leads(arrows, next, to));
}

function leads(arrows: Arrows, from: string, to: string): boolean {
  return from === to || [...(arrows.get(from) ?? [])].some((next) => leads(arrows, next, to));
}

/** Returns the layer of each node: one above the highest that it points to. */
function layersOf(arrows: Arrows): Map<string, number> {
  const found = new Map<string, number>();
  const layerOf = (node: string, above: readonly string[]): number => {
    if (above.includes(node)) throw new Error(`a circle: ${[...above, node].join(' -> ')}`);
    const layer = found.get(node) ?? 1 + Math.max(-1, ...[...(arrows.get(node) ?? [])].map((next) => layerOf(next, [...above, node])));
    found.set(node, layer);
    return layer;
  };
  for (const node of [...arrows.keys()].sort()) layerOf(node, []);
  return found;
}

/** Cuts each arrow into pieces of one layer. */
function cut(arrows: Arrows): { items: Map<string, Item>; pieces: Piece[] } {
  const layers = layersOf(arrows);
  const items = new Map<string, Item>([...layers].map(([node, layer]) => [node, { id: node, layer, node, x: 0 }]));
  const pieces = new Map<string, { from: Item; to: Item; arrows: [string, string][] }>();
  const itemAt = (target: string, layer: number): Item => {
    const id = layer === layers.get(target) ? target : `${target}@${layer}`;
    const item = items.get(id) ?? { id, layer, node: undefined, x: 0 };
    items.set(id, item);
    return item;
  };
  for (const [node, targets] of arrows)
    for (const target of targets) {
      let from = items.get(node);
      for (let layer = (layers.get(node) ?? 0) - 1; from !== undefined && layer >= (layers.get(target) ?? 0); layer--) {
        const to = itemAt(target, layer);
        const piece = pieces.get(`${from.id} ${to.id}`) ?? { from, to, arrows: [] };
        piece.arrows.push([node, target]);
        pieces.set(`${from.id} ${to.id}`, piece);
        from = to;
      }
    }
  return { items, pieces: [...pieces.values()] };
}

/** Sorts each layer so that few pieces cross: by the places of its neighbours, up and down, then by swaps that help. */
function order(layers: Item[][], pieces: readonly Piece[]): void {
  let best = layers.map((layer) => [...layer]);
  for (let round = 0; round < 40; round++) {
    const upwards = round % 2 === 0;
    for (const layer of upwards ? layers : layers.toReversed()) {
      const place = indexOf(layers);
      const wanted = new Map(layer.map((item) => [item, mean(neighbours(item, pieces, upwards).map((other) => place(other)))]));
      layer.sort((a, b) => (wanted.get(a) ?? place(a)) - (wanted.get(b) ?? place(b)));
    }
    swap(layers, pieces);
    if (crossings(layers, pieces) < crossings(best, pieces)) best = layers.map((layer) => [...layer]);
  }
  layers.splice(0, layers.length, ...best);
}

/** Swaps items that stand side by side for as long as that makes fewer crossings. */
function swap(layers: Item[][], pieces: readonly Piece[]): void {
  let least = crossings(layers, pieces);
  for (let better = true; better;) {
    better = false;
    for (const layer of layers)
      for (let i = 0; i + 1 < layer.length; i++) {
        const pair = layer.slice(i, i + 2);
        layer.splice(i, 2, ...pair.toReversed());
        const count = crossings(layers, pieces);
        if (count < least) [least, better] = [count, true];
        else layer.splice(i, 2, ...pair);
      }
  }
}

function crossings(layers: readonly Item[][], pieces: readonly Piece[]): number {
  const place = indexOf(layers);
  const ends = pieces.map(({ from, to }) => ({ layer: from.layer, from: place(from), to: place(to) }));
  let count = 0;
  for (const [i, a] of ends.entries())
    for (const b of ends.slice(i + 1)) if (a.layer === b.layer && (a.from - b.from) * (a.to - b.to) < 0) count++;
  return count;
}

function indexOf(layers: readonly Item[][]): (item: Item) => number {
  const places = new Map(layers.flatMap((layer) => layer.map((item, place) => [item, place] as const)));
  return (item) => places.get(item) ?? 0;
}

/** Gives each item its x: near the middle of its neighbours, and a trunk as straight as can be. */
function place(layers: readonly Item[][], pieces: readonly Piece[], widths: Widths): void {
  for (const layer of layers) spread(layer, widths, () => 0);
  for (let round = 0; round < 400; round++)
    for (const layer of round % 2 === 0 ? layers : layers.toReversed()) spread(layer, widths, (item) => middle(item, pieces));
  const least = Math.min(...layers.flat().map((item) => item.x - widthOf(item, widths) / 2));
  for (const item of layers.flat()) item.x = Math.round(item.x - least);
}

function middle(item: Item, pieces: readonly Piece[]): number | undefined {
  const all = [...neighbours(item, pieces, true), ...neighbours(item, pieces, false)];
  const straight = all.filter((other) => item.node === undefined && other.node === undefined);
  return mean([...all, ...Array.from({ length: 4 }, () => straight).flat()].map((other) => other.x));
}

/** Puts the items of a layer as near as can be to where they are wanted, in their order, none over another: neighbours that collide move as one. */
function spread(layer: readonly Item[], widths: Widths, wanted: (item: Item) => number | undefined): void {
  const blocks: { items: Item[]; sum: number; width: number }[] = [];
  const leftOf = (block: { items: Item[]; sum: number }): number => block.sum / block.items.length;
  for (const item of layer) {
    const width = widthOf(item, widths);
    let block = { items: [item], sum: (wanted(item) ?? item.x) - width / 2, width };
    for (let last = blocks.at(-1); last !== undefined && leftOf(last) + last.width > leftOf(block); last = blocks.at(-1)) {
      blocks.pop();
      // The wishes of the later items are counted from the left edge of the joined block.
      const sum = last.sum + block.sum - last.width * block.items.length;
      block = { items: [...last.items, ...block.items], sum, width: last.width + block.width };
    }
    blocks.push(block);
  }
  for (const block of blocks) {
    let left = leftOf(block);
    for (const item of block.items) {
      item.x = left + widthOf(item, widths) / 2;
      left += widthOf(item, widths);
    }
  }
}

function neighbours(item: Item, pieces: readonly Piece[], below: boolean): Item[] {
  return below
    ? pieces.filter(({ from }) => from === item).map(({ to }) => to)
    : pieces.filter(({ to }) => to === item).map(({ from }) => from);
}

function widthOf(item: Item, widths: Widths): number {
  return item.node === undefined ? widths.trunk : widths.node;
}

function mean(numbers: readonly number[]): number | undefined {
  return numbers.length === 0 ? undefined : numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
