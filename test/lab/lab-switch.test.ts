import { describe, expect, it } from 'vitest';
import { lab } from '../../src/lab/lab.ts';
import type { Speak } from '../../src/plane/stations.ts';
import { vid } from '../../src/wire/dot1q.ts';
import { disposing, housesStations, lends, NotedPort } from '../plane/conformance.ts';
import { broadcast } from './frames.ts';

lends('a switch of the lab', () => {
  const at = disposing(lab()).switch('s1');
  const [first, second, third] = [new NotedPort(), new NotedPort(), new NotedPort()];
  for (const port of [first, second, third]) at.plug(port);
  return {
    breath: at.breath,
    release: at.release,
    send: (frame) => third.receiver?.receive(frame),
    flushes: () => [first.flushes.length, second.flushes.length],
    fail: (error) => (first.failing = error),
  };
});

housesStations('a switch of the lab', () => {
  const at = disposing(lab()).switch('s1', { vlans: [5, 6, 7] });
  const port = new NotedPort();
  at.plug(port);
  return {
    breath: at.breath,
    port,
    add: ({ vlans = [vid(0)], ...resident }) => {
      let speak: Speak = () => undefined;
      at.house(vlans, (given) => {
        speak = given;
        return { ...resident, [Symbol.dispose]: () => undefined };
      });
      return (frame) => speak(frame);
    },
  };
});

describe('a switch of the lab', () => {
  it('forgets all when it crashes, and comes back as it was configured', async () => {
    using net = lab();
    const s1 = net.switch('s1', { vlans: [5], priority: 7 });
    const [a, b] = [net.station('a', s1, { vlan: 5 }), net.station('b', s1, { tagged: [5] })];
    a.send(broadcast());
    await net.quiesce();
    expect([...s1.switch.entries()]).toHaveLength(1);
    {
      using _down = s1.crash();
      expect([s1.running, a.end?.link.up]).toEqual([false, false]);
      a.send(broadcast());
      await net.run({ seconds: 1 });
      expect(b.received).toHaveLength(1);
    }
    expect([...s1.switch.entries()]).toEqual([]);
    expect(s1.switch.vlans.members(vid(5))).toEqual([
      { port: 1, tagged: false, active: true, forwarding: true },
      { port: 2, tagged: true, active: true, forwarding: true },
    ]);
    a.send(broadcast());
    await net.quiesce();
    expect(b.received).toHaveLength(2);
  });

  it('is one root again after the root crashed, and again when that is back', async () => {
    using net = lab();
    const { switches } = net.ring(4);
    const root = (): Set<number> => new Set(switches.filter(({ running }) => running).map((one) => one.switch.fstp.state(vid(0)).root.mac));
    await net.run({ seconds: 30 });
    expect([...root()]).toEqual([switches[0]?.mac]);
    const outage = switches[0]?.crash();
    await net.run({ seconds: 60 });
    expect([...root()]).toEqual([switches[1]?.mac]);
    outage?.[Symbol.dispose]();
    await net.run({ seconds: 60 });
    expect([...root()]).toEqual([switches[0]?.mac]);
    expect(switches[1]?.treeChanges.length).toBeGreaterThan(0);
  });

  it('finds nobody who keeps what is lent, when that is poisoned', async () => {
    const heard = async (poison: boolean): Promise<unknown> => {
      using net = lab({ poison, record: true });
      const { hosts, switches } = net.star(3, { switch: { fstp: true, vlans: [5] } });
      net.station('x', switches[1], { tagged: [5] }).send(broadcast());
      await net.run({ seconds: 20 });
      return [net.fabric.trace.digest, hosts.map(({ address }) => address)];
    };
    expect(await heard(true)).toEqual(await heard(false));
  });

  it('is a hub where it shall be one', async () => {
    using net = lab();
    const hub = net.switch('hub', { hub: true });
    const [a, b, c] = [net.host('a', hub), net.host('b', hub), net.host('c', hub)];
    await net.run({ seconds: 10 });
    const before = c.received.length;
    expect(await a.ping(b)).toBeDefined();
    await net.quiesce();
    // Request and answer, of ARP and of ICMP: c hears everything.
    expect(c.received.length - before).toBe(4);
  });

  it('ages by its own clock, which may be fast', async () => {
    using net = lab();
    const [right, fast] = [net.switch('right', { ageingTime: 60_000 }), net.switch('fast', { ageingTime: 60_000 })];
    const [a, b] = [net.station('a', right), net.station('b', fast)];
    fast.skew({ rate: 2 });
    a.send(broadcast());
    b.send(broadcast());
    await net.run({ seconds: 40 });
    expect([[...right.switch.entries()].length, [...fast.switch.entries()].length]).toEqual([1, 0]);
  });
});
