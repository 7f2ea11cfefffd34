import type { PortDrop } from './port.ts';

/** The limits on the frames that a port keeps for a peer that does not read. */
export interface BacklogLimits {
  /** Frames; streams are bounded only in octets. Default: 4,096. */
  readonly frames?: number;
  /** Octets. Default: 2 MiB. */
  readonly octets?: number;
}

/** The bounds of all ports. */
export interface BacklogBounds extends BacklogLimits {
  /** The bound of all ports together, in octets. Default: 32 MiB. */
  readonly budget?: number;
  /** How long a frame may wait, in milliseconds. Default: for ever. */
  readonly age?: number | undefined;
}

/** Octets that are charged to a budget until this is disposed. */
export type Charge = Disposable;

/** An owner of kept frames that can be made to give up some. */
interface Holder {
  /** The memory that it has, in octets. */
  readonly held: number;
  /** Gives up a piece of its memory: that of the newest frames. */
  giveWay(): void;
}

/**
 * The memory of all backlogs together, and its bound. When it is full, a holder with less than a fair share takes from the holder with the most, so
 * permanently stalled readers cannot take the memory that another needs for a moment. Returned memory is reused: if it were left to the garbage
 * collector, both it and its replacement would exist for a while.
 */
export class BacklogBudget {
  readonly limit: number;
  /** How long a frame may wait, in milliseconds. */
  readonly age: number;
  /** The time of the breath, in milliseconds of the clock. Set at the beginning of a breath, so that the clock is not read for each frame. */
  now = 0;
  /** The bounds of each port, unless its driver has its own. */
  readonly port: Required<BacklogLimits>;
  #used = 0;
  /** Called each time a holder gets no memory, or gives some up. */
  exhausted: () => void = () => undefined;
  readonly #holders = new Set<Holder>();
  readonly #spare = new Map<number, Uint8Array[]>();
  #spared = 0;

  constructor({ budget = 32 * 2 ** 20, frames = 4096, octets = 2 * 2 ** 20, age = Infinity }: BacklogBounds = {}) {
    this.limit = budget;
    this.age = age;
    this.port = { frames, octets };
  }

  /** The octets in use. */
  get used(): number {
    return this.#used;
  }

  /** Charges octets that others cannot take, even beyond the limit: those that the system or Node already holds. Dispose the charge once. */
  charge(octets: number): Charge {
    this.#used += octets;
    return {
      [Symbol.dispose]: () => {
        this.#used -= octets;
      },
    };
  }

  /** Charges `size` octets to a holder that has `held` already, and returns whether it may have them. */
  #take(size: number, held: number): boolean {
    while (this.#used + size > this.limit) {
      const share = this.limit / (this.#holders.size + (held === 0 ? 1 : 0));
      this.exhausted();
      if (held + size > share) return false;
      const most = this.#most();
      if (!most || most.held <= held + size) return false;
      most.giveWay();
    }
    this.#used += size;
    return true;
  }

  /**
   * Returns memory of `size` octets, a power of two, for a holder; undefined if it may not have any. From now on others may take from the
   * holder.
   */
  lend(size: number, holder: Holder): Uint8Array | undefined {
    if (!this.#take(size, holder.held)) return undefined;
    this.#holders.add(holder);
    const known = this.#spare.get(size)?.pop();
    if (known) this.#spared -= size;
    else this.#discard();
    return known ?? new Uint8Array(size);
  }

  /** Takes back lent memory. Others no longer take from a holder that has none left. */
  giveBack(memory: Uint8Array, holder: Holder): void {
    const { length } = memory;
    const alike = this.#spare.get(length);
    if (alike) alike.push(memory);
    else this.#spare.set(length, [memory]);
    this.#used -= length;
    this.#spared += length;
    if (holder.held === 0) this.#holders.delete(holder);
  }

  /** Frees spare memory of other sizes, until the total is within the bound. */
  #discard(): void {
    for (const [size, memories] of this.#spare) {
      while (this.#used + this.#spared > this.limit && memories.pop()) this.#spared -= size;
    }
  }

  #most(): Holder | undefined {
    let most: Holder | undefined;
    for (const holder of this.#holders) if (!most || holder.held > most.held) most = holder;
    return most;
  }
}

/** The sizes of the chunks, in octets: small for a port that stalls for a moment; each chunk is twice as large as the one before. */
const firstChunk = 2 * 2 ** 10;
const largestChunk = 32 * 2 ** 10;

/** Frames one after the other in one piece of memory. */
interface Chunk {
  readonly memory: Uint8Array;
  /** The end of each frame. */
  readonly ends: number[];
  /** The arrival time of each frame. */
  readonly times: number[];
  /** The number of its frames that were sent. */
  sent: number;
}

/**
 * Frames that wait for a peer to read: copies, in order, bounded. They are packed, since a small frame in memory of its own takes several times its
 * size; the budget is charged for the memory that is really held.
 */
export class Backlog implements Holder {
  readonly #frames: number;
  readonly #octets: number;
  readonly #budget: BacklogBudget;
  readonly #dropped: (frames: number, why: PortDrop) => void;
  readonly #chunks: Chunk[] = [];
  #count = 0;
  #waiting = 0;
  #held = 0;

  /** `dropped` is called for kept frames that are dropped: to make room for others, or since they waited too long. */
  constructor(
    budget: BacklogBudget,
    { frames = budget.port.frames, octets = budget.port.octets }: BacklogLimits = {},
    dropped: (frames: number, why: PortDrop) => void = () => undefined,
  ) {
    this.#budget = budget;
    this.#frames = frames;
    this.#octets = octets;
    this.#dropped = dropped;
  }

  /** The number of waiting frames. */
  get count(): number {
    return this.#count;
  }

  /** The octets of the waiting frames. */
  get octets(): number {
    return this.#waiting;
  }

  /** The memory that they take, in octets. */
  get held(): number {
    return this.#held;
  }

  /** Returns the first of the waiting frames: at least one, unless all are too old. Valid until they are shifted. */
  first(): Uint8Array[] {
    this.#dropOld();
    const chunk = this.#chunks[0];
    if (!chunk) return [];
    return chunk.ends.slice(chunk.sent).map((end, i) => chunk.memory.subarray(startOf(chunk, chunk.sent + i), end));
  }

  /** Keeps a copy of the frame, or returns why not. */
  add(frame: Uint8Array): PortDrop | undefined {
    this.#dropOld();
    if (this.#count >= this.#frames || this.#waiting + frame.length > this.#octets) return 'backlog-full';
    const chunk = this.#chunkFor(frame.length);
    if (!chunk) return 'budget-full';
    const start = startOf(chunk, chunk.ends.length);
    chunk.memory.set(frame, start);
    chunk.ends.push(start + frame.length);
    chunk.times.push(this.#budget.now);
    this.#count++;
    this.#waiting += frame.length;
    return undefined;
  }

  /** Forgets the first `count` of the frames that `first` returned: they were sent. */
  shift(count: number): void {
    const chunk = this.#chunks[0];
    if (!chunk) return;
    const before = startOf(chunk, chunk.sent);
    chunk.sent += count;
    this.#count -= count;
    this.#waiting -= startOf(chunk, chunk.sent) - before;
    if (chunk.sent < chunk.ends.length) return;
    this.#chunks.shift();
    this.#free(chunk);
  }

  giveWay(): void {
    const chunk = this.#chunks.pop();
    if (!chunk) return;
    const given = chunk.ends.length - chunk.sent;
    this.#count -= given;
    this.#waiting -= startOf(chunk, chunk.ends.length) - startOf(chunk, chunk.sent);
    this.#free(chunk);
    this.#dropped(given, 'budget-full');
  }

  /** Forgets all frames and returns their number. */
  clear(): number {
    const cleared = this.#count;
    for (let chunk = this.#chunks.pop(); chunk; chunk = this.#chunks.pop()) this.#free(chunk);
    this.#count = this.#waiting = 0;
    return cleared;
  }

  /** Returns a chunk with room for `length` octets, or undefined if the budget has none. */
  #chunkFor(length: number): Chunk | undefined {
    const last = this.#chunks.at(-1);
    if (last && startOf(last, last.ends.length) + length <= last.memory.length) return last;
    let size = Math.min(firstChunk * 2 ** this.#chunks.length, largestChunk);
    while (size < length) size *= 2;
    const memory = this.#budget.lend(size, this);
    if (!memory) return undefined;
    const chunk = { memory, ends: [], times: [], sent: 0 };
    this.#chunks.push(chunk);
    this.#held += size;
    return chunk;
  }

  /** Drops the frames that have waited too long: the first ones, since all arrived in order. */
  #dropOld(): void {
    const oldest = this.#budget.now - this.#budget.age;
    let old = 0;
    for (let [chunk] = this.#chunks; chunk; [chunk] = this.#chunks) {
      let end = chunk.sent;
      while (end < chunk.times.length && (chunk.times[end] ?? 0) < oldest) end++;
      const isOver = end < chunk.times.length || end === chunk.sent;
      old += end - chunk.sent;
      if (end > chunk.sent) this.shift(end - chunk.sent);
      if (isOver) break;
    }
    if (old > 0) this.#dropped(old, 'backlog-age');
  }

  #free({ memory }: Chunk): void {
    this.#held -= memory.length;
    this.#budget.giveBack(memory, this);
  }
}

function startOf({ ends }: Chunk, frame: number): number {
  return frame === 0 ? 0 : (ends[frame - 1] ?? 0);
}
