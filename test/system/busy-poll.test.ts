import { describe, expect, it } from 'vitest';
import { BusyPoll, shortSleep } from '../../src/system/busy-poll.ts';

describe('looking for more before sleeping', () => {
  it('costs nothing on a quiet network', () => {
    const busyPoll = new BusyPoll();
    expect(busyPoll.window).toBe(0);
    busyPoll.slept(10);
    expect(busyPoll.window).toBe(0);
  });

  it('goes on longer while sleeps turn out short, up to a bound, and stops at the first long one', () => {
    const busyPoll = new BusyPoll();
    const windows = Array.from({ length: 6 }, () => {
      busyPoll.slept(shortSleep / 2);
      return busyPoll.window;
    });
    expect(windows).toEqual([0.01, 0.02, 0.04, 0.05, 0.05, 0.05]);
    busyPoll.slept(shortSleep * 1.01);
    expect(busyPoll.window).toBe(0);
  });

  it('pauses while something is awaited that is not found by looking, and goes on as before', () => {
    const busyPoll = new BusyPoll();
    looked(busyPoll, 4);
    const [first, second] = [busyPoll.pause(), busyPoll.pause()];
    expect(busyPoll.window).toBe(0);
    first[Symbol.dispose]();
    expect(busyPoll.window).toBe(0);
    second[Symbol.dispose]();
    expect(busyPoll.window).toBe(0.05);
  });

  /** Of so many short sleeps in a row, how long was looked before each, in milliseconds. */
  function looked(busyPoll: BusyPoll, sleeps: number): number {
    let sum = 0;
    for (let i = 0; i < sleeps; i++) {
      sum += busyPoll.window;
      busyPoll.slept(shortSleep / 2);
    }
    return sum;
  }

  it('rests where it is always in vain, longer and longer', () => {
    const busyPoll = new BusyPoll();
    looked(busyPoll, 2_000);
    expect(looked(busyPoll, 10_000) / (10_000 * (shortSleep / 2))).toBeLessThan(0.01);
  });

  it('looks on where it finds something', () => {
    const busyPoll = new BusyPoll();
    looked(busyPoll, 2_000);
    busyPoll.found();
    let windows = 0;
    for (let i = 0; i < 2_000; i++) {
      busyPoll.slept(shortSleep / 2);
      if (busyPoll.window > 0) windows++;
      busyPoll.found();
    }
    expect(windows).toBeGreaterThan(900);
  });
});
