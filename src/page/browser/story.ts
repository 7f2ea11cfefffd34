import { Causes } from '../causes.ts';
import { Decoder, type Decode } from '../decode.ts';
import type { RunView, ViewFrame } from '../run-view.ts';

/** The selected frame, its causes and its consequences, each as a place in the view. */
export interface Focus {
  readonly place: number;
  readonly chain: readonly number[];
  readonly consequences: readonly number[];
}

/** A view, with the queries that the parts of the page need. */
export class Story {
  readonly view: RunView;
  readonly causes: Causes;
  readonly #decoder: Decoder;

  constructor(view: RunView) {
    this.view = view;
    this.causes = new Causes(view.frames);
    this.#decoder = new Decoder(view.nodes);
  }

  /** Returns the frame at a place. */
  frame(place: number): ViewFrame {
    const frame = this.view.frames[place];
    if (!frame) throw new RangeError(`the view has no frame ${place}`);
    return frame;
  }

  /** Returns the decoded line of a frame. */
  decode(place: number): Decode {
    return this.#decoder.decode(this.frame(place).text);
  }

  /** Returns the frames to mark when a frame is selected. */
  focusOn(place: number): Focus {
    return { place, chain: this.causes.chainTo(place), consequences: this.causes.consequencesOf(place) };
  }

  /** Returns the name of a node. */
  nameOf(node: number): string {
    return this.view.nodes[node]?.name ?? '';
  }
}
