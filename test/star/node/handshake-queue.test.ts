import { describe, expect, it } from 'vitest';
import { HandshakeQueue, type Turn } from '../../../src/star/node/handshake-queue.ts';
import { WorkBudget } from '../../../src/star/node/work-budget.ts';
import { ManualClock } from '../../manual-clock.ts';

/** Work that takes a time by the clock. */
const work = (clock: ManualClock, milliseconds: number) => (): void => clock.advance(milliseconds);

describe('a budget of work', () => {
  it('lets a tenth of the time be used, and a burst', () => {
    const clock = new ManualClock();
    const budget = new WorkBudget(clock, { start: 0 });
    clock.advance(10_000);
    let used = 0;
    const began = clock.monotonic();
    while (clock.monotonic() - began < 10_000) {
      if (budget.wait() > 0) clock.advance(budget.wait());
      else {
        budget.spend(work(clock, 1));
        used++;
      }
    }
    expect(used).toBeGreaterThanOrEqual(1000);
    expect(used).toBeLessThanOrEqual(1025);
  });

  it('may be used without a limit for its first second of work', () => {
    const clock = new ManualClock();
    const budget = new WorkBudget(clock);
    let used = 0;
    for (; budget.wait() === 0; used++) budget.spend(work(clock, 1));
    expect(used).toBeGreaterThanOrEqual(1000);
    expect(used).toBeLessThan(1010);
  });

  it('charges work that throws', () => {
    const clock = new ManualClock();
    const budget = new WorkBudget(clock, { start: 1 });
    const failing = (): void => {
      clock.advance(4);
      throw new Error('it fails');
    };
    expect(() => budget.spend(failing)).toThrow('it fails');
    expect(budget.wait()).toBe(36);
  });

  it('charges a piece with 5 ms at most: the rest was the time of others', () => {
    const clock = new ManualClock();
    const budget = new WorkBudget(clock, { start: 0 });
    budget.spend(work(clock, 1000));
    expect(budget.wait()).toBeLessThanOrEqual(60);
  });

  it('leaves half of what is saved up to urgent work', () => {
    const clock = new ManualClock();
    const budget = new WorkBudget(clock, { start: 0 });
    clock.advance(1000);
    let used = 0;
    for (; budget.wait(false) === 0; used++) budget.spend(work(clock, 1));
    expect(used).toBeGreaterThanOrEqual(10);
    expect(used).toBeLessThan(13);
    expect(budget.wait()).toBe(0);
  });
});

describe('a queue of handshakes', () => {
  it('does one piece in each turn, those of familiar origins first, and those that go on, in the order of coming', () => {
    const clock = new ManualClock();
    const queue = new HandshakeQueue(clock);
    const done: string[] = [];
    const turn = (name: string, familiar: boolean, isBegun = false): Turn => ({ familiar, isBegun, run: () => void done.push(name) });
    const dropped = turn('dropped', true);
    for (const one of ['stranger 1', 'stranger 2']) queue.add(turn(one, false));
    for (const one of ['stranger 3', 'stranger 4']) queue.add(turn(one, false, true));
    queue.add(dropped);
    for (const one of ['member 1', 'member 2']) queue.add(turn(one, true));
    queue.add(turn('member 3', true, true));
    queue.remove(dropped);
    expect(done).toEqual([]);
    clock.advance(0);
    expect(done).toEqual(['member 3', 'member 1', 'member 2', 'stranger 3', 'stranger 4', 'stranger 1', 'stranger 2']);
    expect(clock.timers).toBe(0);
  });

  it('lets a familiar one go on while strangers wait for time', () => {
    const clock = new ManualClock();
    const queue = new HandshakeQueue(clock, { start: 0 });
    const done: string[] = [];
    const stranger = {
      familiar: false,
      isBegun: false,
      run(): void {
        clock.advance(1);
        done.push('stranger');
        queue.add(stranger);
      },
    };
    queue.add(stranger);
    clock.advance(10_000);
    const before = done.length;
    queue.add({ familiar: true, isBegun: false, run: () => void done.push('member') });
    clock.advance(0);
    expect(done.slice(before)).toEqual(['member']);
    queue[Symbol.dispose]();
    expect(clock.timers).toBe(0);
  });

  it('waits while its share of the time is used up', () => {
    const clock = new ManualClock();
    const queue = new HandshakeQueue(clock, { start: 1 });
    let done = 0;
    const again = {
      familiar: false,
      isBegun: true,
      run(): void {
        done++;
        clock.advance(2);
        queue.add(again);
      },
    };
    queue.add(again);
    clock.advance(10_000);
    expect(done).toBeGreaterThan(450);
    expect(done).toBeLessThan(520);
    queue[Symbol.dispose]();
    expect(clock.timers).toBe(0);
  });
});
