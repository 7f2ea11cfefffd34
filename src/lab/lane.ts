import type { Breath } from '../ports/port.ts';
import type { Fabric } from './fabric.ts';
import { Happening } from './timeline.ts';
import { uncaused, type Fate, type TracedLane } from './trace.ts';

/** Where a lane leads. */
export interface LaneEnd {
  /** What comes out comes in one breath for each instant. */
  readonly breath: Breath;
  readonly receive: (frame: Uint8Array) => void;
}

/** Frames that a lane holds at most; what is more is lost. */
const maxFlying = 16_384;
/** So many that came out may still be in the queue: to take one from the front costs as much as the queue is long. */
const maxLanded = 256;

/** One way of a link: what enters comes out in the same order, `latency` later. It keeps the frames that it is given, and writes to none. */
export class Lane extends Happening implements TracedLane {
  /** In milliseconds. A change holds for what enters from then on, and overtakes nothing. */
  latency: number;
  readonly source: string;
  readonly target: string;
  readonly #fabric: Fabric;
  readonly #end: LaneEnd;
  // One list for each: millions of frames may be under way at once, and an object for each would cost more than all the rest.
  readonly #frames: Uint8Array[] = [];
  readonly #hops: number[] = [];
  readonly #dues: number[] = [];
  /** How many of those came out. */
  #landed = 0;
  #lastDue = 0;

  constructor({ source, target, latency }: TracedLane & { readonly latency: number }, fabric: Fabric, end: LaneEnd) {
    super();
    this.source = source;
    this.target = target;
    this.latency = latency;
    this.#fabric = fabric;
    this.#end = end;
  }

  /** How many frames are under way. */
  get flying(): number {
    return this.#frames.length - this.#landed;
  }

  /** Takes a frame, which is hop number `hop`. */
  enter(frame: Uint8Array, hop: number): void {
    const fabric = this.#fabric;
    if (this.flying >= maxFlying) {
      fabric.trace.ended(hop, 'lost: too many frames are on the link');
      return;
    }
    this.#lastDue = Math.max(this.#lastDue, fabric.timeline.now + this.latency);
    this.#frames.push(frame);
    this.#hops.push(hop);
    this.#dues.push(this.#lastDue);
    if (this.place < 0) fabric.timeline.schedule(this, this.#lastDue);
    fabric.depart();
  }

  /** Loses all that is under way. */
  clear(fate: Fate): void {
    for (const hop of this.#hops.slice(this.#landed)) this.#fabric.trace.ended(hop, fate);
    this.#fabric.flying -= this.flying;
    this.#forget(this.#frames.length);
    this.#fabric.timeline.cancel(this);
  }

  happen(): void {
    // What comes back at once, where nothing takes time, waits for its turn.
    const end = this.#frames.length;
    try {
      this.#end.breath(() => this.#land(end));
    } finally {
      this.#fabric.trace.current = uncaused;
      this.#goOn();
    }
  }

  #land(end: number): void {
    const fabric = this.#fabric;
    const { trace } = fabric;
    const { now } = fabric.timeline;
    while (this.#landed < Math.min(end, this.#frames.length)) {
      const at = this.#landed;
      const [frame, hop, due] = [this.#frames[at], this.#hops[at], this.#dues[at]];
      if (frame === undefined || hop === undefined || due === undefined || due > now) return;
      this.#landed++;
      fabric.flying--;
      trace.arrived(hop);
      trace.current = hop;
      this.#end.receive(frame);
    }
  }

  #goOn(): void {
    const next = this.#dues[this.#landed];
    if (next === undefined || this.#landed > maxLanded) this.#forget(this.#landed);
    if (next !== undefined && this.place < 0) this.#fabric.timeline.schedule(this, next);
  }

  /** The first ones, which are all that came out, or are lost. */
  #forget(count: number): void {
    for (const list of [this.#frames, this.#hops, this.#dues]) list.splice(0, count);
    this.#landed = 0;
  }
}
