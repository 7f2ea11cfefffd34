import { isChosen, type Choice } from './rows.ts';
import type { RunView } from './run-view.ts';

/** Bounds of a column, in pixels: a longer name makes all of them wider, up to a point. */
const [narrowest, widest, widestForName] = [56, 168, 112];
/** The width of a character of a name, and of what is around the name, in pixels; about. */
const [character, around] = [8, 28];

/** Where the columns of the nodes are that are shown. */
export class Columns {
  /** The places of those nodes, from left to right. */
  readonly shown: readonly number[];
  /** Of each, in pixels. */
  readonly width: number;
  readonly #spots: ReadonlyMap<number, number>;

  /** `room` is what all of them may take without scrolling, in pixels. */
  constructor({ nodes }: RunView, choice: Choice, room: number) {
    this.shown = nodes.flatMap((_, place) => (isChosen(choice, place) ? [place] : []));
    const longest = Math.max(0, ...this.shown.map((place) => nodes[place]?.name.length ?? 0));
    const least = Math.max(narrowest, Math.min(widestForName, longest * character + around));
    this.width = Math.min(widest, Math.max(least, Math.floor(room / Math.max(1, this.shown.length))));
    this.#spots = new Map(this.shown.map((place, spot) => [place, spot]));
  }

  /** Of all together. */
  get total(): number {
    return this.shown.length * this.width;
  }

  /** Where the line of a node is; undefined when it is not shown. */
  at(place: number): number | undefined {
    const spot = this.#spots.get(place);
    return spot === undefined ? undefined : (spot + 0.5) * this.width;
  }

  /** From where to where an arrow goes. Of an end that is not shown, it begins or ends beside the other, on the side where that would be. */
  arrow(from: number, to: number): readonly [number, number] {
    const [start, end] = [this.at(from), this.at(to)];
    const stub = Math.min(this.width / 2, 40) * (from <= to ? 1 : -1);
    return [start ?? (end ?? 0) - stub, end ?? (start ?? 0) + stub];
  }
}
