import { isChosen, type Choice } from './rows.ts';
import type { RunView } from './run-view.ts';

/** The bounds of a column's width, in pixels. Long names widen all columns, up to the last bound. */
const [narrowest, widest, widestForName] = [56, 168, 112];
/** The approximate width of a character of a name, and of the space around the name, in pixels. */
const [character, around] = [8, 28];

/** The positions of the shown nodes' columns. */
export class Columns {
  /** The places of the shown nodes, from left to right. */
  readonly shown: readonly number[];
  /** The width of each column, in pixels. */
  readonly width: number;
  readonly #spots: ReadonlyMap<number, number>;

  /** `room` is the width available to all columns without scrolling, in pixels. */
  constructor({ nodes }: RunView, choice: Choice, room: number) {
    this.shown = nodes.flatMap((_, place) => (isChosen(choice, place) ? [place] : []));
    const longest = Math.max(0, ...this.shown.map((place) => nodes[place]?.name.length ?? 0));
    const least = Math.max(narrowest, Math.min(widestForName, longest * character + around));
    this.width = Math.min(widest, Math.max(least, Math.floor(room / Math.max(1, this.shown.length))));
    this.#spots = new Map(this.shown.map((place, spot) => [place, spot]));
  }

  /** The width of all columns together. */
  get total(): number {
    return this.shown.length * this.width;
  }

  /** Returns the position of a node's line; undefined if it is not shown. */
  at(place: number): number | undefined {
    const spot = this.#spots.get(place);
    return spot === undefined ? undefined : (spot + 0.5) * this.width;
  }

  /**
   * Returns the ends of an arrow. If the node at one end is not shown, that end lies beside the other, on the side where the hidden node
   * would be.
   */
  arrow(from: number, to: number): readonly [number, number] {
    const [start, end] = [this.at(from), this.at(to)];
    const stub = Math.min(this.width / 2, 40) * (from <= to ? 1 : -1);
    return [start ?? (end ?? 0) - stub, end ?? (start ?? 0) + stub];
  }
}
