import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { ImpairedLine, type MostWaiting } from '../../src/impairment/impaired-line.ts';
import type { ImpairmentDrop, Quality } from '../../src/impairment/impairment.ts';
import { ManualClock } from '../manual-clock.ts';

function setUp(quality: Quality, most?: MostWaiting): { clock: ManualClock; line: ImpairedLine; passed: number[]; lost: ImpairmentDrop[] } {
  const [clock, passed, lost]: [ManualClock, number[], ImpairmentDrop[]] = [new ManualClock(), [], []];
  const line = new ImpairedLine(quality, {
    clock,
    random: seededRandom(5),
    replaced: () => undefined,
    breath: (work) => work(),
    pass: (frame) => passed.push(frame.length),
    dropped: (_frame, why) => lost.push(why),
    ...(most && { most }),
  });
  return { clock, line, passed, lost };
}

describe('a line', () => {
  it('has an end to copies, whatever share of them was drawn', () => {
    const { line, passed } = setUp({ dup: { mean: 90, spread: 90 } });
    for (let n = 0; n < 100; n++) line.take(new Uint8Array(60));
    expect(passed.length).toBeGreaterThan(1000);
    expect(passed.length).toBeLessThanOrEqual(100 * 256);
  });

  it('keeps no more than it may: frames, and octets', () => {
    const few = setUp({ delay: 100 }, { frames: 3, octets: Infinity });
    const light = setUp({ delay: 100 }, { frames: 100, octets: 250 });
    for (const { line } of [few, light]) for (let n = 0; n < 5; n++) line.take(new Uint8Array(100));
    expect([few.line.held, few.line.octets, few.lost]).toEqual([3, 300, ['full', 'full']]);
    expect([light.line.held, light.line.octets, light.lost]).toEqual([2, 200, ['full', 'full', 'full']]);
    for (const { clock, line } of [few, light]) {
      clock.advance(1000);
      expect([line.held, line.octets]).toEqual([0, 0]);
    }
  });

  it('tells until when its sender is busy', () => {
    const { clock, line, passed } = setUp({ speed: 1000, delay: 100 });
    const begun = clock.monotonic();
    line.take(new Uint8Array(100));
    line.take(new Uint8Array(50));
    expect(line.busyUntil - begun).toBe(150);
    clock.advance(200);
    expect([passed, line.busyUntil < clock.monotonic()]).toEqual([[100], true]);
  });
});
