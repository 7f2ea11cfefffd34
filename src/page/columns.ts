import { isChosen, type Choice } from './rows.ts';
import type { RunView } from './run-view.ts';

/** Bounds of a column's width, in pixels: a longer name makes all of them wider, up to a limit. */
const [narrowest, widest, widestForName] = [56, 168, 112];
/** The approximate width of a character of a name, and of the space around the name, in pixels. */
const [character, around] = [8, 28];

/** The positions of the shown nodes' columns. */
export class Columns {
  /** The places of those nodes, from left to right. */
  readonly shown: readonly number[];
  /** The width of each column, in pixels. */
  readonly width: number;
  readonly #spots: ReadonlyMap<number, number>;

  /** `room` is the width that all of them may take without scrolling, in pixels. */
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

  /** Returns the ends of an arrow. An end at a node that is not shown lies beside the other one, on the side where that node would be. */
  arrow(from: number, to: number): readonly [number, number] {
    const [start, end] = [this.at(from), this.at(to)];
    const stub = Math.min(this.width / 2, 40) * (from <= to ? 1 : -1);
    return [start ?? (end ?? 0) - stub, end ?? (start ?? 0) + stub];
  }
}
