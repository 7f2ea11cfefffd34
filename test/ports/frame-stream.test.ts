import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrames, FrameDecoder, keepalive } from '../../src/ports/frame-stream.ts';

const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 2000, size: 'max' }), { maxLength: 12 });
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 });

/** The octets in pieces, cut at those parts of the whole. Each piece is overwritten once it was taken, as its owner may do. */
function* pieces(octets: Uint8Array, at: readonly number[]): Generator<Uint8Array> {
  const ends = [...at.map((part) => Math.floor(part * octets.length)), octets.length].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    const piece = Uint8Array.from(octets.subarray(from, end));
    yield piece;
    piece.fill(0xa5);
    from = end;
  }
}

describe('a stream of frames', () => {
  it('is header and octets of each', () => {
    expect(encodeFrames([new Uint8Array([1, 2, 3]), new Uint8Array(258).fill(7)]).slice(0, 8)).toEqual(
      new Uint8Array([0, 3, 1, 2, 3, 1, 2, 7]),
    );
    expect(encodeFrames([])).toEqual(new Uint8Array(0));
  });

  it('is taken apart into what was put together, wherever it was split', () => {
    fc.assert(
      fc.property(frames, cuts, (frames, cuts) => {
        const taken: Uint8Array[] = [];
        const decoder = new FrameDecoder(2000, (frame) => taken.push(frame.slice()));
        for (const piece of pieces(encodeFrames(frames), cuts)) expect(decoder.push(piece)).toBeUndefined();
        expect(taken).toEqual(frames);
      }),
    );
  });

  it('is taken apart octet by octet', () => {
    const taken: Uint8Array[] = [];
    const decoder = new FrameDecoder(100, (frame) => taken.push(frame.slice()));
    const sent = [new Uint8Array([1]), new Uint8Array(99).fill(2), new Uint8Array([3, 4])];
    for (const octet of encodeFrames(sent)) decoder.push(new Uint8Array([octet]));
    expect(taken).toEqual(sent);
  });

  it('may hold empty frames, which are skipped', () => {
    const taken: Uint8Array[] = [];
    const decoder = new FrameDecoder(100, (frame) => taken.push(frame.slice()));
    const octets = Buffer.concat([keepalive, keepalive, encodeFrames([new Uint8Array([9])]), keepalive]);
    fc.assert(
      fc.property(cuts, (cuts) => {
        taken.length = 0;
        for (const piece of pieces(octets, cuts)) decoder.push(piece);
        expect(taken).toEqual([new Uint8Array([9])]);
      }),
    );
  });

  it('is over at a bad length, after all before it was delivered, wherever it was split', () => {
    fc.assert(
      fc.property(frames, cuts, fc.integer({ min: 2001, max: 65_535 }), frames, (before, cuts, length, after) => {
        const taken: Uint8Array[] = [];
        const decoder = new FrameDecoder(2000, (frame) => taken.push(frame.slice()));
        const octets = Buffer.concat([encodeFrames(before), Buffer.from([length >>> 8, length & 0xff]), encodeFrames(after)]);
        const said = [];
        for (const piece of pieces(octets, cuts)) said.push(decoder.push(piece));
        expect(taken).toEqual(before);
        expect(said.filter((answer) => answer !== undefined)).toEqual([length]);
      }),
    );
  });

  it('never throws on random octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000, size: 'max' }), cuts, (octets, cuts) => {
        const decoder = new FrameDecoder(1000, (frame) => expect(frame.length).toBeLessThanOrEqual(1000));
        for (const piece of pieces(octets, cuts)) decoder.push(piece);
      }),
    );
  });
});
