import { describe, expect, it } from 'vitest';
import { FarLife } from '../../src/ports/stream/far-life.ts';
import { ManualClock } from '../manual-clock.ts';

/** Returns a judge, and a beat that comes `late` milliseconds after its time. */
function judged(deadAfter: number): { life: FarLife; beat: (late?: number) => number | undefined } {
  const clock = new ManualClock();
  const life = new FarLife({ clock, deadAfter, socket: undefined });
  return {
    life,
    beat(late = 0) {
      clock.advance(1000 + late);
      return life.beat();
    },
  };
}

describe('a far end', () => {
  it.each([2000, 5000, 30_000])('is dead after a silence of %d ms, and not before', (deadAfter) => {
    const { life, beat } = judged(deadAfter);
    const seconds = deadAfter / 1000;
    for (let second = 1; second < seconds; second++) expect(beat()).toBeUndefined();
    life.heard();
    for (let second = 1; second < seconds; second++) expect(beat()).toBeUndefined();
    expect(beat()).toBe(seconds);
  });

  it('is not judged by beats that come late, however many', () => {
    const { beat } = judged(2000);
    expect(beat(3_600_000)).toBeUndefined();
    for (let i = 0; i < 20; i++) expect(beat(300 + 100 * i)).toBeUndefined();
    expect(beat(100)).toBe(22);
  });
});
