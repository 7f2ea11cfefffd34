import type { ViewFrame } from './run-view.ts';

/** The cause of each frame, by their places in the view. */
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

  /** Returns the place of the frame with that number; undefined if it is not in the view. */
  placeOf(number: number): number | undefined {
    return this.#places.get(number);
  }

  /** Returns the frame that caused it; undefined if there is none, or it is not in the view. */
  causeOf(place: number): number | undefined {
    const cause = this.#frames[place]?.cause;
    return cause === undefined ? undefined : this.placeOf(cause);
  }

  /** Returns the frames that led to it, the first one first, itself last; of a longer chain the last `most` ones. */
  chainTo(place: number, most = 1000): number[] {
    const chain: number[] = [];
    for (let at: number | undefined = place; at !== undefined && chain.length < most; at = this.causeOf(at)) chain.push(at);
    return chain.reverse();
  }

  /** Returns the frames that it caused directly. */
  effectsOf(place: number): readonly number[] {
    return this.#effects.get(place) ?? [];
  }

  /** Returns all its consequences, in the order of sending; at most the first `most` ones. */
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
