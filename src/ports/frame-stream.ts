/**
 * Ethernet frames in a stream of octets, as VDE's tools write them: a big-endian length of two octets, then the frame without FCS.
 * A length of 0 carries nothing and is skipped; here it is also the sign of life on an idle link.
 */

/** The length of the header before each frame, in octets. */
export const streamHeader = 2;

/** A sign of life: a frame of no octets. */
export const keepalive: Uint8Array = new Uint8Array(streamHeader);

/** Takes a stream apart, wherever it was split. Once a length is wrong nothing after it can be believed. */
export class FrameDecoder {
  readonly #limit: number;
  readonly #deliver: (frame: Uint8Array) => void;
  #rest: Uint8Array = new Uint8Array(0);
  #broken = false;

  /** `limit` is the longest frame that the other side may send, in octets. `deliver` gets views that are good until it returns. */
  constructor(limit: number, deliver: (frame: Uint8Array) => void) {
    this.#limit = limit;
    this.#deliver = deliver;
  }

  /**
   * Delivers each frame that is whole with these octets and keeps the rest.
   * @returns the length that was read where it exceeds the limit; then the stream is over. Else undefined.
   */
  push(octets: Uint8Array): number | undefined {
    if (this.#broken) return undefined;
    let at = 0;
    const bytes = this.#rest.length === 0 ? octets : join(this.#rest, octets);
    while (bytes.length - at >= streamHeader) {
      const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
      if (length > this.#limit) {
        this.#broken = true;
        this.#rest = new Uint8Array(0);
        return length;
      }
      if (bytes.length - at < streamHeader + length) break;
      if (length > 0) this.#deliver(bytes.subarray(at + streamHeader, at + streamHeader + length));
      at += streamHeader + length;
    }
    // A copy: the octets belong to whoever received them.
    this.#rest = bytes.slice(at);
    return undefined;
  }
}

/** The octets that carry these frames, in one new buffer. */
export function encodeFrames(frames: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const frame of frames) size += streamHeader + frame.length;
  const octets = new Uint8Array(size);
  let at = 0;
  for (const frame of frames) {
    octets[at] = frame.length >>> 8;
    octets[at + 1] = frame.length & 0xff;
    octets.set(frame, at + streamHeader);
    at += streamHeader + frame.length;
  }
  return octets;
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
