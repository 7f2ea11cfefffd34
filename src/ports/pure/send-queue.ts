import { minFrame } from '../../wire/ethernet.ts';
import { Backlog, type BacklogBudget, type BacklogLimits } from './backlog.ts';
import { maxFrame, type PortCounters, type PortDrop } from './port.ts';

/** Frames that a sink refuses for good. */
export interface SendRefusal {
  readonly why: PortDrop;
  /** The number of refused frames, the first of those that were offered. At least one. */
  readonly frames: number;
}

/** Passes frames to the medium of a driver. */
export interface Sink {
  /** The octets that it has taken and the medium has not. While there are any, it takes no more frames. Default: 0. */
  readonly kept?: number;
  /**
   * Takes frames from index `from` on, before `to`, in order, as many as the medium has room for. They are borrowed until it returns.
   * @returns the number of frames taken, 0 if there is no room, or the refused ones.
   */
  send(frames: readonly Uint8Array[], from: number, to: number): number | SendRefusal;
  /** Passes on the octets that it has kept: there is room again. Only for a sink that keeps octets. */
  resume?(): void;
  /** Called when the frame that it refused last for want of room was dropped. Only for a sink that sends a frame in parts. */
  forget?(): void;
}

/** The environment of a send queue in its driver. */
export interface SendQueueOptions {
  readonly sink: Sink;
  /** Counts each frame: taken by the sink, or dropped for a reason. */
  readonly counters: PortCounters;
  readonly budget: BacklogBudget;
  /** The bounds of frames that wait for the other side to read. Default: those that the budget gives each port. */
  readonly limits?: BacklogLimits | undefined;
  /** The longest frame that is sent, in octets. Default: `maxFrame`. */
  readonly longest?: number;
  /** Called when frames begin to wait for room, and when none waits any more. Call `drain` when there is room. */
  readonly blocked?: (blocked: boolean) => void;
}

/** In the places of arrays that hold no frame. */
const none = new Uint8Array(0);

/**
 * The sending half of a driver: collects the frames of a breath, and passes them to the driver's sink at its end. Frames without room in
 * the medium are copied and kept. Kept frames leave first, so that order is preserved.
 */
export class SendQueue {
  /** The longest frame that is sent, in octets. */
  longest: number;
  readonly #sink: Sink;
  readonly #counters: PortCounters;
  readonly #backlog: Backlog;
  readonly #tellBlocked: ((blocked: boolean) => void) | undefined;
  /** The frames of this breath: the first `#added`. An array keeps its length, since an emptied one would be allocated anew in each breath. */
  #pending: Uint8Array[] = [];
  #added = 0;
  #addedOctets = 0;
  /** The array for the frames that are added during a flush. */
  #spare: Uint8Array[] | undefined;
  #toldBlocked = false;
  #open = true;

  constructor({ sink, counters, budget, limits, longest = maxFrame, blocked }: SendQueueOptions) {
    this.longest = longest;
    this.#sink = sink;
    this.#counters = counters;
    this.#tellBlocked = blocked;
    this.#backlog = new Backlog(budget, limits, (frames, why) => {
      counters.drops[why] += frames;
      // The oldest is the first; to make room, the last ones are dropped.
      if (why === 'backlog-age' || this.#backlog.count === 0) sink.forget?.();
    });
  }

  /** True if frames wait for room. */
  get blocked(): boolean {
    return this.#backlog.count > 0 || (this.#sink.kept ?? 0) > 0;
  }

  /** The number of frames in the backlog. */
  get count(): number {
    return this.#backlog.count;
  }

  /** The octets that wait for room. */
  get waiting(): number {
    return this.#backlog.octets + (this.#sink.kept ?? 0);
  }

  /** Takes a frame, borrowed until `flush`, or counts the reason for its drop. */
  add(frame: Uint8Array): void {
    if (frame.length > this.longest) this.#counters.drops.oversize++;
    else if (frame.length < minFrame) this.#counters.drops.runt++;
    else {
      this.#pending[this.#added++] = frame;
      this.#addedOctets += frame.length;
    }
  }

  /** Sends the frames added since the last flush, and keeps those without room. */
  flush(): void {
    const count = this.#added;
    if (count === 0) return;
    const frames = this.#pending;
    const octets = this.#addedOctets;
    this.#pending = this.#spare ?? [];
    this.#spare = undefined;
    this.#added = this.#addedOctets = 0;
    // Waiting frames leave first, so that frames do not overtake each other.
    const done = this.blocked ? 0 : this.#send(frames, count, octets);
    if (done < count) this.#keep(frames, done, count);
    for (let i = 0; i < count; i++) frames[i] = none;
    this.#spare = frames;
    this.settle();
  }

  /** Sends waiting frames: there is room again. */
  drain(): void {
    this.#sink.resume?.();
    while ((this.#sink.kept ?? 0) === 0) {
      const frames = this.#backlog.first();
      if (frames.length === 0) break;
      const done = this.#send(frames, frames.length);
      this.#backlog.shift(done);
      if (done < frames.length) break;
    }
    this.settle();
  }

  /** Drops the frames that the sink has not taken, and counts them. */
  drop(why: PortDrop): void {
    this.#counters.drops[why] += this.#backlog.clear() + this.#added;
    this.#clear();
    this.#sink.forget?.();
    this.settle();
  }

  /** Forgets all frames, uncounted, and takes no more. */
  [Symbol.dispose](): void {
    this.#open = false;
    this.#clear();
    this.#backlog.clear();
  }

  /** Sends from the first frame on, and returns the number of finished ones: taken, or refused and counted. */
  #send(frames: readonly Uint8Array[], count: number, octets?: number): number {
    let done = 0;
    while (done < count) {
      const result = this.#sink.send(frames, done, count);
      if (result === 0) break;
      if (typeof result === 'number') {
        this.#counters.sentFrames += result;
        this.#counters.sentOctets += result === count && octets !== undefined ? octets : octetsOf(frames, done, done + result);
        done += result;
      } else {
        this.#counters.drops[result.why] += result.frames;
        done += result.frames;
      }
    }
    return done;
  }

  /** Copies the frames from index `from` on into the backlog. The port may have ended while it sent the others. */
  #keep(frames: readonly Uint8Array[], from: number, to: number): void {
    if (!this.#open) return;
    for (const frame of frames.slice(from, to)) {
      const drop = this.#backlog.add(frame);
      if (drop === undefined) continue;
      this.#counters.drops[drop]++;
      if (this.#backlog.count === 0) this.#sink.forget?.();
    }
  }

  /** Calls `blocked` if frames wait now and did not before, or the reverse. For a driver that gives its sink octets of its own. */
  settle(): void {
    const { blocked } = this;
    if (blocked === this.#toldBlocked) return;
    this.#toldBlocked = blocked;
    this.#tellBlocked?.(blocked);
  }

  #clear(): void {
    this.#pending.fill(none, 0, this.#added);
    this.#added = this.#addedOctets = 0;
  }
}

function octetsOf(frames: readonly Uint8Array[], from: number, to: number): number {
  let octets = 0;
  for (let i = from; i < to; i++) octets += frames[i]?.length ?? 0;
  return octets;
}
