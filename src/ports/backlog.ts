import type { PortDrop } from './port.ts';

/** How much a port keeps for a peer that does not read. */
export interface BacklogLimits {
  /** Frames. Default: 4,096. */
  readonly frames?: number;
  /** Octets. Default: 2 MiB. */
  readonly octets?: number;
}

/** What the backlogs of all ports together may hold. */
export class BacklogBudget {
  readonly limit: number;
  used = 0;

  /** `limit` in octets. */
  constructor(limit = 48 * 2 ** 20) {
    this.limit = limit;
  }
}

/** Frames that wait for a peer to read: copies, in order, bounded. */
export class Backlog {
  readonly #frames: number;
  readonly #octets: number;
  readonly #budget: BacklogBudget;
  #queue: Uint8Array[] = [];
  #held = 0;

  constructor(budget: BacklogBudget, { frames = 4096, octets = 2 * 2 ** 20 }: BacklogLimits = {}) {
    this.#budget = budget;
    this.#frames = frames;
    this.#octets = octets;
  }

  /** The frames that wait, first come first. Not to be kept. */
  get waiting(): readonly Uint8Array[] {
    return this.#queue;
  }

  /** Keeps a copy of the frame, or tells why not. */
  add(frame: Uint8Array): PortDrop | undefined {
    if (this.#queue.length >= this.#frames || this.#held + frame.length > this.#octets) return 'backlog-full';
    if (this.#budget.used + frame.length > this.#budget.limit) return 'budget-full';
    this.#held += frame.length;
    this.#budget.used += frame.length;
    this.#queue.push(frame.slice());
    return undefined;
  }

  /** Forgets the first `count` frames: they were sent. */
  shift(count: number): void {
    this.#release(this.#queue.splice(0, count));
  }

  /** Forgets all frames and tells how many they were. */
  clear(): number {
    const cleared = this.#queue;
    this.#queue = [];
    this.#release(cleared);
    return cleared.length;
  }

  #release(frames: readonly Uint8Array[]): void {
    const octets = frames.reduce((sum, frame) => sum + frame.length, 0);
    this.#held -= octets;
    this.#budget.used -= octets;
  }
}
