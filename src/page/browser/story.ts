import { Causes } from '../causes.ts';
import { Decoder, type Decode } from '../decode.ts';
import type { RunView, ViewFrame } from '../run-view.ts';

/** The frame that is looked at, how it came about, and what came of it: places in the view. */
export interface Focus {
  readonly place: number;
  readonly chain: readonly number[];
  readonly consequences: readonly number[];
}

/** A view, with what the parts of the page ask about it. */
export class Story {
  readonly view: RunView;
  readonly causes: Causes;
  readonly #decoder: Decoder;

  constructor(view: RunView) {
    this.view = view;
    this.causes = new Causes(view.frames);
    this.#decoder = new Decoder(view.nodes);
  }

  /** The frame of that place. */
  frame(place: number): ViewFrame {
    const frame = this.view.frames[place];
    if (!frame) throw new RangeError(`the view has no frame ${place}`);
    return frame;
  }

  /** Its line, taken apart. */
  decode(place: number): Decode {
    return this.#decoder.decode(this.frame(place).text);
  }

  /** What is marked when that frame is looked at. */
  focusOn(place: number): Focus {
    return { place, chain: this.causes.chainTo(place), consequences: this.causes.consequencesOf(place) };
  }

  /** The name of a node. */
  nameOf(node: number): string {
    return this.view.nodes[node]?.name ?? '';
  }
}
