import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Happening } from '../../src/lab/agenda.ts';
import { Timeline } from '../../src/lab/timeline.ts';

describe('a timeline', () => {
  it('lets things happen in the order of their times, and of their scheduling where those are the same', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 200 }), (delays) => {
        const timeline = new Timeline();
        const happened: (readonly [number, number])[] = [];
        delays.forEach((delay, at) => timeline.after(delay, () => happened.push([timeline.now, at])));
        timeline.advance(20);
        const expected = delays.map((delay, at) => [delay, at] as const).sort(([a, i], [b, j]) => a - b || i - j);
        expect(happened).toEqual(expected);
      }),
    );
  });

  it('lets nothing happen that was cancelled, whatever else is scheduled and cancelled', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.boolean()), { maxLength: 200 }), (plans) => {
        const timeline = new Timeline();
        const happened: number[] = [];
        const timers = plans.map(([delay], at) => timeline.after(delay, () => happened.push(at)));
        plans.forEach(([, cancelled], at) => cancelled && timers[at]?.[Symbol.dispose]());
        timeline.advance(50);
        const kept = plans.flatMap(([delay, cancelled], at) => (cancelled ? [] : [{ delay, at }])).sort((a, b) => a.delay - b.delay);
        expect(happened).toEqual(kept.map(({ at }) => at));
        expect(timeline.next).toBe(Infinity);
      }),
    );
  });

  it('does not reach what is later than it is told to go', () => {
    const timeline = new Timeline();
    const happened: number[] = [];
    timeline.after(10, () => happened.push(timeline.now));
    timeline.advance(9.5);
    expect([happened, timeline.now, timeline.next]).toEqual([[], 9.5, 10]);
    timeline.advance(10);
    expect(happened).toEqual([10]);
  });

  it('stops at what is enough, without the rest of that instant', () => {
    const timeline = new Timeline();
    let count = 0;
    for (let n = 0; n < 5; n++) timeline.after(3, () => count++);
    expect(timeline.advance(10, () => count === 2)).toBe(true);
    expect([count, timeline.now]).toEqual([2, 3]);
    expect(timeline.advance(10, () => count === 9)).toBe(false);
    expect([count, timeline.now]).toEqual([5, 10]);
  });

  it('does what was deferred before the next happening, and calls back whoever is to be told after that', () => {
    const timeline = new Timeline();
    const order: string[] = [];
    timeline.after(1, () => {
      timeline.tell(() => order.push('told'));
      timeline.defer(() => {
        order.push('deferred');
        timeline.defer(() => order.push('deferred again'));
      });
      order.push('first');
    });
    timeline.after(1, () => order.push('second'));
    timeline.advance(1);
    expect(order).toEqual(['first', 'deferred', 'deferred again', 'told', 'second']);
  });

  it('says that an instant never ends, instead of never ending', () => {
    const timeline = new Timeline();
    const again = (): void => void timeline.after(0, again);
    again();
    expect(() => timeline.advance(1)).toThrow(/time does not get past 0 ms/);
    const deferred = new Timeline();
    const defer = (): void => deferred.defer(defer);
    defer();
    expect(() => deferred.advance(1)).toThrow(/time does not get past 0 ms/);
  });

  it('goes on after something has thrown', () => {
    const timeline = new Timeline();
    let happened = 0;
    timeline.after(1, () => {
      throw new Error('a bug');
    });
    timeline.after(1, () => happened++);
    expect(() => timeline.advance(5)).toThrow('a bug');
    timeline.advance(5);
    expect(happened).toBe(1);
  });

  it('schedules one happening again and again', () => {
    const timeline = new Timeline();
    const times: number[] = [];
    class Tick extends Happening {
      happen(): void {
        times.push(timeline.now);
        if (timeline.now < 30) timeline.schedule(this, timeline.now + 10);
      }
    }
    timeline.schedule(new Tick(), 10);
    timeline.advance(100);
    expect(times).toEqual([10, 20, 30]);
  });

  it('passes by the shortest of waits, also where it is too late to tell them', () => {
    const time = new Timeline();
    time.advance(67_084.775_127_333_41);
    const times = [time.now];
    const again = (): void => {
      times.push(time.now);
      if (times.length < 10) time.after(1e-13, again);
    };
    time.after(1e-13, again);
    time.advance(67_085);
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
    expect(times).toHaveLength(10);
  });
});
