import type { Columns } from '../columns.ts';
import type { Row } from '../rows.ts';
import { rowHeight } from './arrow.ts';
import { shape } from './elements.ts';
import type { Focus, Story } from './story.ts';

/** The range of rows that are drawn, by index in the list; `last` is exclusive. */
export interface Window {
  readonly first: number;
  readonly last: number;
}

/** Draws the path of causes behind the arrows. It goes along each arrow, and down the line of the node where one frame caused the next. */
export class Marks {
  readonly #story: Story;
  readonly #columns: Columns;
  /** The row of each shown frame, by its place in the view. */
  readonly #rows: ReadonlyMap<number, number>;

  constructor(story: Story, columns: Columns, rows: readonly Row[]) {
    this.#story = story;
    this.#columns = columns;
    this.#rows = new Map(rows.flatMap((row, at) => (row.kind === 'frame' ? [[row.place, at] as const] : [])));
  }

  /** Returns the row of a frame; undefined if it is not shown. */
  rowOf(place: number): number | undefined {
    return this.#rows.get(place);
  }

  /** Draws the part of the focus that lies within the window. */
  draw({ place, chain, consequences }: Focus, window: Window): SVGElement[] {
    const after = consequences.flatMap((one) => this.#step(one, window, 'consequence'));
    const before = chain.flatMap((one) => this.#step(one, window, one === place ? 'cause last' : 'cause'));
    return [...after, ...before];
  }

  /** Returns the marks of a frame, and of the path from its cause. */
  #step(place: number, { first, last }: Window, name: string): SVGElement[] {
    const row = this.#rows.get(place);
    if (row === undefined) return [];
    const { from, to } = this.#story.frame(place);
    const [start, end] = this.#columns.arrow(from, to);
    const y = middle(row - first);
    const cause = this.#story.causes.causeOf(place);
    const above = cause === undefined ? undefined : this.#rows.get(cause);
    const parts: SVGElement[] = [];
    if (row >= first && row < last) parts.push(shape('path', { class: name, d: `M${start} ${y}H${end}` }));
    const isShown = this.#columns.at(from) !== undefined;
    if (isShown && above !== undefined && above < last && row >= first) {
      const [top, bottom] = [Math.max(above, first - 2), Math.min(row, last + 2)];
      parts.push(shape('path', { class: name, d: `M${start} ${middle(top - first)}V${middle(bottom - first)}` }));
    }
    return parts;
  }
}

function middle(row: number): number {
  return (row + 0.5) * rowHeight;
}
