/** Draws the house: rooms as boxes, each above those that it imports, and an arrow to each of these. */
import type { House, Room } from './house.ts';
import { isImplied, placeInLayers, type Arrows, type Item, type Piece } from './layers.ts';

const box = { width: 172, height: 46 };
const widths = { node: box.width + 22, trunk: 16 };
const margin = 20;
/** From the top of a layer to the next one. */
const step = 108;
/** Below the lowest rooms: the foundations and the legend. */
const foot = 96;

/** Returns the picture as SVG, in colours for light and for dark. */
export function drawHouse({ rooms, foundations }: House): string {
  const arrows: Arrows = new Map(Array.from(rooms.values(), ({ name, imports }) => [name, imports]));
  const { layers, pieces } = placeInLayers(arrows, widths);
  const width = Math.max(...layers.flat().map(({ x }) => x)) + widths.node / 2 + 2 * margin;
  const bottom = margin + layers.length * step - (step - box.height);
  const topOf = (layer: number): number => margin + (layers.length - 1 - layer) * step;
  const strong = (piece: Piece): boolean => piece.arrows.some(([from, to]) => !isImplied(arrows, from, to));
  // A strong line lies over a weak one.
  const lines = pieces.toSorted((a, b) => Number(strong(a)) - Number(strong(b))).map((piece) => drawPiece(piece, strong(piece), topOf));
  const passes = layers.flat().filter(({ node }) => node === undefined);
  const trunks = passes.map((item) =>
    drawTrunk(
      item,
      pieces.some((piece) => piece.to === item && strong(piece)),
      topOf,
    ),
  );
  const boxes = layers.flat().flatMap(({ node, layer, x }) => drawRoom(rooms.get(node ?? ''), margin + x, topOf(layer)));
  const height = bottom + foot;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    '<title>The rooms of src/, and which of them imports which</title>',
    style,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    ...trunks,
    ...lines,
    ...boxes,
    ...drawFoot(foundations, width, bottom),
    '</svg>\n',
  ].join('\n');
}

const style = `<style>
svg { --paper: #fff; --ink: #24292f; --soft: #57606a; --box: #f6f8fa; --pure: #dff0e6; --edge: #8c959f; --line: #6e7781; }
@media (prefers-color-scheme: dark) {
  svg { --paper: #0d1117; --ink: #e6edf3; --soft: #9ba3ad; --box: #1c2128; --pure: #16372a; --edge: #6e7681; --line: #8b949e; }
}
text { font: 600 13px system-ui, sans-serif; fill: var(--ink); text-anchor: middle; }
.soft { font-weight: 400; font-size: 11px; fill: var(--soft); }
.left { text-anchor: start; }
.paper { fill: var(--paper); }
.room { fill: var(--box); stroke: var(--edge); }
.pure { fill: var(--pure); }
.line { fill: none; stroke: var(--line); stroke-width: 1.6; }
.implied { stroke-width: 0.8; stroke-opacity: 0.75; }
.head { fill: var(--line); }
</style>`;

/** Draws a line from the bottom of one layer to the top of the next, with a head where it meets a room. */
function drawPiece({ from, to }: Piece, strong: boolean, topOf: (layer: number) => number): string {
  const [x1, y1] = [margin + from.x, topOf(from.layer) + box.height];
  const [x2, y2] = [margin + to.x, topOf(to.layer) - (to.node === undefined ? 0 : 6)];
  const half = (y1 + y2) / 2;
  const line = `<path class="${lineClass(strong)}" d="M${x1} ${y1}C${x1} ${half} ${x2} ${half} ${x2} ${y2}"/>`;
  return to.node === undefined ? line : `${line}\n<path class="head" d="M${x2 - 4} ${y2 - 2}h8l-4 8z"/>`;
}

/** Draws a trunk where it passes between the rooms of a layer. */
function drawTrunk({ x, layer }: Item, strong: boolean, topOf: (layer: number) => number): string {
  return `<path class="${lineClass(strong)}" d="M${margin + x} ${topOf(layer)}v${box.height}"/>`;
}

function lineClass(strong: boolean): string {
  return strong ? 'line' : 'line implied';
}

function drawRoom(room: Room | undefined, x: number, top: number): string[] {
  if (room === undefined) return [];
  return [
    `<rect class="room${room.pure ? ' pure' : ''}" x="${x - box.width / 2}" y="${top}" width="${box.width}" height="${box.height}" rx="6"/>`,
    `<text x="${x}" y="${top + 20}">${room.name}</text>`,
    `<text class="soft" x="${x}" y="${top + 36}">${room.files} files, ${roughly(room.lines)} lines</text>`,
  ];
}

/** Returns a count to the nearest hundred, above 1,000 to the nearest 500: so not every change of a file changes the picture. */
function roughly(lines: number): string {
  const unit = lines < 1000 ? 100 : 500;
  return (Math.max(1, Math.round(lines / unit)) * unit).toLocaleString('en');
}

function drawFoot(foundations: readonly string[], width: number, bottom: number): string[] {
  const [top, legend] = [bottom + 24, bottom + 78];
  return [
    `<rect class="room pure" x="${margin}" y="${top}" width="${width - 2 * margin}" height="32" rx="6"/>`,
    `<text x="${width / 2}" y="${top + 20}">${foundations.join('  ·  ')}<tspan class="soft">  —  for all rooms, without arrows</tspan></text>`,
    `<rect class="room pure" x="${margin}" y="${legend - 10}" width="18" height="12" rx="3"/>`,
    `<text class="soft left" x="${margin + 25}" y="${legend}">pure: no I/O, no Node</text>`,
    `<path class="line" d="M${margin + 170} ${legend - 4}h24"/><text class="soft left" x="${margin + 200}" y="${legend}">imports</text>`,
    `<path class="line implied" d="M${margin + 262} ${legend - 4}h24"/>`,
    `<text class="soft left" x="${margin + 292}" y="${legend}">imports directly what it also reaches through another room</text>`,
  ];
}
