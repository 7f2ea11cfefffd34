import type { PortNumber } from '../switch/switch.ts';

/** The direction in which a frame passes a port, seen from the switch. */
export type Direction = 'in' | 'out';

/** Sees a frame at a port; it is borrowed for the call. */
export type FrameTap = (direction: Direction, port: PortNumber, frame: Uint8Array) => void;

/** The observers of a switch's frames: captures, mirrors, dumps. */
export class FrameTaps {
  readonly #taps = new Set<FrameTap>();
  /** True if there is an observer; without one, frames need not be shown. */
  active = false;

  /** Shows all frames to `tap` until that is disposed of. */
  add(tap: FrameTap): Disposable {
    this.#taps.add(tap);
    this.active = true;
    return {
      [Symbol.dispose]: () => {
        this.#taps.delete(tap);
        this.active = this.#taps.size > 0;
      },
    };
  }

  readonly show: FrameTap = (direction, port, frame) => {
    for (const tap of this.#taps) tap(direction, port, frame);
  };
}
