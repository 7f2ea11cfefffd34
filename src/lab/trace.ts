import { isForBridges } from '../wire/bpdu.ts';
import { formatTime } from './span.ts';

/** The fate of a frame on a link: why it did not come out, or was not used where it did. */
export type Fate = string;

/** One frame in one direction of one link. */
export interface Hop {
  /** Its number in the run, from 0. */
  readonly number: number;
  /** The time at which it was sent, in milliseconds. */
  readonly time: number;
  /** The lane that it took. */
  readonly lane: TracedLane;
  readonly frame: Uint8Array;
  /** The hop that caused its sending; undefined if there was none, or it is no longer known. */
  readonly cause: number | undefined;
  /** `under way`, `delivered`, or another fate. */
  readonly fate: Fate;
}

/** A lane, as a trace sees it. */
export interface TracedLane {
  /** The names of the sending and the receiving end: `s1.2`. */
  readonly source: string;
  readonly target: string;
}

/** The cause of a hop without a cause. */
export const uncaused = -1;

/**
 * The number of fields of a hop's record: its time, the number of its cause, and its state. They are kept together, since they fit into one line of
 * the processor's cache.
 */
const recordSize = 4;
const [timeAt, causeAt, stateAt] = [0, 1, 2] as const;

/** The state of a hop; `told` means that its fate is a text. */
const [underWay, delivered, told] = [0, 1, 2] as const;

/** The initial room, in hops. */
const firstRoom = 1024;

/** Returns the least power of two that holds that many. */
const roomFor = (capacity: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, capacity)));

/** The last frames of a run, once for each link that they crossed, with their causes. It holds a bounded number of them. */
export class Trace {
  /** The hop that is being received right now. */
  current = uncaused;
  /** The number of hops in all. */
  total = 0;
  readonly #capacity: number;
  /** The room is a power of two, so that a hop's place is a part of its number. It grows up to the capacity: most networks send little. */
  #mask: number;
  #records: Float64Array;
  readonly #lanes: TracedLane[] = [];
  readonly #frames: Uint8Array[] = [];
  /** Texts of fates; places of forgotten hops may still have one. */
  readonly #fates: Fate[] = [];
  #digest: Digest | undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
    const room = Math.min(firstRoom, roomFor(capacity));
    this.#mask = room - 1;
    this.#records = new Float64Array(room * recordSize);
  }

  /** Includes all hops in a digest from now on. */
  digestAll(): void {
    this.#digest ??= new Digest();
  }

  /** The digest of this run: 16 hexadecimal digits. Undefined unless `digestAll` was called. */
  get digest(): string | undefined {
    return this.#digest?.text;
  }

  /** Records a frame that leaves by a lane. Returns the hop's number. */
  sent(time: number, lane: TracedLane, frame: Uint8Array, cause: number): number {
    const number = this.total++;
    this.#digest?.add(time, lane, frame);
    if (this.#capacity === 0) return number;
    if (number > this.#mask && this.#mask < this.#capacity - 1) this.#grow();
    const at = number & this.#mask;
    const record = at * recordSize;
    this.#records[record + timeAt] = time;
    this.#records[record + causeAt] = cause;
    this.#records[record + stateAt] = underWay;
    this.#lanes[at] = lane;
    this.#frames[at] = frame;
    return number;
  }

  /** Records that the frame came out. */
  arrived(number: number): void {
    if (this.#remembers(number)) this.#records[(number & this.#mask) * recordSize + stateAt] = delivered;
  }

  /** Records the fate of a frame. */
  ended(number: number, fate: Fate): void {
    if (!this.#remembers(number)) return;
    const at = number & this.#mask;
    this.#records[at * recordSize + stateAt] = told;
    this.#fates[at] = fate;
  }

  /** Describes the part that is no longer remembered, in a sentence; undefined if there is none. */
  get gap(): string | undefined {
    const oldest = this.#oldest;
    if (oldest === 0) return undefined;
    const first = this.hop(oldest);
    const since = first ? `, from ${formatTime(first.time)} on` : '';
    return `${this.total - oldest} of ${this.total} frames are remembered${since}; { history } of the network keeps more`;
  }

  /** Returns a hop; undefined if it is forgotten. */
  hop(number: number): Hop | undefined {
    if (!this.#remembers(number)) return undefined;
    const at = number & this.#mask;
    const [time = 0, cause = uncaused, state = underWay] = this.#records.subarray(at * recordSize);
    const [lane, frame] = [this.#lanes[at], this.#frames[at]];
    if (lane === undefined || frame === undefined) return undefined;
    const fate = state === underWay ? 'under way' : state === delivered ? 'delivered' : (this.#fates[at] ?? '');
    return { number, time, lane, frame, cause: cause < this.#oldest ? undefined : cause, fate };
  }

  /** Yields all remembered hops, from number `since` on, the oldest first. */
  *hops(since = 0): Generator<Hop> {
    for (let number = Math.max(since, this.#oldest); number < this.total; number++) {
      const hop = this.hop(number);
      if (hop) yield hop;
    }
  }

  /** Returns the hops that led to a frame, the first one first. */
  pathTo(number: number): Hop[] {
    const path: Hop[] = [];
    for (let at: number | undefined = number; at !== undefined; at = path[0]?.cause) {
      const hop = this.hop(at);
      if (!hop) break;
      path.unshift(hop);
    }
    return path;
  }

  /** Called before the first place is reused: each hop keeps its place. */
  #grow(): void {
    const records = new Float64Array(2 * this.#records.length);
    records.set(this.#records);
    this.#records = records;
    this.#mask = 2 * this.#mask + 1;
  }

  #remembers(number: number): boolean {
    return number >= this.#oldest && number < this.total;
  }

  get #oldest(): number {
    return Math.max(0, this.total - this.#capacity);
  }
}

/** Returns whether bridges send the frame by themselves. */
export function isOfBridges({ frame }: Hop): boolean {
  return isForBridges(frame);
}

/** A 64-bit digest of a run. */
class Digest {
  #high = 0x811c_9dc5;
  #low = 0x9e37_79b9;

  get text(): string {
    return [this.#high, this.#low].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }

  add(time: number, { source, target }: TracedLane, frame: Uint8Array): void {
    for (const text of [`${time}`, source, target]) for (let at = 0; at < text.length; at++) this.#word(text.charCodeAt(at));
    for (const octet of frame) this.#word(octet);
    this.#word(frame.length);
  }

  #word(value: number): void {
    this.#high = Math.imul(this.#high ^ value, 0x0100_0193);
    this.#low = Math.imul(((this.#low << 5) | (this.#low >>> 27)) ^ value, 0x85eb_ca6b);
  }
}
