import { describe, expect, it } from 'vitest';
import { lab, type LabStation, type Network } from '../../src/lab/lab.ts';
import { addTag } from '../../src/wire/dot1q.ts';
import { broadcast } from './frames.ts';

function pair(): { net: Network; a: LabStation; b: LabStation } {
  const net = lab();
  return { net, a: net.station('a'), b: net.station('b') };
}

function numbersOf(station: LabStation): (number | undefined)[] {
  return station.received.map(({ frame }) => frame[14]);
}

describe('a link', () => {
  it('takes as long as it is said to, each way, and keeps the order when it becomes faster', async () => {
    const { net, a, b } = pair();
    const link = net.link(a, b, { latency: 10 });
    a.send(broadcast(1));
    await net.run({ milliseconds: 2 });
    link.latency = 1;
    a.send(broadcast(2));
    b.send(broadcast(3));
    await net.quiesce();
    expect(b.received.map(({ time }) => time)).toEqual([10, 10]);
    expect(numbersOf(b)).toEqual([1, 2]);
    expect(a.received.map(({ time }) => time)).toEqual([3]);
  });

  it('loses what is under way when it is cut, and tells both ends', async () => {
    const { net, b, a } = pair();
    const carriers: string[] = [];
    const carrier = (up: boolean, { name }: LabStation): void => void carriers.push(`${name} ${up ? 'up' : 'down'}`);
    const [c, d] = [net.station('c', undefined, { carrier }), net.station('d', undefined, { carrier })];
    const link = net.link(c, d, { latency: 10 });
    net.link(a, b);
    c.send(broadcast(1));
    await net.run({ milliseconds: 5 });
    const [cut, again] = [link.cut(), link.cut()];
    c.send(broadcast(2));
    await net.run({ milliseconds: 20 });
    cut[Symbol.dispose]();
    cut[Symbol.dispose]();
    expect(link.up).toBe(false);
    again[Symbol.dispose]();
    expect(link.up).toBe(true);
    c.send(broadcast(3));
    await net.quiesce();
    expect(numbersOf(d)).toEqual([3]);
    expect(carriers.slice(-4)).toEqual(['c down', 'd down', 'c up', 'd up']);
    expect([...net.fabric.trace.hops()].map(({ fate }) => fate)).toEqual(['lost: the link was cut', 'lost: no-carrier', 'delivered']);
  });

  it('is cut while a port at one of its ends is taken down', () => {
    const { net, a, b } = pair();
    const link = net.link(a, b);
    const end = link.endOf(a);
    for (const up of [false, false, true, true]) {
      end.enable(up);
      expect(link.up).toBe(up);
    }
  });

  it('loses in silence what one side sends, or both', async () => {
    const { net, a, b } = pair();
    const link = net.link(a, b);
    {
      using _one = link.silence({ from: a });
      a.send(broadcast(1));
      b.send(broadcast(2));
      await net.quiesce();
    }
    {
      using _both = link.silence();
      a.send(broadcast(3));
      b.send(broadcast(4));
      await net.quiesce();
    }
    a.send(broadcast(5));
    await net.quiesce();
    expect([numbersOf(a), numbersOf(b)]).toEqual([[2], [5]]);
  });

  it('drops what is longer than its MTU, the tag not counted', async () => {
    const { net, a, b } = pair();
    const link = net.link(a, b, { mtu: 100 });
    const longest = new Uint8Array(114).fill(0x22);
    a.send(longest);
    a.send(addTag(longest, 5));
    a.send(new Uint8Array(115).fill(0x22));
    await net.quiesce();
    expect(b.received.map(({ frame }) => frame.length)).toEqual([114, 118]);
    link.mtu = 101;
    a.send(new Uint8Array(115).fill(0x22));
    await net.quiesce();
    expect(b.received).toHaveLength(3);
  });

  it('holds a bounded number of frames, and what is more is lost', async () => {
    const { net, a, b } = pair();
    net.link(a, b, { latency: 1000 });
    for (let n = 0; n < 20_000; n++) a.send(broadcast(n));
    expect(net.fabric.flying).toBe(16_384);
    await net.quiesce();
    expect(net.fabric.flying).toBe(0);
    expect(b.end?.counters.receivedFrames).toBe(16_384);
  });

  it('has a name of its own when it is not the only one between two switches', () => {
    using net = lab();
    const [s1, s2] = [net.switch('s1'), net.switch('s2')];
    expect([net.link(s1, s2).name, net.link(s1, s2).name, net.link(s2, s1).name]).toEqual(['s1-s2', 's1-s2#2', 's2-s1']);
    expect(net.linkNamed('s1-s2#2').ends.map(({ name }) => name)).toEqual(['s1.2', 's2.2']);
  });

  it('is gone for good when it is unplugged', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    const [a, b] = [net.station('a', s1), net.station('b', s1)];
    net.unlink(net.linkNamed('b-s1'));
    expect([...s1.ends.keys()]).toEqual([1]);
    a.send(broadcast());
    b.send(broadcast());
    await net.quiesce();
    expect([a.received, b.received]).toEqual([[], []]);
    net.link(b, s1);
    b.send(broadcast());
    await net.quiesce();
    expect(a.received).toHaveLength(1);
  });
});

describe('a network', () => {
  it('refuses what makes no sense, and says what to do', () => {
    using net = lab();
    const s1 = net.switch('s1');
    expect(() => net.switch('s1')).toThrow('the name s1 is in use in this network');
    expect(() => net.switch('1 2')).toThrow(/"1 2" is not a valid name/);
    const a = net.station('a', s1);
    expect(() => net.link(a, s1)).toThrow('a is already linked by a-s1');
    const free = net.station('free');
    expect(() => net.link(free, free)).toThrow('cannot link free to itself');
    expect(() => net.node('s2')).toThrow('there is no s2 in this network');
    expect(() => net.linkNamed('s1-s2')).toThrow('there is no link s1-s2; use one of: a-s1');
    expect(() => net.host('b', s1, { ip: '10.0.0.1' })).toThrow(
      '"10.0.0.1" is not a host address with a prefix length; write it as 10.0.0.1/16',
    );
    expect(() => lab({ seed: -1 })).toThrow('a seed must be an integer of at least 0');
    const crashed = s1.crash();
    expect(() => net.station('x', s1)).toThrow('cannot link to s1: it has crashed');
    crashed[Symbol.dispose]();
    expect(() => net.station('x', s1).send(new Uint8Array(13))).toThrow('a frame must have at least 14 octets, not 13');
  });

  it('refuses numbers and nodes with which nothing would happen, or without end', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    const a = net.host('a', s1);
    const link = net.linkNamed('a-s1');
    expect(() => net.host('b', s1, { latency: -1 })).toThrow('the latency of a link must be a number of at least 0, not -1');
    expect(() => (link.latency = Infinity)).toThrow('the latency of a link must be a number of at least 0, not Infinity');
    expect(() => (link.mtu = NaN)).toThrow('the MTU of a link must be a number of at least 0, not NaN');
    expect(() => net.host('b', s1, { vlan: 4095 })).toThrow('a VLAN must be an integer from 0 to 4094, not 4095');
    expect(() => net.switch('s2', { vlans: [5000] })).toThrow('a VLAN must be an integer from 0 to 4094, not 5000');
    expect(() => net.host('b', s1, { mac: '01:00:5e:00:00:01' })).toThrow('01:00:5e:00:00:01 is a group address');
    expect(() => s1.skew({ rate: 0 })).toThrow('the rate of a clock must be a number above 0, not 0');
    expect(() => a.every(0, () => undefined)).toThrow('the time from one call to the next must be a number above 0, not 0');
    expect(() => a.after(NaN, () => undefined)).toThrow('a time must be a number of milliseconds, not `NaN`');
    expect(() => a.udp().send('10.0.0.2', 70_000, '')).toThrow('70000 is not a UDP port; use 1 to 65535');
    expect(() => net.ring(0)).toThrow('the size of a ring must be an integer of at least 1, not 0');
    expect(() => net.star(2, { hosts: 0.5 })).toThrow('the number of hosts at a switch must be an integer of at least 0, not 0.5');
    expect(() => lab({ history: -1 })).toThrow('the history of a network must be an integer of at least 0, not -1');
    await expect(net.run(5 as never)).rejects.toThrow(
      'not a time span: 5; give one or more of: days, hours, minutes, seconds, milliseconds, as in { seconds: 5 }',
    );
    await expect(net.run({ second: 5 } as never)).rejects.toThrow('not a time span: { second: 5 }');
    await expect(net.run({ seconds: -1 })).rejects.toThrow('not a time span: { seconds: -1 }');
    using other = lab();
    const far = other.switch('far');
    expect(() => net.link(s1, far)).toThrow('far is not part of this network, or was removed');
    expect(() => net.partition([[far]])).toThrow('far is not part of this network');
    net.remove(a);
    expect(() => net.link(a, s1)).toThrow('a is not part of this network, or was removed');
  });

  it('is parted into groups, of which the last is everybody else', async () => {
    using net = lab();
    const { switches, hosts } = net.tree({ depth: 2, fanout: 3 });
    const [s1, s2, s3] = switches;
    const [h1, h2, h3] = hosts;
    if (!s1 || !s2 || !s3 || !h1 || !h2 || !h3) throw new Error('a tree');
    {
      using _parted = net.partition([[s2, h1], [s3]]);
      expect(await h1.ping(h2)).toBeUndefined();
      expect(net.links.filter(({ up }) => !up).map(({ name }) => name)).toEqual(['s1-s2', 's1-s3', 'h2-s3']);
    }
    expect(await h1.ping(h2)).toBeDefined();
    using _silent = net.partition([[s2, h1]], { silent: true });
    expect(net.links.every(({ up }) => up)).toBe(true);
    expect(await h1.ping(h2)).toBeUndefined();
    expect(await h3.ping(h2)).toBeDefined();
  });

  it('does not start a switch again that is removed', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    net.dhcp(s1);
    const outage = s1.crash();
    net.remove(s1);
    outage[Symbol.dispose]();
    await net.run({ seconds: 1 });
    expect([s1.running, net.servers.map(({ server }) => server)]).toEqual([false, [undefined]]);
  });

  it('forgets a node that is removed, and its links', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    const [a, b] = [net.host('a', s1), net.host('b', s1)];
    net.remove(b);
    expect(await a.ping('10.0.0.2')).toBeUndefined();
    expect([net.nodes.map(({ name }) => name), net.links.map(({ name }) => name)]).toEqual([['s1', 'a'], ['a-s1']]);
    net.host('b', s1);
    expect(await a.ping('10.0.0.3')).toBeDefined();
  });
});

describe('a bad link', () => {
  it('delays, loses and repeats as it is told, one way or both, and as before when that ends', async () => {
    const { net, a, b } = pair();
    const link = net.link(a, b, { latency: 1 });
    {
      using _slow = link.impair('delay 20', { from: a });
      a.send(broadcast(1));
      b.send(broadcast(2));
      await net.quiesce();
      expect([a.received.map(({ time }) => time), b.received.map(({ time }) => time)]).toEqual([[1], [21]]);
    }
    {
      using _lossy = link.impair({ loss: 100 });
      a.send(broadcast(3));
      b.send(broadcast(4));
      await net.quiesce();
    }
    a.send(broadcast(5));
    await net.quiesce();
    expect([numbersOf(a), numbersOf(b)]).toEqual([[2], [1, 5]]);
    expect([...net.fabric.trace.hops()].map(({ fate }) => fate)).toEqual([
      'delivered',
      'delivered',
      'lost: loss',
      'lost: loss',
      'delivered',
    ]);
  });

  it('has a bandwidth for good', async () => {
    const { net, a, b } = pair();
    net.link(a, b, { latency: 0, bandwidth: 1000, capacity: 250 });
    for (let n = 0; n < 3; n++) a.send(new Uint8Array(100));
    await net.quiesce();
    expect(b.received.map(({ time }) => time)).toEqual([100, 200]);
    expect([...net.fabric.trace.hops()].at(-1)?.fate).toBe('lost: capacity');
  });

  it('tells of a frame whose bits were flipped what it was', async () => {
    const { net, a, b } = pair();
    net.link(a, b).impair('noise 100k, delay 5');
    a.send(new Uint8Array(1000));
    await net.quiesce();
    expect(b.received[0]?.frame.some((octet) => octet !== 0)).toBe(true);
    expect([...net.fabric.trace.hops()].map(({ fate }) => fate)).toEqual(['delivered']);
  });

  it('keeps frames back until that ends', async () => {
    const { net, a, b } = pair();
    const link = net.link(a, b);
    const hold = link.hold({ from: a });
    for (let n = 1; n < 4; n++) a.send(broadcast(n));
    await net.run({ minutes: 1 });
    expect(b.received).toEqual([]);
    hold[Symbol.dispose]();
    a.send(broadcast(4));
    await net.quiesce();
    expect(numbersOf(b)).toEqual([1, 2, 3, 4]);
  });

  it('loses the frames that match', async () => {
    const { net, a, b } = pair();
    let seen = 0;
    net.link(a, b).filter(() => ++seen === 2);
    for (let n = 1; n < 4; n++) a.send(broadcast(n));
    await net.quiesce();
    expect(numbersOf(b)).toEqual([1, 3]);
  });

  it('comes and goes', async () => {
    const { net, a, b } = pair();
    const link = net.link(a, b);
    using _flapping = link.flap({ up: 30, down: 10 });
    a.every(5, () => a.send(broadcast()));
    await net.run({ milliseconds: 400 });
    // Three quarters of the time, but for those that were on the link.
    expect(b.end?.counters.receivedFrames).toBeGreaterThan(50);
    expect(b.end?.counters.receivedFrames).toBeLessThanOrEqual(60);
  });

  it('changes between good and bad', async () => {
    const { net, a, b } = pair();
    net.link(a, b).vary('state good; state bad loss 100; edge 0,1,50; edge 1,0,50');
    a.every(10, () => a.send(broadcast()));
    await net.run({ minutes: 1 });
    expect((b.end?.counters.receivedFrames ?? 0) / 6000).toBeCloseTo(0.5, 0);
  });

  it('refuses what makes no sense', () => {
    const { net, a, b } = pair();
    const link = net.link(a, b);
    expect(() => link.impair('lost 5')).toThrow('"lost 5" is not an impairment');
    expect(() => link.vary('state a; edge 0,1,5')).toThrow('there is no edge from 0 to 1');
    expect(() => link.flap({ up: 1, down: 0 })).toThrow('must be above 0 ms, not 1 and 0 ms');
  });
});
