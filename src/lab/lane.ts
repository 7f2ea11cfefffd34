import type { Breath } from '../ports/pure/port.ts';
import type { Fabric } from './fabric.ts';
import { Happening } from './agenda.ts';
import { onGrid } from './span.ts';
import { uncaused, type Fate, type TracedLane } from './trace.ts';

/** The end to which a lane leads. */
export interface LaneEnd {
  /** Runs the arrivals of one instant as one breath. */
  readonly breath: Breath;
  readonly receive: (frame: Uint8Array) => void;
}

/** The most frames that a lane holds; further ones are lost. A power of two. */
const maxFlying = 16_384;
/** The initial room; a power of two. */
const initialRoom = 16;

/**
 * One direction of a link: frames come out in the order in which they entered, `latency` later. It keeps the frames, and does not write to
 * them.
 */
export class Lane extends Happening implements TracedLane {
  /** In milliseconds. A change applies to frames that enter later, and never lets them overtake others. */
  latency: number;
  readonly source: string;
  readonly target: string;
  readonly #fabric: Fabric;
  readonly #target: LaneEnd;
  // Rings: millions of frames may be in transit at once, and an object for each would cost more than all the rest.
  #frames: (Uint8Array | undefined)[] = [];
  /** The hop number and the arrival time of each. */
  #marks = new Float64Array(0);
  /** The total numbers of frames that entered, and of those that came out or were lost. Modulo the size of the rings, they are places in these. */
  #entered = 0;
  #landed = 0;
  #lastDue = 0;
  /** The number of frames that had entered when the breath began. */
  #end = 0;

  constructor({ source, target, latency }: TracedLane & { readonly latency: number }, fabric: Fabric, end: LaneEnd) {
    super();
    this.source = source;
    this.target = target;
    this.latency = latency;
    this.#fabric = fabric;
    this.#target = end;
  }

  /** The number of frames in transit. */
  get flying(): number {
    return this.#entered - this.#landed;
  }

  /** Takes a frame, which is hop number `hop`. */
  enter(frame: Uint8Array, hop: number): void {
    const fabric = this.#fabric;
    if (this.flying >= maxFlying) {
      fabric.trace.ended(hop, 'lost: too many frames are on the link');
      return;
    }
    if (this.flying === this.#frames.length) this.#grow();
    this.#lastDue = Math.max(this.#lastDue, onGrid(fabric.timeline.now + this.latency));
    const at = this.#entered++ & (this.#frames.length - 1);
    this.#frames[at] = frame;
    this.#marks[2 * at] = hop;
    this.#marks[2 * at + 1] = this.#lastDue;
    if (this.place < 0) fabric.timeline.schedule(this, this.#lastDue);
    fabric.depart();
  }

  /** Drops all frames in transit. */
  clear(fate: Fate): void {
    const { trace } = this.#fabric;
    this.#fabric.flying -= this.flying;
    while (this.flying > 0) {
      const at = this.#first;
      this.#frames[at] = undefined;
      this.#landed++;
      trace.ended(this.#marks[2 * at] ?? uncaused, fate);
    }
    this.#fabric.timeline.cancel(this);
  }

  happen(): void {
    // An immediate answer, if latency is zero, waits for its turn.
    this.#end = this.#entered;
    try {
      this.#target.breath(this.#land);
    } finally {
      this.#fabric.trace.current = uncaused;
      if (this.flying > 0 && this.place < 0) this.#fabric.timeline.schedule(this, this.#marks[2 * this.#first + 1] ?? 0);
    }
  }

  /** The place of the first frame in transit. */
  get #first(): number {
    return this.#landed & (this.#frames.length - 1);
  }

  // Made once, and not for each breath.
  readonly #land = (): void => {
    const fabric = this.#fabric;
    const { trace } = fabric;
    const { now } = fabric.timeline;
    while (this.#landed < this.#end) {
      const at = this.#first;
      const frame = this.#frames[at];
      const hop = this.#marks[2 * at] ?? uncaused;
      if (frame === undefined || (this.#marks[2 * at + 1] ?? 0) > now) return;
      this.#frames[at] = undefined;
      this.#landed++;
      fabric.flying--;
      trace.arrived(hop);
      trace.current = hop;
      this.#target.receive(frame);
    }
  };

  #grow(): void {
    const [frames, marks] = [this.#frames, this.#marks];
    const room = frames.length * 2 || initialRoom;
    [this.#frames, this.#marks] = [new Array<Uint8Array | undefined>(room), new Float64Array(2 * room)];
    for (let place = this.#landed; place < this.#entered; place++) {
      const [from, to] = [place & (frames.length - 1), place & (room - 1)];
      this.#frames[to] = frames[from];
      this.#marks.set(marks.subarray(2 * from, 2 * from + 2), 2 * to);
    }
  }
}
