import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameDecoder, maxStreamFrame, qemuFraming, vdeFraming, type Framing } from '../../../src/ports/pure/frame-stream.ts';
import { encodeFrames } from '../stream-stage.ts';

const limit = 2000;
const framings: readonly Framing[] = [vdeFraming, qemuFraming].map((framing) => ({ ...framing, receivable: limit }));
const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: limit, size: 'max' }), { maxLength: 12 });
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 });
const noFrame = new Uint8Array(0);

/** Gives the decoder octets as a receiver does: behind the remainder, somewhere in memory that is overwritten afterwards. */
function push(decoder: FrameDecoder, octets: Uint8Array): number | undefined {
  const memory = new Uint8Array(3 + decoder.rest.length + octets.length);
  memory.set(decoder.rest, 3);
  memory.set(octets, 3 + decoder.rest.length);
  const fault = decoder.decode(memory, 3, memory.length);
  memory.fill(0xa5);
  return fault?.length;
}

/** Returns the output for the octets in pieces that are cut at those parts of the whole. */
function taken(framing: Framing, octets: Uint8Array, at: readonly number[]): { frames: Uint8Array[]; said: number[]; greeted: boolean } {
  const frames: Uint8Array[] = [];
  const said: number[] = [];
  const decoder = new FrameDecoder(framing, (frame) => frames.push(frame.slice()));
  const ends = [...at.map((part) => Math.floor(part * octets.length)), octets.length].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    const answer = push(decoder, octets.subarray(from, end));
    if (answer !== undefined) said.push(answer);
    from = end;
  }
  return { frames, said, greeted: decoder.greeted };
}

function lengthOctets(length: number, { lengthSize }: Framing): Uint8Array {
  return Uint8Array.from([length >>> 24, length >>> 16, length >>> 8, length].slice(4 - lengthSize));
}

describe.each(framings)('a stream of frames, each behind its length in $lengthSize octets,', (framing) => {
  const { lengthSize } = framing;
  const encode = (frames: readonly Uint8Array[]): Uint8Array => encodeFrames(frames, lengthSize);

  it('is length and octets of each', () => {
    const zeros = Array.from({ length: lengthSize - 2 }, () => 0);
    expect(encode([new Uint8Array([1, 2, 3]), new Uint8Array(258).fill(7)]).slice(0, 2 * lengthSize + 4)).toEqual(
      new Uint8Array([...zeros, 0, 3, 1, 2, 3, ...zeros, 1, 2, 7]),
    );
  });

  it('is taken apart into what was put together, wherever it was split', () => {
    fc.assert(
      fc.property(frames, cuts, (frames, cuts) => {
        expect(taken(framing, encode(frames), cuts)).toEqual({ frames, said: [], greeted: false });
      }),
    );
  });

  it('is taken apart octet by octet', () => {
    const sent = [new Uint8Array([1]), new Uint8Array(99).fill(2), new Uint8Array([3, 4])];
    const octets = encode(sent);
    const everywhere = Array.from(octets, (_, i) => i / octets.length);
    expect(taken(framing, octets, everywhere).frames).toEqual(sent);
  });

  it('may hold empty frames, which are skipped', () => {
    const octets = encode([noFrame, noFrame, new Uint8Array([9]), noFrame, noFrame, noFrame, noFrame, noFrame]);
    fc.assert(
      fc.property(cuts, (cuts) => {
        expect(taken(framing, octets, cuts)).toEqual({ frames: [new Uint8Array([9])], said: [], greeted: false });
      }),
    );
  });

  it('is over at a bad length, after all before it was delivered, wherever it was split', () => {
    const bad = fc.oneof(fc.integer({ min: limit + 1, max: 256 ** lengthSize - 1 }), fc.integer({ min: 0xf500, max: 0xffff }));
    fc.assert(
      fc.property(frames, cuts, bad, frames, (before, cuts, length, after) => {
        // At the start of a stream it may be text: see stream-text.test.ts.
        fc.pre(before.length > 0 || !framing.skipsText || (length >= 0xf500 && length < 0x1_0000));
        const octets = Buffer.concat([encode(before), lengthOctets(length, framing), encode(after)]);
        expect(taken(framing, octets, cuts)).toEqual({ frames: before, said: [length], greeted: false });
      }),
    );
  });

  it('never throws on random octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000, size: 'max' }), cuts, (octets, cuts) => {
        for (const frame of taken(framing, octets, cuts).frames) expect(frame.length).toBeLessThanOrEqual(maxStreamFrame);
      }),
    );
  });

  it('delivers nothing after it was stopped, not even what came with the frame that led to it', () => {
    const seen: Uint8Array[] = [];
    const decoder = new FrameDecoder(framing, (frame) => {
      seen.push(frame.slice());
      decoder.stop();
    });
    push(decoder, encode([new Uint8Array([1]), new Uint8Array([2])]));
    push(decoder, encode([new Uint8Array([3])]));
    expect(seen).toEqual([new Uint8Array([1])]);
  });
});

describe.each(framings)('a receiver that throws, with lengths of $lengthSize octets,', (framing) => {
  it('loses the frame that it threw at, and no other', () => {
    const seen: Uint8Array[] = [];
    const decoder = new FrameDecoder(framing, (frame) => {
      if (frame[0] === 1) throw new Error('not this one');
      seen.push(frame.slice());
    });
    const octets = encodeFrames([new Uint8Array([1]), new Uint8Array([2]), new Uint8Array([3, 4, 5])], framing.lengthSize);
    expect(() => push(decoder, octets.subarray(0, -1))).toThrow('not this one');
    push(decoder, octets.subarray(-1));
    expect(seen).toEqual([new Uint8Array([2]), new Uint8Array([3, 4, 5])]);
  });
});

describe('the greeting', () => {
  it('tells, wherever it is split, that every length may follow', () => {
    const long = new Uint8Array(maxStreamFrame).fill(1);
    const octets = Buffer.concat([vdeFraming.greeting, encodeFrames([new Uint8Array(60), long])]);
    for (const cuts of [[], [1 / octets.length], [4 / octets.length, 7 / octets.length, 8 / octets.length, 0.5]]) {
      expect(taken(vdeFraming, octets, cuts)).toEqual({ frames: [new Uint8Array(60), long], said: [], greeted: true });
    }
  });

  it('is one only at the start, and only when it is whole', () => {
    const frame = encodeFrames([new Uint8Array(60)]);
    const { greeting } = vdeFraming;
    expect(taken(vdeFraming, Buffer.concat([frame, greeting, greeting]), []).greeted).toBe(false);
    expect(taken(vdeFraming, Buffer.concat([greeting.subarray(2), frame, greeting]), []).greeted).toBe(false);
  });

  it('is not for QEMU, which would give empty frames to its guest', () => {
    expect(qemuFraming.greeting.length).toBe(0);
    expect(taken(qemuFraming, new Uint8Array(64), []).greeted).toBe(false);
  });
});
