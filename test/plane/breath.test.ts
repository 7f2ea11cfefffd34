import { describe, expect, it } from 'vitest';
import { BreathLoop } from '../../src/plane/breath.ts';
import { broadcastOf, lends, NotedPort } from './conformance.ts';

lends('a loop of breaths', () => {
  const loop = new BreathLoop();
  const [first, second] = [new NotedPort(), new NotedPort()];
  return {
    breath: loop.run,
    release: (done) => loop.release(done),
    send: (frame) => {
      for (const port of [first, second]) loop.give(port, frame);
    },
    flushes: () => [first.flushes.length, second.flushes.length],
    fail: (error) => (first.failing = error),
  };
});

describe('a loop of breaths', () => {
  it('calls its hooks once at both ends, the last when all is released', () => {
    const events: string[] = [];
    const loop = new BreathLoop({ begin: () => void events.push('begin'), end: () => void events.push('end') });
    loop.run(() => {
      loop.release(() => void events.push('release'));
      loop.run(() => void events.push('work'));
    });
    expect(events).toEqual(['begin', 'work', 'release', 'end']);
  });

  it('passes the first of several errors on, and forgets the others', () => {
    const loop = new BreathLoop({
      end: () => {
        throw new Error('end');
      },
    });
    const port = new NotedPort();
    port.failing = new Error('flush');
    const work = (): void => {
      loop.give(port, broadcastOf());
      loop.release(() => {
        throw new Error('release');
      });
      throw new Error('work');
    };
    expect(() => loop.run(work)).toThrow('work');
    expect(() => loop.run(() => undefined)).toThrow('end');
  });

  it('flushes a sender again that is touched after its flush', () => {
    const loop = new BreathLoop();
    let left = 3;
    const sender = {
      touched: false,
      flush: () => {
        if (--left > 0) loop.touch(sender);
      },
    };
    loop.run(() => loop.touch(sender));
    expect([left, sender.touched]).toEqual([0, false]);
  });
});
