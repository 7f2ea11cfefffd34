import { describe, expect, it } from 'vitest';
import { Deadlines } from '../../../src/star/node/deadlines.ts';
import { ManualClock } from '../../manual-clock.ts';

describe('deadlines', () => {
  const open = (): { clock: ManualClock; deadlines: Deadlines<string>; passed: string[] } => {
    const clock = new ManualClock();
    const passed: string[] = [];
    return { clock, passed, deadlines: new Deadlines(clock, 1000, (item) => void passed.push(item)) };
  };

  it('pass each at its own time, by one timer', () => {
    const { clock, deadlines, passed } = open();
    deadlines.begin('a');
    clock.advance(300);
    deadlines.begin('b');
    deadlines.begin('c');
    expect(clock.timers).toBe(1);
    clock.advance(699);
    expect(passed).toEqual([]);
    clock.advance(1);
    expect(passed).toEqual(['a']);
    clock.advance(299);
    expect(passed).toEqual(['a']);
    clock.advance(1);
    expect([passed, clock.timers]).toEqual([['a', 'b', 'c'], 0]);
  });

  it('that were ended do not pass, also those that another one ends', () => {
    const clock = new ManualClock();
    const passed: string[] = [];
    const deadlines = new Deadlines<string>(clock, 1000, (item) => {
      passed.push(item);
      deadlines.end('c');
      if (passed.length === 1) deadlines.begin('d');
    });
    for (const item of ['a', 'b', 'c']) deadlines.begin(item);
    deadlines.end('a');
    clock.advance(1000);
    expect([passed, clock.timers]).toEqual([['b'], 1]);
    clock.advance(1000);
    expect([passed, clock.timers]).toEqual([['b', 'd'], 0]);
  });

  it('leave no timer when all were ended', () => {
    const { clock, deadlines, passed } = open();
    deadlines.begin('a');
    deadlines.end('a');
    expect(clock.timers).toBe(0);
    deadlines.begin('b');
    deadlines[Symbol.dispose]();
    clock.advance(5000);
    expect([passed, clock.timers]).toEqual([[], 0]);
  });
});
