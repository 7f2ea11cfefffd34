import { describe, expect, it } from 'vitest';
import { SkewedClock } from '../../src/lab/skewed-clock.ts';
import { Timeline } from '../../src/lab/timeline.ts';

describe('a clock that is wrong', () => {
  it('is right at first', () => {
    const timeline = new Timeline();
    const clock = new SkewedClock(timeline);
    timeline.advance(1234);
    expect([clock.monotonic(), clock.wall()]).toEqual([timeline.monotonic(), timeline.wall()]);
  });

  it('gains what its rate says, and its timers come so much earlier', () => {
    const timeline = new Timeline();
    const clock = new SkewedClock(timeline);
    timeline.advance(1000);
    const skew = clock.skew({ rate: 2 });
    let rang = 0;
    clock.after(600, () => (rang = timeline.now));
    timeline.advance(2000);
    expect([clock.monotonic(), rang]).toEqual([3000, 1300]);
    skew[Symbol.dispose]();
    timeline.advance(2500);
    expect(clock.monotonic()).toBe(3500);
  });

  it('shows another time on its wall while nobody sets it right', () => {
    const timeline = new Timeline();
    const clock = new SkewedClock(timeline);
    const hour = clock.skew({ wall: 3600 });
    const back = clock.skew({ wall: -60 });
    expect(clock.wall() - timeline.wall()).toBe(3_540_000);
    expect(clock.monotonic()).toBe(timeline.monotonic());
    hour[Symbol.dispose]();
    back[Symbol.dispose]();
    expect(clock.wall()).toBe(timeline.wall());
  });
});
