import type { RunOutcome } from '../outcome.ts';
import { shape } from './elements.ts';

/** The height of a row, in pixels. */
export const rowHeight = 26;

/** Returns an arrow in the middle of a row, between two positions in pixels. Outcomes differ in shape as well as in colour. */
export function arrow(from: number, to: number, outcome: RunOutcome): SVGGElement {
  const forward = to >= from ? 1 : -1;
  const y = rowHeight / 2;
  const group = shape('g', { class: `arrow ${outcome}` }, shape('circle', { class: 'start', cx: from, cy: y, r: 2.5 }));
  if (outcome === 'lost') {
    const end = from + (to - from) * 0.62;
    group.append(line('shaft', from, end - forward * 5, y), line('missing', end + forward * 7, to, y), cross(end, y));
  } else if (outcome === 'dropped') {
    group.append(line('shaft', from, to - forward * 6, y), shape('circle', { class: 'sign', cx: to, cy: y, r: 5.5 }), cross(to, y, 2.6));
  } else if (outcome === 'taken') {
    group.append(line('shaft', from, to - forward * 11, y), head(to - forward * 3.5, y, forward), bar(to - forward * 2, y));
  } else {
    group.append(line('shaft', from, to - forward * 7, y), head(to, y, forward));
  }
  return group;
}

function line(name: string, from: number, to: number, y: number): SVGLineElement {
  return shape('line', { class: name, x1: from, y1: y, x2: to, y2: y });
}

function head(x: number, y: number, forward: number): SVGPathElement {
  return shape('path', { class: 'head', d: `M${x} ${y}l${-8 * forward} -4.2v8.4z` });
}

function bar(x: number, y: number): SVGPathElement {
  return shape('path', { class: 'bar', d: `M${x} ${y - 5}v10` });
}

function cross(x: number, y: number, size = 4): SVGPathElement {
  return shape('path', { class: 'cross', d: `M${x - size} ${y - size}l${2 * size} ${2 * size}m0 ${-2 * size}l${-2 * size} ${2 * size}` });
}
