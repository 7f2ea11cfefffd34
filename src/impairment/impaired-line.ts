import type { Clock, Timer } from '../clock.ts';
import type { Random } from '../random.ts';
import { chance, draw, type ImpairmentDrop, type Quality } from './impairment.ts';

/** The options of a line. */
export interface LineOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Called with each frame that arrives. */
  readonly pass: (frame: Uint8Array) => void;
  /** Called for each frame that is lost. */
  readonly dropped: (frame: Uint8Array, why: ImpairmentDrop) => void;
  /** Called when a frame is replaced by a copy with flipped bits. */
  readonly replaced: (frame: Uint8Array, copy: Uint8Array) => void;
  /** Runs a timer's work as one breath. */
  readonly breath: (work: () => void) => void;
  /** Limits the frames in transit. Default: 16,384 frames of any size. */
  readonly most?: MostWaiting;
}

/** The limits of frames in transit, whatever the quality; further frames are lost. */
export interface MostWaiting {
  /** The number of frames. */
  readonly frames: number;
  /** The sum of their lengths. */
  readonly octets: number;
}

interface Waiting {
  readonly frame: Uint8Array;
  readonly due: number;
}

const defaultMost: MostWaiting = { frames: 16_384, octets: Infinity };

/** The most copies made of one frame, whatever duplication rate was drawn. */
const maxCopies = 256;
/** The most released frames that arrive in one millisecond. */
const releasedAtOnce = 64;
/** The longest delay of a timer, in milliseconds; for a frame that is due later, the timer is set again. */
const longestWait = 2 ** 31 - 1;
const noiseUnit = 2 ** 20;

/**
 * One direction of a link with a given quality. The effects on a frame are applied in this order: mtu, loss, dup, capacity, speed,
 * bandwidth, delay, noise.
 */
export class ImpairedLine implements Disposable {
  /** May be changed at any time. Frames already in transit are not affected. */
  quality: Quality;
  readonly #options: LineOptions;
  readonly #most: MostWaiting;
  /** Sorted by time of arrival. */
  readonly #waiting: Waiting[] = [];
  #octets = 0;
  #lastDue = 0;
  /** The times until which the sender and the link are busy. */
  #sending = 0;
  #carrying = 0;
  #isBad = false;
  #timer: Timer | undefined;

  constructor(quality: Quality, options: LineOptions) {
    this.quality = quality;
    this.#options = options;
    this.#most = options.most ?? defaultMost;
  }

  /** The number of frames in transit. */
  get held(): number {
    return this.#waiting.length;
  }

  /** The octets of the frames in transit. */
  get octets(): number {
    return this.#octets;
  }

  /**
   * When the simulated sender finishes its current frames (clock time, possibly past). Callers that model a link speed should not submit
   * before then.
   */
  get busyUntil(): number {
    return this.#sending;
  }

  take(frame: Uint8Array): void {
    const { random, dropped } = this.#options;
    const { mtu, dup = 0 } = this.quality;
    if (mtu !== undefined && frame.length > draw(mtu, random)) dropped(frame, 'mtu');
    else if (this.#isLost()) dropped(frame, 'loss');
    else {
      let copies = 1;
      if (dup !== 0) for (const share = draw(dup, random) / 100; copies < maxCopies && chance(random) < share; copies++);
      while (copies-- > 0 && this.#send(frame));
    }
  }

  /**
   * Ends the delay of all frames in transit. They arrive from now on, in their order. At most 64 arrive in a millisecond, so that the
   * receiver can keep up. Frames submitted meanwhile arrive after them.
   */
  release(): void {
    const now = this.#options.clock.monotonic();
    this.#waiting.forEach(({ frame }, at) => (this.#waiting[at] = { frame, due: now + Math.floor(at / releasedAtOnce) }));
    this.#sending = this.#carrying = now;
    this.#lastDue = this.#waiting.at(-1)?.due ?? now;
    this.#schedule();
  }

  /** Drops all frames in transit. Sender and link are then no longer busy. */
  cut(): void {
    const lost = this.#waiting.splice(0);
    this[Symbol.dispose]();
    this.#sending = this.#carrying = this.#lastDue = 0;
    for (const { frame } of lost) this.#options.dropped(frame, 'cut');
  }

  /** Discards all frames in transit without calling `dropped`. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#waiting.length = 0;
    this.#octets = 0;
  }

  #isLost(): boolean {
    const { random } = this.#options;
    const { loss = 0, lostburst = 0 } = this.quality;
    if (loss === 0) return false;
    const share = draw(loss, random) / 100;
    if (share >= 1) return true;
    const burst = draw(lostburst, random);
    if (burst <= 0) return chance(random) < share;
    const change = this.#isBad ? 1 / burst : share / (burst * (1 - share));
    if (chance(random) < change) this.#isBad = !this.#isBad;
    return this.#isBad;
  }

  /** Puts one copy on the link. Returns false if there is no room for it, and so none for further copies. */
  #send(frame: Uint8Array): boolean {
    const { clock, random, dropped } = this.#options;
    const { capacity, speed, bandwidth, delay = 0, fifo = true } = this.quality;
    if (capacity !== undefined && this.#octets + frame.length > draw(capacity, random)) {
      dropped(frame, 'capacity');
      return false;
    }
    if (this.#waiting.length >= this.#most.frames || this.#octets + frame.length > this.#most.octets) {
      dropped(frame, 'full');
      return false;
    }
    const now = clock.monotonic();
    let due = now;
    if (speed !== undefined) due = this.#sending = Math.max(due, this.#sending) + spanOf(frame, draw(speed, random));
    if (bandwidth !== undefined) due = this.#carrying = Math.max(due, this.#carrying) + spanOf(frame, draw(bandwidth, random));
    due += draw(delay, random);
    if (fifo) due = Math.max(due, this.#lastDue);
    this.#lastDue = Math.max(due, this.#lastDue);
    const arriving = this.#withNoise(frame);
    if (due <= now && this.#waiting.length === 0) this.#options.pass(arriving);
    else this.#wait({ frame: arriving, due });
    return true;
  }

  #withNoise(frame: Uint8Array): Uint8Array {
    const { random } = this.#options;
    const { noise = 0 } = this.quality;
    if (noise === 0) return frame;
    const flips = poisson((draw(noise, random) * frame.length) / noiseUnit, random);
    if (flips === 0) return frame;
    const noisy = frame.slice();
    this.#options.replaced(frame, noisy);
    for (let n = 0; n < flips; n++) {
      const bit = random.uint32() % (noisy.length * 8);
      noisy[bit >> 3] = (noisy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    }
    return noisy;
  }

  #wait(waiting: Waiting): void {
    let at = this.#waiting.length;
    while (at > 0 && (this.#waiting[at - 1]?.due ?? 0) > waiting.due) at--;
    this.#waiting.splice(at, 0, waiting);
    this.#octets += waiting.frame.length;
    if (at === 0) this.#schedule();
  }

  #schedule(): void {
    this.#timer?.[Symbol.dispose]();
    const [next] = this.#waiting;
    if (!next) return;
    const { clock, breath } = this.#options;
    const wait = Math.min(Math.max(0, next.due - clock.monotonic()), longestWait);
    this.#timer = clock.after(wait, () => breath(() => this.#arrive()));
  }

  #arrive(): void {
    const now = this.#options.clock.monotonic();
    const later = this.#waiting.findIndex(({ due }) => due > now);
    const arrived = this.#waiting.splice(0, later < 0 ? this.#waiting.length : later);
    for (const { frame } of arrived) this.#octets -= frame.length;
    this.#schedule();
    for (const { frame } of arrived) this.#options.pass(frame);
  }
}

/** Returns how long a frame takes at a rate, in milliseconds. */
function spanOf(frame: Uint8Array, octetsPerSecond: number): number {
  // A drawn rate may be almost zero.
  return (frame.length / Math.max(octetsPerSecond, 1)) * 1000;
}

/** Draws from a Poisson distribution with the given mean. [D. E. Knuth, The Art of Computer Programming, 3.4.1] */
function poisson(expected: number, random: Random): number {
  const limit = Math.exp(-Math.min(expected, 500));
  let count = -1;
  for (let product = 1; product > limit; product *= chance(random)) count++;
  return Math.max(0, count);
}
