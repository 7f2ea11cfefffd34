import { describe, expect, it } from 'vitest';
import {
  assertDoesNotReach,
  assertHasConverged,
  assertHasLease,
  assertHasNoLoop,
  assertReaches,
  assertReachesWithin,
  assertSeesFrame,
  assertSeesNoFrame,
  lab,
  LabAssertionError,
  type LabHost,
  type Network,
} from '../../src/lab/lab.ts';
import { broadcast } from './frames.ts';

/** Returns the message of a failing assertion. */
async function failureOf(assertion: Promise<void>): Promise<string> {
  try {
    await assertion;
  } catch (error) {
    if (error instanceof LabAssertionError) return error.message;
    throw error;
  }
  throw new Error('it did not fail');
}

/** Returns the lines above each other. */
function lines(...all: readonly string[]): string {
  return all.join('\n');
}

/** Two hosts, each at a switch of its own. */
function pair(net: Network, options: { vlans?: readonly number[]; vlan?: readonly [number, number] } = {}): [LabHost, LabHost] {
  const { vlans = [], vlan: [first, second] = [0, 0] } = options;
  const [s1, s2] = [net.switch('s1', { vlans }), net.switch('s2', { vlans })];
  net.link(s1, s2);
  return [net.host('a', s1, { vlan: first }), net.host('b', s2, { vlan: second })];
}

describe('that a host reaches another', () => {
  it('is so, or it is said who dropped the frame, and why', async () => {
    using net = lab({ seed: 7 });
    const [a, b] = pair(net, { vlans: [5, 6], vlan: [5, 6] });
    await net.run({ seconds: 10 });
    expect(await failureOf(assertReaches(a, b, { timeout: 500 }))).toBe(
      lines(
        'expected: a reaches b (seed 7)',
        'but no echo reply came back',
        'its path:',
        '  10000 ms  a > s1.2  02:00:00:00:00:01 > all: ARP, who has 10.0.0.2? 10.0.0.1 asks',
        '  10000.05 ms  s1.1 > s2.1  02:00:00:00:00:01 > all, VLAN 5: ARP, who has 10.0.0.2? 10.0.0.1 asks -- dropped by s2: no-egress',
        'it was dropped by s2: no-egress',
        's2.1 would now do this with it: drop (no-egress)',
        'last between s1.1 and s2.1:',
        '  0.05 ms  s1.1 > s2.1  02:00:00:00:00:01 > all, VLAN 5: ARP, who has 10.0.0.1? a probe -- dropped by s2: no-egress',
        '  0.05 ms  s1.1 > s2.1  02:00:00:00:00:01 > all, VLAN 5: ARP, announcement: 10.0.0.1 is at 02:00:00:00:00:01 -- dropped by s2: no-egress',
        '  0.05 ms  s2.1 > s1.1  02:00:00:00:00:02 > all, VLAN 6: ARP, who has 10.0.0.2? a probe -- dropped by s1: no-egress',
        '  0.05 ms  s2.1 > s1.1  02:00:00:00:00:02 > all, VLAN 6: ARP, announcement: 10.0.0.2 is at 02:00:00:00:00:02 -- dropped by s1: no-egress',
        '  10000.05 ms  s1.1 > s2.1  02:00:00:00:00:01 > all, VLAN 5: ARP, who has 10.0.0.2? 10.0.0.1 asks -- dropped by s2: no-egress',
      ),
    );
    await assertDoesNotReach(a, b);
  });

  it('is said to fail where the frame was lost, and where else it came to', async () => {
    using net = lab();
    const [a, b] = pair(net);
    net.host('c', net.switchNamed('s1'));
    net.linkNamed('s1-s2').silence({ from: net.switchNamed('s1') });
    await net.run({ seconds: 10 });
    const message = await failureOf(assertReaches(a, b, { timeout: 500 }));
    expect(message).toContain(
      'who has 10.0.0.2? 10.0.0.1 asks -- lost: the link is silenced\n  it also reached c: delivered\nit was lost: the link is silenced\nlast between s1.1 and s2.1:\n',
    );
    expect(message).not.toContain('would now do this with it');
    // A frame that is lost on the way back is reported as lost there.
    const back = await failureOf(assertReaches(b, a, { timeout: 500 }));
    expect(back).toContain(
      's1.1 > s2.1  02:00:00:00:00:01 > 02:00:00:00:00:02: ARP, 10.0.0.1 is at 02:00:00:00:00:01 -- lost: the link is silenced',
    );
  });

  it('is said to fail where it came to others only, by the switch that sent it there', async () => {
    using net = lab();
    const s1 = net.switch('s1', { vlans: [5] });
    const [a, b] = [net.host('a', s1, { vlan: 5 }), net.host('b', s1, { vlan: 0 })];
    net.host('c', s1, { vlan: 5 });
    const message = await failureOf(assertReaches(a, b, { timeout: 500 }));
    expect(message).toContain(
      'it was delivered to c, and nothing followed\ns1.1 would now do this with it: VLAN 5: flood (group-destination) to port 3\n',
    );
  });

  it('is said to fail for a host without a link, one whose link is down, and one whose frames are forgotten', async () => {
    using net = lab({ history: 0 });
    const a = net.host('a');
    expect(await failureOf(assertReaches(a, '10.0.0.9'))).toBe(
      'expected: a reaches 10.0.0.9 (seed 1)\nbut no echo reply came back\na has no link',
    );
    const s1 = net.switch('s1');
    const link = net.link(a, s1);
    expect(await failureOf(assertReaches(a, '10.0.0.9'))).toContain(
      'the trace no longer has what it sent; make the network with a longer { history }',
    );
    link.cut();
    expect(await failureOf(assertReaches(a, '10.0.0.9'))).toContain('the link a-s1 of a is down');
  });

  it('is said to fail for a host that has no route, and names what is down', async () => {
    using net = lab();
    const [s1, s2, s3] = [net.switch('s1'), net.switch('s2'), net.switch('s3')];
    net.link(s1, s2).cut();
    net.link(s2, s3);
    s3.crash();
    const [a, b] = [net.host('a', s1), net.host('b', s2)];
    expect(await failureOf(assertReaches(a, b))).toContain('\ndown now: s3, s1-s2\nlast between a and s1.2:');
    expect(await failureOf(assertReaches(a, '192.168.1.1'))).toBe(
      lines(
        'expected: a reaches 192.168.1.1 (seed 1)',
        'but a has no route to 192.168.1.1: that is outside 10.0.0.0/8, and a has no router',
      ),
    );
    expect(await failureOf(assertReaches(a, '255.255.255.255'))).toContain('but no echo reply came back\n');
    expect(await failureOf(assertReaches(a, 'fe80::1'))).toContain('but a has no IPv6 address; make it with { ipv6: true }');
    const c = net.host('c', s1, { dhcp: true });
    expect(await failureOf(assertReaches(c, a))).toContain('but c has no address');
  });

  it('in time is so, or the whole way with all times is told; as it is when nobody should have been reached', async () => {
    using net = lab();
    const [a, b] = pair(net);
    await assertReachesWithin(a, b, { seconds: 1 });
    const late = await failureOf(assertReachesWithin(a, b, { milliseconds: 0.1 }));
    expect(late).toMatch(/^expected: a reaches b within 0\.1 ms \(seed 1\)\nbut the echo reply came back in 0\.3 ms\nits path:\n/);
    expect(
      late
        .split('\n')
        .slice(3)
        .map((line) => line.replace(/^.*ms {2}(.*?) {2}.*, (.*)$/, '$1 $2')),
    ).toEqual([
      'a > s1.2 echo request 2',
      's1.1 > s2.1 echo request 2',
      's2.2 > b echo request 2',
      'b > s2.2 echo reply 2',
      's2.1 > s1.1 echo reply 2',
      's1.2 > a echo reply 2',
    ]);
    expect(await failureOf(assertDoesNotReach(a, b))).toMatch(
      /^expected: a does not reach b \(seed 1\)\nbut the echo reply came back in 0\.3 ms\nits path:\n/,
    );
  });

  it('keeps evidence, and says where', async () => {
    const kept: string[] = [];
    using net = lab({ evidence: (of, name) => `evidence/${kept.push(`${name} at ${of.now}`)}.pcapng` });
    const [a, b] = pair(net);
    await assertReaches(a, b);
    net.linkNamed('b-s2').cut();
    expect(await failureOf(assertReaches(a, b, { timeout: 300 }))).toMatch(/\nevidence: evidence\/1\.pcapng$/);
    expect(await failureOf(assertDoesNotReach(a, '10.0.0.1'))).toMatch(/\nevidence: evidence\/2\.pcapng$/);
    expect(kept).toEqual(['a reaches b at 300.45', 'a does not reach 10.0.0.1 at 300.45']);
  });

  it('is asked of hosts alone', async () => {
    using net = lab();
    const station: unknown = net.station('s');
    await expect(assertReaches(station as LabHost, '10.0.0.1')).rejects.toThrow(
      'expected a host of the lab, not [object Object]; pass one that the network made',
    );
    const a = net.host('a');
    const nobody: unknown = undefined;
    await expect(assertReaches(a, nobody as LabHost)).rejects.toThrow('expected a host, or an address in text, of the lab, not undefined');
    await expect(assertHasNoLoop(7 as unknown as Network)).rejects.toThrow('expected a network of the lab, not 7');
  });
});

describe('that a host has a lease', () => {
  it('is so, once there is a server', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    const [a, b] = [net.host('a', s1, { dhcp: true }), net.host('b', s1)];
    const message = await failureOf(assertHasLease(a, { seconds: 3 }));
    expect(message).toMatch(
      /^expected: a has a lease \(seed 1\)\nbut its DHCP client is in SELECTING\nits path:\n.*DHCP DISCOVER for 02:00:00:00:00:01/,
    );
    expect(message).toContain('it was delivered to b, and nothing followed');
    expect(await failureOf(assertHasLease(b))).toBe(
      'expected: b has a lease (seed 1)\nbut it has no DHCP client; make it with { dhcp: true }',
    );
    net.dhcp(s1);
    await assertHasLease(a);
  });

  it('is not so of a server for another VLAN, which hears nothing of the question', async () => {
    using net = lab();
    const s1 = net.switch('s1', { vlans: [5, 6] });
    const dhcp = net.dhcp(s1, { vlan: 6 });
    const a = net.host('a', s1, { dhcp: true, vlan: 5 });
    const message = await failureOf(assertHasLease(a));
    expect(message).toContain('it was dropped by s1: no-egress\ns1.1 would now do this with it: drop (no-egress)');
    await failureOf(assertHasLease(net.host('b', s1, { dhcp: true })));
    const c = net.host('c', s1, { dhcp: true, vlan: 6 });
    await assertHasLease(c);
    expect(dhcp.leases.map(({ state }) => state)).toEqual(['bound']);
  });

  it('is not so when the pool is empty', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    net.dhcp(s1, { range: '10.77.0.10-10.77.0.10' });
    const [a, b] = [net.host('a', s1, { dhcp: true }), net.host('b', s1, { dhcp: true })];
    await net.runUntil(() => a.lease !== undefined || b.lease !== undefined);
    const unlucky = a.lease ? b : a;
    const message = await failureOf(assertHasLease(unlucky));
    expect(message).toContain('but its DHCP client is in SELECTING');
    expect(message).toContain('\nthe DHCP server of s1 reported: dropped (pool-exhausted)\n');
    expect(message).toContain('would now do this with it: VLAN 0: flood (group-destination) to port inside, ');
  });
});

describe('that a station sees a frame', () => {
  it('is so when it did, or does in time; by a function, a part of its line, or a pattern', async () => {
    using net = lab();
    const [a, b] = [net.station('a'), net.station('b')];
    net.link(a, b);
    a.after(500, () => a.send(broadcast(3)));
    await assertSeesNoFrame(b, '0x88b5', { milliseconds: 400 });
    await assertSeesFrame(b, '0x88b5');
    await assertSeesFrame(b, /0a:00:00:00:00:03 > all/);
    await assertSeesFrame(b, (frame) => frame[14] === 3, { seconds: 0 });
    expect(net.now).toBeCloseTo(500.05);
    expect(await failureOf(assertSeesFrame(b, 'ARP'))).toBe(
      lines(
        'expected: b sees a frame like ARP (seed 1)',
        'but the last frames that it received:',
        '  500.05 ms  0a:00:00:00:00:03 > all: EtherType 0x88b5, 1 octet',
      ),
    );
    expect(await failureOf(assertSeesFrame(a, () => true))).toBe('expected: a sees such a frame (seed 1)\nbut it received no frame at all');
    expect(await failureOf(assertSeesNoFrame(b, /0x88b5/))).toBe(
      'expected: b sees no frame like /0x88b5/ (seed 1)\nbut 500.05 ms  0a:00:00:00:00:03 > all: EtherType 0x88b5, 1 octet',
    );
  });
});

describe('that there is no loop', () => {
  it('is so in a ring with a spanning tree, and in one that is open somewhere', async () => {
    using net = lab();
    const { links } = net.ring(4, { switch: { fstp: false } });
    expect(await failureOf(assertHasNoLoop(net))).toBe(
      'expected: there is no loop (seed 1)\nbut VLAN 0 has a loop: s3-s4, s2-s3, s1-s2, s4-s1',
    );
    const [first] = links;
    first?.silence({ from: net.switchNamed('s1') });
    expect(await failureOf(assertHasNoLoop(net))).toContain('VLAN 0 has a loop');
    first?.silence();
    await assertHasNoLoop(net);
    using tree = lab();
    tree.ring(4);
    await assertHasConverged(tree);
    await assertHasNoLoop(tree);
  });

  it('is not so when a frame has gone in a circle, though that is open by now', async () => {
    using net = lab();
    const [s1, s2, a] = [net.switch('s1'), net.switch('s2'), net.station('a')];
    net.link(a, s1);
    net.link(s1, s2);
    const second = net.link(s1, s2);
    a.send(broadcast());
    await net.run({ milliseconds: 0.3 });
    second.cut();
    const message = await failureOf(assertHasNoLoop(net));
    expect(message).toMatch(
      /^expected: there is no loop \(seed 1\)\nbut a frame crossed the same link twice\nits path:\n {2}0 ms {2}a > s1\.1/,
    );
    expect(message.match(/s1\.2 > s2\.1/g)).toHaveLength(2);
  });

  it('is so where stations and bridges answer each other, who send frames of their own', async () => {
    using net = lab();
    const { hosts } = net.ring(3);
    const [a, b] = hosts;
    if (!a || !b) throw new Error('no hosts');
    for (let n = 0; n < 3; n++) await a.ping(b);
    await net.run({ seconds: 30 });
    await assertHasNoLoop(net);
  });
});

describe('that spanning trees have converged', () => {
  it('is so when nothing changes any more; heals what is silent when its root is too old', async () => {
    using net = lab();
    const { links } = net.ring(4);
    await assertHasConverged(net);
    expect(net.now).toBe(10_000);
    const [first] = links;
    first?.silence();
    expect(await failureOf(assertHasConverged(net, { seconds: 5 }))).toBe(
      lines('expected: the spanning trees have converged (seed 1)', 'but at 15000 ms they have not:', '  VLAN 0 is split: s1 s4; s2 s3'),
    );
    await assertHasConverged(net);
  });

  it('is not so where there are none: of the VLANs in a loop, or in parts, those are told', async () => {
    using net = lab();
    net.ring(3, { switch: { vlans: [5], fstp: false }, hosts: 0 });
    expect(await failureOf(assertHasConverged(net, { seconds: 20 }))).toBe(
      lines(
        'expected: the spanning trees have converged (seed 1)',
        'but at 20000 ms they have not:',
        '  VLAN 0 has a loop: s2-s3, s1-s2, s3-s1',
        '  VLAN 5 has a loop: s2-s3, s1-s2, s3-s1',
      ),
    );
  });

  it('is so for each VLAN among the switches whose links carry it', async () => {
    using net = lab();
    const { switches, links } = net.ring(3, { switch: { vlans: [5, 6] }, link: { untagged: 'none', tagged: [5] } });
    await assertHasConverged(net);
    const alone = net.switch('s4', { fstp: true, vlans: [5] });
    const [s1] = switches;
    const trunk = net.link(alone, s1 ?? alone, { tagged: [5] });
    await assertHasConverged(net);
    trunk.silence({ from: alone });
    for (const link of links) link.cut();
    await assertHasConverged(net);
  });

  it('is asked of hundreds of switches at once', async () => {
    using net = lab();
    const { switches } = net.tree({ depth: 8, switch: { fstp: true } });
    const [first, last] = [switches[0], switches.at(-1)];
    if (!first || !last) throw new Error('no switches');
    net.link(first, last);
    await assertHasConverged(net);
    await assertHasNoLoop(net);
  });
});
