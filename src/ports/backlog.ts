import type { PortDrop } from './port.ts';

/** How much a port keeps for a peer that does not read. */
export interface BacklogLimits {
  /** Frames. Default: 4,096. */
  readonly frames?: number;
  /** Octets. Default: 2 MiB. */
  readonly octets?: number;
}

/** The memory of all backlogs together, and its bound. */
export class BacklogBudget {
  readonly limit: number;
  used = 0;

  /** `limit` in octets. */
  constructor(limit = 48 * 2 ** 20) {
    this.limit = limit;
  }
}

/** Memory is taken in pieces, in octets: little for a port that stalls for a moment, and each piece twice the one before. */
const firstChunk = 2 * 2 ** 10;
const largestChunk = 32 * 2 ** 10;

/** Frames one after the other in one piece of memory. */
interface Chunk {
  readonly memory: Uint8Array;
  /** Where each frame ends. */
  readonly ends: number[];
  /** How many of its frames were sent. */
  sent: number;
}

/**
 * Frames that wait for a peer to read: copies, in order, bounded. They are packed, since a small frame of its own takes several times
 * its octets; the budget is charged with the memory that is really held.
 */
export class Backlog {
  readonly #frames: number;
  readonly #octets: number;
  readonly #budget: BacklogBudget;
  readonly #chunks: Chunk[] = [];
  #count = 0;
  #held = 0;

  constructor(budget: BacklogBudget, { frames = 4096, octets = 2 * 2 ** 20 }: BacklogLimits = {}) {
    this.#budget = budget;
    this.#frames = frames;
    this.#octets = octets;
  }

  /** How many frames wait. */
  get count(): number {
    return this.#count;
  }

  /** Some of the frames that wait, the first ones: at least one unless none waits. Not to be kept. */
  first(): Uint8Array[] {
    const chunk = this.#chunks[0];
    if (!chunk) return [];
    return chunk.ends.slice(chunk.sent).map((end, i) => chunk.memory.subarray(startOf(chunk, chunk.sent + i), end));
  }

  /** Keeps a copy of the frame, or tells why not. */
  add(frame: Uint8Array): PortDrop | undefined {
    if (this.#count >= this.#frames || this.#held + frame.length > this.#octets) return 'backlog-full';
    const chunk = this.#chunkFor(frame.length);
    if (!chunk) return 'budget-full';
    const start = startOf(chunk, chunk.ends.length);
    chunk.memory.set(frame, start);
    chunk.ends.push(start + frame.length);
    this.#count++;
    this.#held += frame.length;
    return undefined;
  }

  /** Forgets the first `count` frames, of those that `first` gave: they were sent. */
  shift(count: number): void {
    const chunk = this.#chunks[0];
    if (!chunk) return;
    const before = startOf(chunk, chunk.sent);
    chunk.sent += count;
    this.#count -= count;
    this.#held -= startOf(chunk, chunk.sent) - before;
    if (chunk.sent < chunk.ends.length) return;
    this.#chunks.shift();
    this.#budget.used -= chunk.memory.length;
  }

  /** Forgets all frames and tells how many they were. */
  clear(): number {
    const cleared = this.#count;
    for (const { memory } of this.#chunks) this.#budget.used -= memory.length;
    this.#chunks.length = this.#count = this.#held = 0;
    return cleared;
  }

  /** Memory with room for so many octets, or undefined when the budget has none. */
  #chunkFor(length: number): Chunk | undefined {
    const last = this.#chunks.at(-1);
    if (last && startOf(last, last.ends.length) + length <= last.memory.length) return last;
    const size = Math.max(length, Math.min(firstChunk * 2 ** this.#chunks.length, largestChunk));
    if (this.#budget.used + size > this.#budget.limit) return undefined;
    this.#budget.used += size;
    const chunk = { memory: new Uint8Array(size), ends: [], sent: 0 };
    this.#chunks.push(chunk);
    return chunk;
  }
}

function startOf({ ends }: Chunk, frame: number): number {
  return frame === 0 ? 0 : (ends[frame - 1] ?? 0);
}
