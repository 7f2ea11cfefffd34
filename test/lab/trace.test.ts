import { describe, expect, it } from 'vitest';
import { Trace } from '../../src/lab/trace.ts';

const lane = { source: 'a', target: 'b' };

/** Returns a trace of so many frames, each caused by the one before, every third one lost and every fifth still under way. */
function traced(capacity: number, frames: number): Trace {
  const trace = new Trace(capacity);
  for (let n = 0; n < frames; n++) {
    const number = trace.sent(n / 2, lane, Uint8Array.of(n & 0xff), n - 1);
    if (n % 3 === 0) trace.ended(number, `lost ${n}`);
    else if (n % 5 !== 0) trace.arrived(number);
  }
  return trace;
}

describe('a trace', () => {
  it.each([
    [0, 100],
    [1, 100],
    [1000, 1000],
    [1024, 1025],
    [1025, 1024],
    [1500, 1400],
    [1500, 5000],
    [4096, 10_000],
    [70_000, 9000],
  ])('of %d frames has the last ones of %d, each as it was', (capacity, frames) => {
    const trace = traced(capacity, frames);
    const first = Math.max(0, frames - capacity);
    const expected = Array.from({ length: frames - first }, (_, at) => {
      const n = first + at;
      const fate = n % 3 === 0 ? `lost ${n}` : n % 5 === 0 ? 'under way' : 'delivered';
      const cause = n === first ? undefined : n - 1;
      return { number: n, time: n / 2, lane, frame: Uint8Array.of(n & 0xff), cause, fate };
    });
    expect([...trace.hops()]).toEqual(expected);
    expect(trace.total).toBe(frames);
  });
});
