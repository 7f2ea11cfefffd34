import { describe, expect, it, vi } from 'vitest';
import { lab, play, recording } from '../../src/lab/lab.ts';
import { broadcast } from './frames.ts';

/** Goes on after as many microtasks, and ticks of Node's, as programs may need. */
async function later(): Promise<void> {
  for (let n = 0; n < 100; n++) await Promise.resolve();
  await new Promise((resolve) => process.nextTick(resolve));
  for (let n = 0; n < 100; n++) await Promise.resolve();
}

describe('an asynchronous program', () => {
  it('goes on at the instant at which it was called', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    const [a, b] = [net.host('a', s1), net.host('b', s1)];
    let at: number | undefined;
    a.after(10, async () => {
      await later();
      at = net.now;
    });
    const asking = a.udp();
    b.udp(7, async ({ from, port, text }, socket) => {
      await later();
      socket.send(from, port, text);
    });
    const station = net.station('x', s1, {
      receive: async () => {
        await later();
        heard.push(net.now);
      },
    });
    const heard: number[] = [];
    await net.run({ milliseconds: 100 });
    asking.send(b, 7, 'ping');
    await net.runUntil(() => asking.received.length > 0);
    expect(at).toBe(10);
    expect(net.now).toBeLessThan(101);
    expect(heard).toEqual(station.received.map(({ time }) => time));
  });

  it('ends the run by what it rejects with, as one that throws does', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    const a = net.host('a', s1);
    const fail = async (): Promise<void> => {
      await later();
      throw new Error('the program has failed');
    };
    a.after(1500, fail);
    await expect(net.run({ seconds: 5 })).rejects.toThrow('the program has failed');
    expect(net.now).toBe(1500);
    await net.run({ seconds: 5 });
    a.every(1000, fail);
    await expect(net.run({ seconds: 5 })).rejects.toThrow('the program has failed');
    expect(net.now).toBe(7500);
    net.station('x', s1, { receive: fail });
    net.station('y', s1).send(broadcast());
    await expect(net.quiesce()).rejects.toThrow('the program has failed');
  });

  it('tells what it has failed with at the next run, when it did so between two', async () => {
    using net = lab();
    let tell: (error: Error) => void = () => undefined;
    net.host('a', net.switch('s1')).after(0, () => new Promise((_, reject) => (tell = reject)));
    await net.run({ seconds: 1 });
    tell(new Error('too late'));
    await later();
    await expect(net.run({ seconds: 1 })).rejects.toThrow('too late');
  });

  it('does not fail in silence when the network is disposed', async () => {
    const net = lab();
    net.host('a', net.switch('s1')).after(0, () => Promise.reject(new Error('nobody was told')));
    play('run 1', {}, net);
    await later();
    const unhandled = new Promise((resolve) => {
      const others = process.rawListeners('unhandledRejection');
      process.removeAllListeners('unhandledRejection');
      process.once('unhandledRejection', (error) => {
        for (const one of others) process.on('unhandledRejection', one as NodeJS.UnhandledRejectionListener);
        resolve(error);
      });
    });
    net[Symbol.dispose]();
    expect(String(await unhandled)).toBe('Error: nobody was told');
  });

  it('sees others who wait at the time for which they wait', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    const hosts = Array.from({ length: 3 }, (_, n) => net.host(`h${n}`, s1, { latency: n + 1 }));
    const [a, b, c] = hosts;
    if (!a || !b || !c) throw new Error('there are three');
    const times: unknown[] = [];
    await Promise.all([
      net.run({ seconds: 1 }).then(() => times.push(net.now)),
      a.ping(b).then((time) => times.push([time, net.now])),
      net.run({ seconds: 3 }).then(() => times.push(net.now)),
      b.ping(c).then((time) => times.push([time, net.now])),
      net.run({ seconds: 2 }).then(() => times.push(net.now)),
    ]);
    expect(times).toEqual([[9, 9], [15, 15], 1000, 2000, 3000]);
    expect(net.now).toBe(3000);
  });

  it('cannot let time pass while it is called', async () => {
    using net = lab();
    const a = net.host('a', net.switch('s1'));
    a.after(5, () => net.run({ seconds: 1 }));
    await expect(net.run({ seconds: 1 })).rejects.toThrow('cannot let time pass from within a callback');
  });

  it('gives a run that is repeated from its recording, octet by octet', async () => {
    using net = lab({ seed: 3, record: true });
    const { hosts } = net.star(2, { link: { latency: 3, loss: 5 } });
    const [a, b] = hosts;
    if (!a || !b) throw new Error('there are three');
    b.udp(7, async ({ from, port, text }, socket) => {
      await later();
      socket.send(from, port, `${text}!`);
      await Promise.resolve();
      socket.send(from, port, `${text}!!`);
    });
    await net.run({ seconds: 10 });
    const asking = a.udp();
    a.every(700, async () => {
      await Promise.resolve();
      asking.send(b, 7, 'x');
      await later();
      asking.send(b, 7, 'y');
    });
    await net.run({ seconds: 20 });
    expect(asking.received.length).toBeGreaterThan(80);
    const text = recording(net);
    using again = play(text);
    expect(recording(again)).toBe(text);
  });

  it('is waited for only where there is one: a run of switches alone is made in one turn', async () => {
    using net = lab();
    net.ring(4);
    void net.run({ seconds: 60 });
    for (let n = 0; n < 10; n++) await Promise.resolve();
    expect(net.now).toBe(60_000);
  });

  it('goes on also while a test keeps the time of the machine', async () => {
    vi.useFakeTimers({ toFake: ['setImmediate', 'setTimeout', 'queueMicrotask'] });
    try {
      using net = lab();
      let at = 0;
      net.host('a', net.switch('s1')).after(10, async () => {
        await Promise.resolve();
        at = net.now;
      });
      await net.run({ seconds: 1 });
      expect(at).toBe(10);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('what is waited for', () => {
  it('may be a promise that comes of the network', async () => {
    using net = lab();
    const a = net.host('a', net.switch('s1'));
    const later = new Promise<string>((resolve) => a.after(1500, () => resolve('now')));
    expect(await net.runUntil(later)).toBe('now');
    expect(net.now).toBe(1500);
    expect(await net.runUntil(Promise.resolve(5))).toBe(5);
    expect(net.now).toBe(1500);
    const failing = new Promise((_, reject) => a.after(10, () => reject(new Error('it failed'))));
    await expect(net.runUntil(failing)).rejects.toThrow('it failed');
    expect(net.now).toBe(1510);
    await expect(net.runUntil(new Promise(() => undefined), { seconds: 1 })).rejects.toThrow(
      'the promise was not settled within 1 s; wait longer',
    );
  });

  it('is refused where it could never be', async () => {
    using net = lab();
    const never = async (): Promise<boolean> => Promise.resolve(false);
    await expect(net.runUntil(never as unknown as () => boolean)).rejects.toThrow('the condition is asynchronous: it returns a promise; ');
    await expect(net.runUntil(5 as unknown as () => boolean)).rejects.toThrow(
      'cannot run until 5; give a function that returns true or false, or a',
    );
    expect(net.now).toBe(0);
  });
});
