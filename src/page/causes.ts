import type { ViewFrame } from './run-view.ts';

/** The cause of each frame. Frames are named by their places in the view. */
export class Causes {
  readonly #frames: readonly ViewFrame[];
  readonly #places: ReadonlyMap<number, number>;
  readonly #effects = new Map<number, number[]>();

  constructor(frames: readonly ViewFrame[]) {
    this.#frames = frames;
    this.#places = new Map(frames.map(({ number }, place) => [number, place]));
    frames.forEach((_, place) => {
      const cause = this.causeOf(place);
      if (cause === undefined) return;
      const effects = this.#effects.get(cause);
      if (effects) effects.push(place);
      else this.#effects.set(cause, [place]);
    });
  }

  /** Returns the place of the frame with the given number in the run; undefined if it is not in the view. */
  placeOf(number: number): number | undefined {
    return this.#places.get(number);
  }

  /** Returns the cause of a frame; undefined if it has none, or the cause is not in the view. */
  causeOf(place: number): number | undefined {
    const cause = this.#frames[place]?.cause;
    return cause === undefined ? undefined : this.placeOf(cause);
  }

  /** Returns the chain of causes of a frame, from the first cause to the frame itself. A longer chain is cut to its last `most` frames. */
  chainTo(place: number, most = 1000): number[] {
    const chain: number[] = [];
    for (let at: number | undefined = place; at !== undefined && chain.length < most; at = this.causeOf(at)) chain.push(at);
    return chain.reverse();
  }

  /** Returns the frames that a frame caused directly. */
  effectsOf(place: number): readonly number[] {
    return this.#effects.get(place) ?? [];
  }

  /** Returns all consequences of a frame, direct and indirect, in the order of sending; at most the first `most`. */
  consequencesOf(place: number, most = 500): number[] {
    const found: number[] = [];
    const next = [...this.effectsOf(place)];
    for (let at = next.shift(); at !== undefined && found.length < most; at = next.shift()) {
      found.push(at);
      next.push(...this.effectsOf(at));
    }
    return found.sort((a, b) => a - b);
  }
}
