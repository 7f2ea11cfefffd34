import { minFrame } from '../../wire/ethernet.ts';
import { maxFrame, type PortCounters, type Receiver } from './port.ts';

/**
 * The receiving half of a driver: takes each frame from the medium. It drops and counts frames that are too short or too long, and counts
 * and delivers the rest.
 */
export class Intake {
  /** Receives the frames. Undefined until the port is attached: then no frame may be taken. */
  receiver: Receiver | undefined;
  readonly #counters: PortCounters;
  readonly #longest: number;

  /** `longest` is the longest frame that is delivered, in octets. */
  constructor(counters: PortCounters, longest = maxFrame) {
    this.#counters = counters;
    this.#longest = longest;
  }

  /** Takes one frame, borrowed until the breath ends. Undefined stands for a frame that was too long to be received whole. */
  take(frame: Uint8Array | undefined): void {
    if (frame === undefined || frame.length > this.#longest) this.#counters.drops.oversize++;
    else if (frame.length < minFrame) this.#counters.drops.runt++;
    else {
      this.#counters.receivedFrames++;
      this.#counters.receivedOctets += frame.length;
      this.receiver?.receive(frame);
    }
  }
}
