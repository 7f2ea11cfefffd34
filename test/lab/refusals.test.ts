import { describe, expect, it } from 'vitest';
import { assertReaches, fromPcap, lab, play, type Network } from '../../src/lab/lab.ts';
import { addTag } from '../../src/wire/dot1q.ts';
import { broadcast } from './frames.ts';

describe('what is of another network', () => {
  it('is refused, and both networks stay as they were', async () => {
    using x = lab();
    using y = lab();
    const parts = (net: Network): void => {
      const s1 = net.switch('s1');
      net.host('a', s1);
      net.host('b', s1);
    };
    parts(x);
    parts(y);
    const a = x.hostNamed('a');
    const theirs = y.hostNamed('b');
    for (const wrong of [
      () => x.remove(theirs),
      () => x.remove(y.switchNamed('s1')),
      () => x.unlink(y.linkNamed('a-s1')),
      () => x.link(x.switchNamed('s1'), y.switchNamed('s1')),
      () => x.dhcp(y.switchNamed('s1')),
      () => x.host('c', y.switchNamed('s1')),
      () => x.partition([[y.switchNamed('s1')]]),
      () => x.linkNamed('a-s1').silence({ from: y.hostNamed('a') }),
    ])
      expect(wrong, String(wrong)).toThrow(/is not part of this network, or was removed; |has no end at a; /);
    for (const wrong of [() => a.startPing(theirs, () => undefined), () => a.udp().send(theirs, 7, 'x')])
      expect(wrong, String(wrong)).toThrow('b is a host of another network than a; name one of the same network');
    await expect(a.ping(theirs)).rejects.toThrow('b is a host of another network');
    for (const net of [x, y]) {
      expect([net.nodes.length, net.links.length]).toEqual([3, 2]);
      await assertReaches(net.hostNamed('a'), net.hostNamed('b'));
    }
    const gone = x.linkNamed('a-s1');
    x.unlink(gone);
    expect(() => x.unlink(gone)).toThrow('the link a-s1 is not part of this network, or was removed; ');
  });
});

describe('a VLAN', () => {
  it('is refused where the switch does not know it, which names those that it knows', () => {
    using net = lab();
    const [s1, s2, hub] = [net.switch('s1', { vlans: [5, 6] }), net.switch('s2'), net.switch('hub', { hub: true })];
    for (const wrong of [
      () => net.host('a', s1, { vlan: 7 }),
      () => net.station('a', s1, { tagged: [5, 7] }),
      () => net.link(s1, s1, { untagged: 7 }),
      () => net.dhcp(s1, { vlan: 7 }),
    ])
      expect(wrong, String(wrong)).toThrow('s1 does not know VLAN 7: it knows 0, 5, 6; add it with { vlans }');
    expect(() => net.link(s1, s2, { tagged: [5] })).toThrow('s2 does not know VLAN 5: it knows 0; add it with { vlans }');
    expect(() => net.host('a', hub, { vlan: 5 })).toThrow('hub does not know VLAN 5: a hub has no VLANs');
    expect(() => net.switch('s3', { hub: true, vlans: [5] })).toThrow('s3 cannot have VLANs: it is a hub; leave out { vlans } or { hub }');
    expect([net.nodes, net.links, net.servers].map(({ length }) => length)).toEqual([3, 0, 0]);
  });

  it('passes ports whose VLANs are not set with its tag, as in the product, unless they shall be no trunks', async () => {
    const heard = async (options: { trunk?: boolean }, link: { trunk?: boolean; vlan?: number }): Promise<number> => {
      using net = lab();
      const s1 = net.switch('s1', options);
      const [a, b] = [net.station('a', s1, link), net.station('b', s1)];
      a.send(addTag(broadcast(), 9));
      await net.quiesce();
      return b.heard;
    };
    expect([
      await heard({}, {}),
      await heard({ trunk: false }, {}),
      await heard({}, { trunk: false }),
      await heard({}, { vlan: 0 }),
    ]).toEqual([1, 0, 0, 0]);
    expect(await heard({}, { vlan: 0, trunk: true })).toBe(1);
    expect(await heard({ trunk: false }, { trunk: true })).toBe(0);
  });
});

describe('an option', () => {
  it('that is not known is refused, and those are named that are', () => {
    using net = lab();
    const s1 = net.switch('s1');
    const a = net.host('a', s1);
    const misspelt = { latencey: 20 } as object;
    const link = net.linkNamed('a-s1');
    for (const wrong of [
      () => lab(misspelt),
      () => net.switch('s2', misspelt),
      () => net.host('b', s1, misspelt),
      () => net.station('b', s1, misspelt),
      () => net.dhcp(s1, misspelt),
      () => net.link(s1, s1, misspelt),
      () => net.partition([[a]], misspelt),
      () => net.star(1, { prefix: 'a', ...misspelt }),
      () => net.star(1, { prefix: 'b', host: misspelt }),
      () => net.ring(1, { prefix: 'c', link: misspelt, ...misspelt }),
      () => net.tree({ depth: 1, prefix: 'd', ...misspelt }),
      () => a.startPing('10.0.0.9', () => undefined, misspelt),
      () => a.skew(misspelt),
      () => fromPcap(new Uint8Array(0), misspelt),
      () => link.silence(misspelt),
      () => link.impair({ loss: 5, ...misspelt }),
      () => link.flap({ up: 1, down: 1, ...misspelt }),
    ])
      expect(wrong, String(wrong)).toThrow(/^unknown option "latencey"; use one of: \w+/);
  });

  it('whose value is of another kind is refused, and so is a number that makes no sense', () => {
    using net = lab();
    const s1 = net.switch('s1');
    expect(() => net.host('a', s1, { latency: '5' } as object)).toThrow('the value of the option latency must be a number, as 5, not "5"');
    expect(() => net.switch('s2', { vlans: 5 } as object)).toThrow(
      'the value of the option vlans must be a list of numbers, as 1,2,3 or none, not 5',
    );
    expect(() => net.switch('s2', { fstp: 1 } as object)).toThrow('the value of the option fstp must be a flag, without a value, not 1');
    expect(() => net.host('a', s1, 5 as unknown as object)).toThrow('expected options, not 5; pass an object');
    expect(() => net.switch('s2', { priority: 99999 })).toThrow('the priority of a switch must be an integer from 0 to 65535, not 99999');
    expect(() => net.switch('s2', { ageingTime: NaN })).toThrow('the value of the option ageingTime must be a number, as 5, not NaN');
    expect(() => net.switch('s2', { ageingTime: -1 })).toThrow('the ageing time of a switch must be a number of at least 0, not -1');
    expect(() => net.switch('s2', { minPersistence: -1 })).toThrow(
      'the persistence of stations in a switch must be a number of at least 0',
    );
    expect(() => net.switch('s2', { maxEntries: 0 })).toThrow('the most stations that a switch remembers must be an integer of at least 1');
    expect(() => net.switch('s2', { maxEntries: NaN })).toThrow('the value of the option maxEntries must be a number, as 5, not NaN');
    expect(() => net.host('b', s1).startPing('10.0.0.9', () => undefined, { timeout: -5 })).toThrow('the timeout of a ping must be');
    const [c, d] = [net.host('c', s1), net.host('d', s1)];
    expect(() =>
      net.partition([
        [c, s1],
        [d, c],
      ]),
    ).toThrow('c is in two groups of the partition; name each node once');
    net.dhcp(s1);
    expect(() => net.dhcp(s1)).toThrow('s1 has a DHCP server with the address 10.77.0.1 already; give this one another { address }');
    expect(net.servers).toHaveLength(1);
    net.dhcp(s1, { address: '10.77.0.2' });
    expect(() => play('seed 5\nswitch s1', { seed: 6 })).toThrow('the text says seed 5, the option 6; give one of them');
    play('seed 5\nswitch s1', { seed: 5 })[Symbol.dispose]();
    expect(net.switches.map(({ name }) => name)).toEqual(['s1']);
  });

  it('of an object that is a program may be beside what the program keeps', async () => {
    class Counter {
      count = 0;
      readonly receive = (): number => this.count++;
    }
    using net = lab();
    const s1 = net.switch('s1');
    const counter = new Counter();
    net.station('counter', s1, counter);
    net.station('x', s1).send(broadcast());
    await net.quiesce();
    expect(counter.count).toBe(1);
  });
});

describe('an address', () => {
  it('of its own is the next one that nobody was given', () => {
    using net = lab();
    const s1 = net.switch('s1');
    const hosts = [net.host('a', s1, { ip: '10.0.0.2/8' }), net.host('b', s1), net.host('c', s1), net.host('d', s1)];
    expect(hosts.map(({ address = 0 }) => address & 0xff)).toEqual([2, 3, 4, 5]);
  });

  it('that two hosts have is noticed by both, and told by whatever fails', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    const ip = '10.0.0.9/8';
    const [a, b, c] = [net.host('a', s1, { ip }), net.host('b', s1, { ip }), net.host('c', s1)];
    await net.run({ seconds: 1 });
    expect([a.rivals, b.rivals]).toEqual([new Set([b.mac]), new Set([a.mac])]);
    await expect(assertReaches(c, '10.0.0.77')).rejects.toThrow(
      /\nat 0\.1 ms 10\.0\.0\.9 of b is used by a, too\nat 0\.1 ms 10\.0\.0\.9 of a is used by b, too$/,
    );
  });
});

describe('a partition', () => {
  it.each([false, true])('cuts a link that is made across it, until it is over; silently: %s', async (silent) => {
    using net = lab();
    const [s1, s2, s3] = [net.switch('s1'), net.switch('s2'), net.switch('s3')];
    const parted = net.partition([[s1], [s2]], { silent });
    // These belong to the groups to which they are linked.
    const [a, b, c] = [net.host('a', s1), net.host('b', s2), net.host('c', s1)];
    const [link, third] = [net.link(s1, s2), net.link(s3, s1)];
    expect([link.up, third.up]).toEqual([silent, silent]);
    await assertReaches(a, c);
    expect(await a.ping(b)).toBeUndefined();
    parted[Symbol.dispose]();
    expect([link.up, third.up]).toEqual([true, true]);
    await assertReaches(a, b);
  });
});
