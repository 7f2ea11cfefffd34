import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { ImpairedLine, type MostWaiting } from '../../src/ports/impaired-line.ts';
import type { ImpairmentDrop, Quality } from '../../src/ports/impairment.ts';
import { ManualClock } from '../manual-clock.ts';

function setUp(quality: Quality, most?: MostWaiting): { clock: ManualClock; line: ImpairedLine; passed: number[]; lost: ImpairmentDrop[] } {
  const [clock, passed, lost]: [ManualClock, number[], ImpairmentDrop[]] = [new ManualClock(), [], []];
  const line = new ImpairedLine(quality, {
    ...{ clock, random: seededRandom(5), replaced: () => undefined, breath: (work) => work() },
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

  it('keeps no more than it may: frames, octets, and octets that are not sent yet', () => {
    const few = setUp({ delay: 100 }, { frames: 3, octets: Infinity, unsent: Infinity });
    const light = setUp({ delay: 100 }, { frames: 100, octets: 250, unsent: Infinity });
    const slow = setUp({ speed: 1000, delay: 100 }, { frames: 100, octets: Infinity, unsent: 250 });
    for (const { line } of [few, light, slow]) for (let n = 0; n < 5; n++) line.take(new Uint8Array(100));
    expect([few.line.held, few.line.octets, few.lost]).toEqual([3, 300, ['full', 'full']]);
    expect([light.line.held, light.line.octets, light.lost]).toEqual([2, 200, ['full', 'full', 'full']]);
    expect([slow.line.held, slow.lost]).toEqual([2, ['full', 'full', 'full']]);
    // The first is on the link then, and there is room for another.
    slow.clock.advance(100);
    slow.line.take(new Uint8Array(100));
    expect([slow.passed.length, slow.line.held, slow.lost.length]).toEqual([0, 3, 3]);
    // Whose sender has no speed any more holds nothing back.
    slow.line.quality = {};
    slow.line.take(new Uint8Array(200));
    expect(slow.lost.length).toBe(3);
    for (const { clock, line } of [few, light, slow]) {
      clock.advance(1000);
      expect([line.held, line.octets]).toEqual([0, 0]);
    }
  });
});
