import { describe, expect, it } from 'vitest';
import { Backlog, BacklogBudget } from '../../../src/ports/pure/backlog.ts';
import { frameOf, sameFrames } from '../rig.ts';

/** Returns all that waits, in order, as if a peer read it. */
function drain(backlog: Backlog): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let some = backlog.first(); some.length > 0; some = backlog.first()) {
    frames.push(...some.map((frame) => frame.slice()));
    backlog.shift(some.length);
  }
  return frames;
}

describe('a backlog', () => {
  it('keeps copies, in order', () => {
    const backlog = new Backlog(new BacklogBudget());
    const frame = frameOf(60);
    backlog.add(frame);
    backlog.add(frameOf(61));
    frame.fill(0xa5);
    expect(backlog.first()).toEqual([frameOf(60), frameOf(61)]);
    backlog.shift(1);
    expect(backlog.count).toBe(1);
    expect(backlog.first()).toEqual([frameOf(61)]);
  });

  it('keeps frames of every size, also while some are sent in between', () => {
    const budget = new BacklogBudget();
    const backlog = new Backlog(budget);
    const frames = Array.from({ length: 600 }, (_, i) => frameOf(14 + ((i * 97) % 9221), i));
    const sent: Uint8Array[] = [];
    for (const [i, frame] of frames.entries()) {
      expect(backlog.add(frame)).toBeUndefined();
      if (i % 3 > 0) continue;
      sent.push(
        ...backlog
          .first()
          .slice(0, 2)
          .map((sending) => sending.slice()),
      );
      backlog.shift(Math.min(backlog.first().length, 2));
    }
    sent.push(...drain(backlog));
    expect(sameFrames(sent, frames)).toBe(true);
    expect(budget.used).toBe(0);
  });

  it('is bounded in frames and in octets', () => {
    const budget = new BacklogBudget();
    const few = new Backlog(budget, { frames: 2 });
    expect([1, 2, 3].map(() => few.add(frameOf(60)))).toEqual([undefined, undefined, 'backlog-full']);
    const small = new Backlog(budget, { octets: 100 });
    expect([1, 2].map(() => small.add(frameOf(60)))).toEqual([undefined, 'backlog-full']);
  });

  it('holds no more memory, with all others together, than the budget says', () => {
    const budget = new BacklogBudget({ budget: 100_000 });
    const backlogs = Array.from({ length: 10 }, () => new Backlog(budget));
    const kept = backlogs.map((backlog) => {
      let frames = 0;
      while (backlog.add(frameOf(1000)) === undefined) frames++;
      return frames;
    });
    expect(budget.used).toBeLessThanOrEqual(100_000);
    // Most of it is frames, not room for some.
    expect(kept.reduce((sum, frames) => sum + frames, 0)).toBeGreaterThan(85);
    expect(backlogs[0]?.add(frameOf(1000))).toBe('budget-full');
    backlogs[0]?.clear();
    expect(backlogs[9]?.add(frameOf(1000))).toBeUndefined();
  });

  it('takes the place of those who have more than their share, who keep what came first', () => {
    const budget = new BacklogBudget({ budget: 2 ** 20 });
    const lost = [0, 0, 0];
    const stalled = lost.map((_, i) => new Backlog(budget, {}, (frames) => (lost[i] = (lost[i] ?? 0) + frames)));
    const kept = stalled.map((backlog, i) => {
      let frames = 0;
      while (backlog.add(frameOf(500, i + 3 * frames)) === undefined) frames++;
      return frames;
    });
    // The first had all there was; those that came later have what they have from it.
    expect(budget.used).toBeGreaterThan(0.9 * budget.limit);
    expect(Math.min(...stalled.map(({ held }) => held))).toBeGreaterThan(0.2 * budget.limit);
    const late = new Backlog(budget);
    const burst = Array.from({ length: 400 }, (_, i) => frameOf(500, i));
    for (const frame of burst) expect(late.add(frame)).toBeUndefined();
    expect(sameFrames(drain(late), burst)).toBe(true);
    for (const [i, backlog] of stalled.entries()) {
      const left = backlog.count;
      expect(left).toBe((kept[i] ?? 0) - (lost[i] ?? 0));
      const first = Array.from({ length: left }, (_, frame) => frameOf(500, i + 3 * frame));
      expect(sameFrames(drain(backlog), first)).toBe(true);
    }
    expect(budget.used).toBe(0);
  });

  it('gets the memory that another gave back', () => {
    const budget = new BacklogBudget({ budget: 2 ** 20 });
    const memories = new Set<ArrayBufferLike>();
    for (let round = 0; round < 100; round++) {
      const backlog = new Backlog(budget);
      for (let i = 0; i < 500; i++) backlog.add(frameOf(14 + ((i * 97) % 9221), i));
      for (let some = backlog.first(); some.length > 0; some = backlog.first()) {
        for (const { buffer } of some) memories.add(buffer);
        backlog.shift(some.length);
      }
    }
    const octets = [...memories].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(octets).toBeLessThanOrEqual(budget.limit);
  });

  it('has the bounds that the budget says, unless told otherwise', () => {
    const budget = new BacklogBudget({ frames: 2, octets: 150 });
    const backlog = new Backlog(budget);
    expect([60, 90, 60].map((size) => backlog.add(frameOf(size)))).toEqual([undefined, undefined, 'backlog-full']);
    expect(new Backlog(budget).add(frameOf(151))).toBe('backlog-full');
    expect(new Backlog(budget, { octets: 200 }).add(frameOf(151))).toBeUndefined();
  });

  it('gives back what it held', () => {
    const budget = new BacklogBudget();
    const backlog = new Backlog(budget);
    for (let size = 14; size < 100; size++) backlog.add(frameOf(size));
    backlog.shift(20);
    expect(backlog.clear()).toBe(66);
    expect(budget.used).toBe(0);
    backlog.shift(10);
    expect(backlog.clear()).toBe(0);
    expect(budget.used).toBe(0);
  });
});

describe('the age of what waits', () => {
  /** Returns a backlog in which nothing waits longer than two seconds, and what was dropped. */
  function aged(): { budget: BacklogBudget; backlog: Backlog; dropped: [number, string][] } {
    const budget = new BacklogBudget({ age: 2000, frames: 100 });
    const dropped: [number, string][] = [];
    return { budget, backlog: new Backlog(budget, {}, (frames, why) => dropped.push([frames, why])), dropped };
  }

  it('is bounded: the frames that came too long ago are dropped and counted, and no others', () => {
    const { budget, backlog, dropped } = aged();
    for (let i = 0; i < 50; i++) {
      budget.now = i * 100;
      expect(backlog.add(frameOf(1514, i))).toBeUndefined();
    }
    budget.now = 5050;
    const kept = Array.from({ length: 19 }, (_, i) => frameOf(1514, 31 + i));
    expect(sameFrames(drain(backlog), kept)).toBe(true);
    expect(dropped.reduce((sum, [frames]) => sum + frames, 0)).toBe(31);
    expect(new Set(dropped.map(([, why]) => why))).toEqual(new Set(['backlog-age']));
    expect([backlog.count, backlog.octets, backlog.held, budget.used]).toEqual([0, 0, 0, 0]);
  });

  it('makes room for new frames where old ones fill it', () => {
    const { budget, backlog, dropped } = aged();
    for (let i = 0; i < 100; i++) backlog.add(frameOf(60, i));
    expect(backlog.add(frameOf(61))).toBe('backlog-full');
    budget.now = 2001;
    expect(backlog.add(frameOf(61))).toBeUndefined();
    expect(backlog.first()).toEqual([frameOf(61)]);
    expect(dropped).toEqual([[100, 'backlog-age']]);
  });

  it('does not matter while it is exactly that, or where there is none', () => {
    const { budget, backlog, dropped } = aged();
    backlog.add(frameOf(60));
    budget.now = 2000;
    expect(backlog.first()).toEqual([frameOf(60)]);
    const other = new BacklogBudget();
    const forEver = new Backlog(other);
    forEver.add(frameOf(60));
    other.now = 1e9;
    expect(forEver.first()).toEqual([frameOf(60)]);
    expect(dropped).toEqual([]);
  });
});
