import { hasGroupDestination } from '../wire/ethernet.ts';
import { readUint16, readUint32 } from '../wire/octets.ts';

/** Frames that may still be flooded, and when that was computed, in milliseconds. */
interface Bucket {
  tokens: number;
  at: number;
}

/**
 * The limit of the frames that a switch floods for one port: broadcasts, multicasts, and frames to unknown stations, each by a token bucket that
 * holds a second's worth. Times are an argument, in milliseconds; they never go back.
 */
export class FloodLimit {
  readonly #rate: number;
  readonly #buckets: { readonly broadcast: Bucket; readonly multicast: Bucket; readonly unknown: Bucket };

  /** `rate` is in frames per second; `now` is the present time. */
  constructor(rate: number, now: number) {
    this.#rate = rate;
    const full = (): Bucket => ({ tokens: rate, at: now });
    this.#buckets = { broadcast: full(), multicast: full(), unknown: full() };
  }

  /** Returns whether a frame of at least 14 octets may be flooded. Has no side effects. */
  allows(frame: Uint8Array, now: number): boolean {
    return this.#left(this.#bucketOf(frame), now) >= 1;
  }

  /** Takes a token for a frame of at least 14 octets. Returns false if there is none. */
  take(frame: Uint8Array, now: number): boolean {
    const bucket = this.#bucketOf(frame);
    const left = this.#left(bucket, now);
    bucket.at = now;
    bucket.tokens = left >= 1 ? left - 1 : left;
    return left >= 1;
  }

  #left({ tokens, at }: Bucket, now: number): number {
    return Math.min(this.#rate, tokens + ((now - at) * this.#rate) / 1000);
  }

  #bucketOf(frame: Uint8Array): Bucket {
    if (!hasGroupDestination(frame)) return this.#buckets.unknown;
    const isBroadcast = readUint32(frame, 0) === 0xffff_ffff && readUint16(frame, 4) === 0xffff;
    return isBroadcast ? this.#buckets.broadcast : this.#buckets.multicast;
  }
}
