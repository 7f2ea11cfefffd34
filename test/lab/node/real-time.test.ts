import { expect, it, vi } from 'vitest';
import { lab, type Network } from '../../../src/lab/lab.ts';
import { RealTime } from '../../../src/lab/node/real-time.ts';
import { ManualClock } from '../../manual-clock.ts';

/** Returns a network whose real time is moved by hand. */
function inRealTime(): { net: Network; clock: ManualClock; time: RealTime } {
  const net = lab();
  const clock = new ManualClock();
  return { net, clock, time: RealTime.use(net.fabric, clock) };
}

it('what is due happens when it is, though nobody runs the network', () => {
  const { net, clock, time } = inRealTime();
  const happened: number[] = [];
  net.fabric.timeline.after(250, () => happened.push(net.now));
  time.around(() => undefined);
  clock.advance(249);
  expect(happened).toEqual([]);
  clock.advance(2);
  expect(happened).toEqual([250]);
  time.leave();
});

it('what is due in months is not looked at all the time', () => {
  const { net, clock, time } = inRealTime();
  const looks = vi.spyOn(clock, 'after');
  net.fabric.timeline.after(100 * 86_400_000, () => undefined);
  time.around(() => undefined);
  const longest = 2 ** 31 - 1;
  expect(looks.mock.lastCall?.[0]).toBe(longest);
  looks.mockClear();
  clock.advance(longest);
  expect([looks.mock.calls.length, net.now]).toEqual([1, longest]);
  time.leave();
});

it('a run takes as long as it says, and ends when enough has happened', async () => {
  const { net, clock, time } = inRealTime();
  const ended: string[] = [];
  const [first, second] = [
    net.run({ milliseconds: 100 }).then(() => ended.push('100')),
    net.runUntil(() => net.now >= 20).then(() => ended.push('20')),
  ];
  net.station('a').after(20, () => undefined);
  clock.advance(50);
  await second;
  expect(ended).toEqual(['20']);
  clock.advance(50);
  await first;
  expect([ended, net.now]).toEqual([['20', '100'], 100]);
  time.leave();
});

it('what is done to the network is done at the time that it is', () => {
  const { net, clock, time } = inRealTime();
  const [a, b] = [net.station('a'), net.station('b')];
  net.link(a, b, { latency: 30 });
  clock.advance(1000);
  a.send(new Uint8Array(14));
  clock.advance(30);
  expect(b.received.map(({ time: at }) => at)).toEqual([1030]);
  time.leave();
});

it('what goes wrong is told whoever waits, the next one, or whoever leaves', async () => {
  const { net, clock, time } = inRealTime();
  const fail = (): void => {
    net.fabric.timeline.after(10, () => {
      throw new Error('a program is wrong');
    });
    time.around(() => undefined);
  };
  fail();
  const waiting = net.run({ seconds: 1 });
  clock.advance(10);
  await expect(waiting).rejects.toThrow('a program is wrong');
  fail();
  clock.advance(10);
  await expect(net.run({ seconds: 1 })).rejects.toThrow('a program is wrong');
  fail();
  clock.advance(10);
  expect(() => time.leave()).toThrow('a program is wrong');
});

it('the network has its own time again when the last user leaves', async () => {
  const { net, clock, time } = inRealTime();
  expect(RealTime.use(net.fabric, clock)).toBe(time);
  time.leave();
  clock.advance(100);
  const waiting = net.runUntil(() => false);
  time.leave();
  await expect(waiting).rejects.toThrow('the condition did not become true');
  expect(clock.timers).toBe(0);
  await net.run({ seconds: 5 });
  expect(net.now).toBe(5100);
});
