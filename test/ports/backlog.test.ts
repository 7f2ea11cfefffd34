import { describe, expect, it } from 'vitest';
import { Backlog, BacklogBudget } from '../../src/ports/backlog.ts';
import { frameOf } from './rig.ts';

describe('a backlog', () => {
  it('keeps copies, in order', () => {
    const backlog = new Backlog(new BacklogBudget());
    const frame = frameOf(60);
    backlog.add(frame);
    backlog.add(frameOf(61));
    frame.fill(0xa5);
    expect(backlog.waiting).toEqual([frameOf(60), frameOf(61)]);
    backlog.shift(1);
    expect(backlog.waiting).toEqual([frameOf(61)]);
  });

  it('is bounded in frames, in octets, and by what all may keep together', () => {
    const budget = new BacklogBudget(1000);
    const few = new Backlog(budget, { frames: 2 });
    expect([1, 2, 3].map(() => few.add(frameOf(60)))).toEqual([undefined, undefined, 'backlog-full']);
    const small = new Backlog(budget, { octets: 100 });
    expect([1, 2].map(() => small.add(frameOf(60)))).toEqual([undefined, 'backlog-full']);
    const third = new Backlog(budget);
    expect(third.add(frameOf(820))).toBeUndefined();
    expect(third.add(frameOf(14))).toBe('budget-full');
    expect(budget.used).toBe(1000);
  });

  it('gives back what it held', () => {
    const budget = new BacklogBudget();
    const backlog = new Backlog(budget);
    for (let size = 14; size < 100; size++) backlog.add(frameOf(size));
    backlog.shift(40);
    expect(backlog.clear()).toBe(46);
    expect(budget.used).toBe(0);
    backlog.shift(10);
    expect(backlog.clear()).toBe(0);
    expect(budget.used).toBe(0);
  });
});
