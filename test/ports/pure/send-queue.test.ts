import { describe, expect, it } from 'vitest';
import { BacklogBudget } from '../../../src/ports/pure/backlog.ts';
import { newPortCounters, type PortCounters } from '../../../src/ports/pure/port.ts';
import { SendQueue, type SendRefusal, type Sink } from '../../../src/ports/pure/send-queue.ts';
import { frameOf, sameFrames } from '../rig.ts';

/** A medium that has room for some frames. */
class Medium implements Sink {
  readonly sent: Uint8Array[] = [];
  /** How often it was asked. */
  asked = 0;
  kept = 0;
  room = 0;
  refusal: SendRefusal | undefined;

  send(frames: readonly Uint8Array[], from: number): number | SendRefusal {
    this.asked++;
    if (this.refusal) return this.refusal;
    const taken = frames.slice(from, from + this.room);
    this.room -= taken.length;
    this.sent.push(...taken.map((frame) => frame.slice()));
    return taken.length;
  }

  resume(): void {
    this.kept = 0;
  }
}

function stage(frames = 100): { medium: Medium; queue: SendQueue; counters: PortCounters; budget: BacklogBudget; told: boolean[] } {
  const medium = new Medium();
  const counters = newPortCounters();
  const budget = new BacklogBudget();
  const told: boolean[] = [];
  const queue = new SendQueue({ sink: medium, counters, budget, limits: { frames }, blocked: (blocked) => told.push(blocked) });
  return { medium, queue, counters, budget, told };
}

const frames = Array.from({ length: 10 }, (_, i) => frameOf(60 + i));

describe('a send queue', () => {
  it('hands over what was added by the flush and not before, all at once', () => {
    const { medium, queue, counters, told } = stage();
    medium.room = 10;
    for (const frame of frames) queue.add(frame);
    expect(medium.asked).toBe(0);
    queue.flush();
    queue.flush();
    expect(medium.asked).toBe(1);
    expect(sameFrames(medium.sent, frames)).toBe(true);
    expect(counters).toMatchObject({ sentFrames: 10, sentOctets: 645 });
    expect(told).toEqual([]);
  });

  it('keeps copies of what has no room, in order, and says when something waits and when nothing does', () => {
    const { medium, queue, budget, told } = stage();
    const borrowed = frames.map((frame) => frame.slice());
    for (const [i, frame] of borrowed.entries()) {
      medium.room = i === 0 ? 1 : 0;
      queue.add(frame);
      queue.flush();
      frame.fill(0xa5);
    }
    expect([queue.blocked, queue.count, queue.waiting]).toEqual([true, 9, 585]);
    expect(told).toEqual([true]);
    medium.room = 4;
    queue.drain();
    expect([queue.count, told]).toEqual([5, [true]]);
    // There is room, but those that wait leave first.
    medium.room = 10;
    queue.add(frameOf(100));
    queue.flush();
    queue.drain();
    expect(sameFrames(medium.sent, [...frames, frameOf(100)])).toBe(true);
    expect([queue.blocked, told, budget.used]).toEqual([false, [true, false], 0]);
  });

  it('takes nothing from a sink that keeps something, until that has gone', () => {
    const { medium, queue, told } = stage();
    medium.kept = 500;
    queue.add(frameOf(60));
    queue.flush();
    expect([medium.asked, queue.waiting, told]).toEqual([0, 560, [true]]);
    medium.room = 1;
    queue.drain();
    expect([medium.sent.length, queue.waiting, told]).toEqual([1, 0, [true, false]]);
  });

  it('counts what the sink refuses, as many as it says, and goes on behind them', () => {
    const { medium, queue, counters } = stage();
    medium.refusal = { why: 'no-carrier', frames: 3 };
    for (const frame of frames.slice(0, 6)) queue.add(frame);
    queue.flush();
    expect([medium.asked, counters.drops['no-carrier'], counters.sentFrames, queue.count]).toEqual([2, 6, 0, 0]);
  });

  it('drops what waits and what was added, counts it, and goes on', () => {
    const { medium, queue, counters, told } = stage();
    queue.add(frameOf(60));
    queue.flush();
    queue.add(frameOf(61));
    queue.drop('port-down');
    expect([counters.drops['port-down'], queue.count, told]).toEqual([2, 0, [true, false]]);
    medium.room = 1;
    queue.add(frameOf(62));
    queue.flush();
    expect(sameFrames(medium.sent, [frameOf(62)])).toBe(true);
  });

  it('keeps nothing when its port ends while it sends', () => {
    const { medium, queue, budget } = stage();
    const send = medium.send.bind(medium);
    medium.send = (...offered): number | SendRefusal => {
      queue[Symbol.dispose]();
      return send(...offered);
    };
    queue.add(frameOf(60));
    queue.flush();
    expect([queue.count, budget.used]).toEqual([0, 0]);
  });

  it('counts what is too short, too long, or beyond its bounds', () => {
    const { queue, counters } = stage(1);
    queue.longest = 100;
    for (const size of [13, 14, 100, 101]) queue.add(frameOf(size));
    queue.flush();
    expect(counters.drops).toMatchObject({ runt: 1, oversize: 1, 'backlog-full': 1 });
  });
});
