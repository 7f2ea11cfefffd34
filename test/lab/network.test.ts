import { describe, expect, it } from 'vitest';
import { lab, play, recording } from '../../src/lab/lab.ts';
import { vid } from '../../src/wire/dot1q.ts';
import { parseIpv6 } from '../../src/wire/ipv6.ts';
import { formatHex } from '../../src/wire/octets.ts';
import { broadcast } from './frames.ts';

describe('a network', () => {
  it('lets a host reach another over two switches, in the time that the links take', async () => {
    using net = lab();
    const [s1, s2] = [net.switch('s1'), net.switch('s2')];
    net.link(s1, s2, { latency: 2 });
    const [a, b] = [net.host('a', s1, { latency: 1 }), net.host('b', s2, { latency: 1 })];
    // They have announced themselves.
    await net.run({ milliseconds: 100 });
    // ARP first, then the echo: both there and back.
    expect(await a.ping(b)).toBeCloseTo(16);
    expect(await a.ping(b)).toBeCloseTo(8);
  });

  it('says that nobody is there when nobody answers, after the time that was given', async () => {
    using net = lab();
    const a = net.host('a', net.switch('s1'));
    expect(await a.ping('10.0.0.99', { timeout: 1500 })).toBeUndefined();
    expect(net.now).toBe(1500);
  });

  it('lets hosts ping by IPv6 once they know that nobody else has their addresses', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    const [a, b, c] = [net.host('a', s1, { ipv6: true }), net.host('b', s1, { ipv6: true }), net.host('c', s1)];
    await expect(a.ping(b, { ipv6: true })).rejects.toThrow('b has no IPv6 address; make it with { ipv6: true }, and let a second pass');
    await net.run({ milliseconds: 1100 });
    expect(b.linkLocal).toBe(parseIpv6('fe80::ff:fe00:2'));
    expect(await a.ping(b, { ipv6: true })).toBeCloseTo(0.4);
    expect(await b.ping('fe80::ff:fe00:1')).toBeCloseTo(0.2);
    expect(await c.ping('fe80::ff:fe00:1')).toBeUndefined();
    await expect(a.ping('fe80::z')).rejects.toThrow('"fe80::z" is not an IPv6 address; write it as fe80::1');
  });

  it('keeps VLANs apart, and carries those that both switches know between them', async () => {
    using net = lab();
    const [s1, s2] = [net.switch('s1', { vlans: [5, 6] }), net.switch('s2', { vlans: [5, 6] })];
    net.link(s1, s2);
    const [a, b, c] = [net.host('a', s1, { vlan: 5 }), net.host('b', s2, { vlan: 5 }), net.host('c', s2, { vlan: 6 })];
    expect(await a.ping(b)).toBeDefined();
    expect(await a.ping(c)).toBeUndefined();
  });

  it('gives leases by the production server, which outlive a crash of its switch', async () => {
    using net = lab();
    const { master, hosts, dhcp } = net.star(3);
    await net.run({ seconds: 5 });
    const before = hosts.map(({ address }) => address);
    expect(before.map((address) => address !== undefined)).toEqual([true, true, true, true]);
    expect(new Set(before).size).toBe(4);
    master.crash()[Symbol.dispose]();
    await net.run({ seconds: 30 });
    expect(hosts.map(({ address }) => address)).toEqual(before);
    expect(dhcp.leases.map(({ state }) => state)).toEqual(Array(4).fill('bound'));
  });

  it('loses a lease that was not on the disk when the switch crashed', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    const dhcp = net.dhcp(s1, { diskLatency: 50 });
    const a = net.host('a', s1, { dhcp: true });
    await net.runUntil(() => dhcp.leases.some(({ state }) => state === 'bound'));
    expect(a.lease).toBeUndefined();
    s1.crash()[Symbol.dispose]();
    expect(dhcp.leases).toEqual([]);
  });

  it('is a ring without a circle where there is a spanning tree', async () => {
    using net = lab();
    const { switches, hosts } = net.ring(5);
    await net.run({ seconds: 10 });
    const [a, , c] = hosts;
    expect(await a?.ping(c ?? 'nobody')).toBeDefined();
    const closed = switches.flatMap(({ switch: bridge }) => bridge.fstp.state(vid(0)).ports.filter(({ forwarding }) => !forwarding));
    expect(closed).toHaveLength(1);
    const heard = hosts.map(({ received }) => received.length);
    net.station('x', switches[0]).send(broadcast());
    await net.quiesce();
    expect(hosts.map(({ received }, at) => received.length - (heard[at] ?? 0))).toEqual([1, 1, 1, 1, 1]);
  });

  it('is stopped by a storm, which it says', async () => {
    using net = lab({ calm: 10_000 });
    const switches = ['s1', 's2', 's3', 's4'].map((name) => net.switch(name));
    for (const a of switches) for (const b of switches) if (a.name < b.name) net.link(a, b);
    net.station('x', switches[0]).send(broadcast());
    await expect(net.run({ seconds: 1 })).rejects.toThrow(/10001 frames are on links at [\d.]+ ms: this is a storm/);
  });

  it('takes for no storm what hundreds of hosts say to each other at once', { timeout: 120_000 }, async () => {
    using net = lab({ history: 0 });
    const { hosts } = net.tree({ depth: 3, fanout: 9, hosts: 10 });
    const reached = new Set<number>();
    hosts.forEach((host, n) => host.startPing(hosts[(n * 7 + 1) % hosts.length] ?? host, (time) => time !== undefined && reached.add(n)));
    await net.run({ milliseconds: 100 });
    expect([hosts.length, reached.size]).toEqual([810, 810]);
    const [a] = hosts;
    expect([a?.heard, a?.received.length]).toEqual([expect.any(Number), 256]);
    expect(a?.heard).toBeGreaterThan(2000);
  });

  it('tells what became of each frame, and what it had come from', async () => {
    using net = lab();
    const s1 = net.switch('s1', { vlans: [5] });
    const [a, b] = [net.station('a', s1), net.station('b', s1, { vlan: 5 })];
    a.send(broadcast());
    await net.quiesce();
    expect([...net.fabric.trace.hops()].map(({ lane, fate }) => [lane.source, lane.target, fate])).toEqual([
      ['a', 's1.1', 'dropped by s1: no-egress'],
    ]);
    net.station('c', s1);
    a.send(broadcast());
    await net.quiesce();
    expect(b.received).toEqual([]);
    expect(net.fabric.trace.pathTo(2).map(({ lane, fate }) => [lane.source, lane.target, fate])).toEqual([
      ['a', 's1.1', 'delivered'],
      ['s1.3', 'c', 'delivered'],
    ]);
  });
});

describe('a station', () => {
  it('answers as its program says', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    net.station('echo', s1, {
      receive: (frame, self) => self.send(Uint8Array.of(...frame.subarray(6, 12), ...frame.subarray(0, 6), 1, 2, 3)),
    });
    const a = net.station('a', s1);
    a.send(broadcast());
    await net.quiesce();
    expect(a.received.map(({ time, frame }) => [time, formatHex(frame.subarray(12))])).toEqual([[expect.closeTo(0.2), '010203']]);
  });

  it('ends the run with what its program throws, and the network can still run', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    net.station('broken', s1, {
      receive: () => {
        throw new Error('a bug of its own');
      },
    });
    const [a, b] = [net.station('a', s1), net.station('b', s1)];
    a.send(broadcast());
    await expect(net.quiesce()).rejects.toThrow('a bug of its own');
    await net.quiesce();
    expect(b.received).toHaveLength(1);
  });

  it('cannot let time pass from within', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    const failures: unknown[] = [];
    net.station('eager', s1, { receive: () => void net.run({ seconds: 1 }).catch((error: unknown) => failures.push(error)) });
    net.station('a', s1).send(broadcast());
    await net.quiesce();
    expect(failures).toEqual([expect.objectContaining({ code: 'busy' })]);
  });
});

describe('a socket', () => {
  it('hears what is sent to its port, and answers', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    const [a, b] = [net.host('a', s1), net.host('b', s1)];
    b.udp(7, ({ from, port, text }, socket) => socket.send(from, port, `${text}!`));
    const socket = a.udp();
    socket.send(b, 7, 'hello');
    await net.quiesce();
    expect(socket.received).toEqual([{ from: '10.0.0.2', port: 7, to: '10.0.0.1', payload: expect.anything() as unknown, text: 'hello!' }]);
  });
});

describe('what a station does by its clock', () => {
  it('is done once, or again and again, until that is disposed', async () => {
    using net = lab();
    const a = net.station('a');
    const times: string[] = [];
    a.after(30, () => times.push(`once ${net.now}`));
    const every = a.every(20, () => times.push(`every ${net.now}`));
    a.after(10, () => times.push('never'))[Symbol.dispose]();
    await net.run({ milliseconds: 50 });
    every[Symbol.dispose]();
    await net.run({ milliseconds: 50 });
    expect(times).toEqual(['every 20', 'once 30', 'every 40']);
  });

  it('is done early when the clock is fast', async () => {
    using net = lab();
    const a = net.station('a');
    a.skew({ rate: 2 });
    let rang = 0;
    a.after(30, () => (rang = net.now));
    await net.run({ seconds: 1 });
    expect(rang).toBe(15);
  });
});

describe('a disposed network', () => {
  it('refuses whatever would change it, and no timer of it fires', async () => {
    const net = lab();
    const [s1, s2] = [net.switch('s1'), net.switch('s2')];
    const [a, b] = [net.host('a', s1), net.host('b', s2)];
    const link = net.link(s1, s2);
    const outage = link.cut();
    let fired = 0;
    a.every(100, () => fired++);
    const socket = a.udp(7);
    const waiting = net.run({ seconds: 1 });
    net[Symbol.dispose]();
    await expect(waiting).rejects.toThrow('the network was disposed; make another one with `lab()`');
    const refused: readonly (() => unknown)[] = [
      () => net.switch('s3'),
      () => net.host('c', s1),
      () => net.station('d', s1),
      () => net.dhcp(s1),
      () => net.star(2),
      () => net.link(s1, s2),
      () => net.unlink(link),
      () => net.remove(a),
      () => net.partition([[s1]]),
      () => a.startPing(b, () => undefined),
      () => a.send(broadcast()),
      () => a.udp(8),
      () => socket.send(b, 7, 'x'),
      () => a.after(5, () => fired++),
      () => a.every(5, () => fired++),
      () => a.skew({ rate: 2 }),
      () => s1.crash(),
      () => link.cut(),
      () => link.impair('loss 5'),
      () => (link.latency = 5),
    ];
    for (const one of refused) expect(one, String(one)).toThrow('the network was disposed; ');
    for (const one of [() => net.run({ seconds: 5 }), () => net.runUntil(() => true), () => net.quiesce(), () => a.ping(b)])
      await expect(one(), String(one)).rejects.toThrow('the network was disposed; ');
    // Faults that began before may end.
    outage[Symbol.dispose]();
    socket[Symbol.dispose]();
    net[Symbol.dispose]();
    expect([fired, net.now]).toEqual([0, 0]);
  });
});

describe('times', () => {
  it('print as they are', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    const [a, b] = [net.host('a', s1, { latency: 0.1 }), net.host('b', s1)];
    await net.run({ seconds: 1 });
    await net.run({ milliseconds: 0.1 });
    await net.run({ milliseconds: 0.2 });
    expect(`${net.now}`).toBe('1000.3');
    await a.ping(b);
    expect(`${await a.ping(b)}`).toBe('0.3');
    expect(b.received.map(({ time }) => `${time}`).filter((time) => time.length > 10)).toEqual([]);
    await net.run({ days: 1, hours: 2, minutes: 3 });
    expect(`${net.now}`).toMatch(/^93781001\.\d{1,6}$/);
  });
});

describe('a ping', () => {
  it('has the size that it shall have, and comes through links that carry that', async () => {
    using net = lab({ record: true });
    const s1 = net.switch('s1');
    const [a, b] = [net.host('a', s1), net.host('b', s1, { mtu: 1400 })];
    expect(await a.ping(b, { size: 1372, dontFragment: true })).toBeDefined();
    expect(await a.ping(b, { size: 1373, dontFragment: true, timeout: 100 })).toBeUndefined();
    expect(await a.ping(b, { size: 8000, timeout: 100 })).toBeUndefined();
    net.linkNamed('s1-b').mtu = 1500;
    expect(await a.ping(b, { size: 8000 })).toBeDefined();
    await expect(a.ping(b, { size: 1473, dontFragment: true })).rejects.toThrow(
      'cannot send 1473 octets in one ping: the way to 10.0.0.2 carries at most 1472',
    );
    await expect(a.ping(b, { size: 70_000 })).rejects.toThrow('the size of a ping must be an integer from 0 to 65507, not 70000');
    const text = recording(net);
    expect(text).toContain('\nping a 10.0.0.2 timeout 4000 size 1372 dontFragment\n');
    using again = play(text);
    expect(recording(again)).toBe(text);
  });
});

describe('a closed port', () => {
  it('refuses what is sent to it, which the socket knows', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    const [a, b] = [net.host('a', s1), net.host('b', s1)];
    const socket = a.udp();
    socket.send(b, 7, 'x');
    await net.run({ seconds: 1 });
    expect(socket.refusals).toEqual([{ time: expect.any(Number) as number, from: '10.0.0.2', port: 7 }]);
  });
});
