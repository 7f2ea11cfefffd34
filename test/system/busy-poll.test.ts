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
});
