import { Feed } from '../../feed.ts';
import type { Direction, FrameTaps } from '../../plane/frame-taps.ts';
import type { PortNumber } from '../../switch/switch.ts';

/** A frame at a port. Its octets are borrowed for the call. */
export interface ReportedFrame {
  readonly direction: Direction;
  readonly port: PortNumber;
  readonly frame: Uint8Array;
}

/** The reports of frames that enter or leave a switch, while they are switched on. */
export class FrameReports implements Disposable {
  readonly frames = new Feed<ReportedFrame>();
  readonly #taps: FrameTaps;
  #tap: Disposable | undefined;

  constructor(taps: FrameTaps) {
    this.#taps = taps;
  }

  /** Starts the reports. */
  start(): void {
    this.#tap ??= this.#taps.add((direction, port, frame) => {
      if (this.frames.wanted) this.frames.emit({ direction, port, frame });
    });
  }

  /** Ends the reports. */
  stop(): void {
    this.#tap?.[Symbol.dispose]();
    this.#tap = undefined;
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}
