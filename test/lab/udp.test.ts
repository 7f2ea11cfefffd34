import { describe, expect, it } from 'vitest';
import { assertReaches, EtherloomError, lab, play, recording, type LabHost, type Network } from '../../src/lab/lab.ts';
import { encodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { encodeIcmpUnreachable, unreachableCodes } from '../../src/wire/icmp.ts';
import { encodeIpv4, ipProtocols, ipv4FromNumber } from '../../src/wire/ipv4.ts';
import { macFromNumber } from '../../src/wire/mac.ts';

function pair(net: Network): [LabHost, LabHost] {
  const s1 = net.switch('s1');
  return [net.host('a', s1, { ip6: 'fd00::1/64' }), net.host('b', s1, { ip6: 'fd00::2/64' })];
}

describe('UDP over IPv6 in the lab', () => {
  it('goes between hosts, by their addresses in text or of the link, and is played again', async () => {
    using net = lab({ record: true });
    const [a, b] = pair(net);
    await net.run({ seconds: 2 });
    b.udp(7, ({ from, port, to, text }, socket) => socket.send(from, port, `${text} to ${to}`));
    const [byText, byHost] = [a.udp(), a.udp(5000, undefined, { ipv6: true })];
    byText.send('fd00::2', 7, 'x'.repeat(4000));
    byHost.send(b, 7, 'hello');
    await net.quiesce();
    expect([a.address6 !== undefined, byText.received.map(({ from, to, text }) => [from, to, text.slice(-11)])]).toEqual([
      true,
      [['fd00::2', 'fd00::1', ' to fd00::2']],
    ]);
    expect(byHost.received.map(({ from, text }) => [from, text])).toEqual([['fe80::ff:fe00:2', 'hello to fe80::ff:fe00:2']]);
    byText.send('fd00::2', 9, 'nobody');
    await net.quiesce();
    expect(byText.refusals).toEqual([{ time: expect.any(Number) as number, from: 'fd00::2', port: 9 }]);
    using again = play(recording(net));
    expect(recording(again)).toBe(recording(net));
  });

  it('needs a host with IPv6, and addresses that hosts can have', () => {
    using net = lab();
    const [a] = pair(net);
    const c = net.host('c', net.switchNamed('s1'));
    const refused = [
      () => c.udp().send('fd00::1', 7, 'x'),
      () => c.udp().join('ff02::1'),
      () => c.udp(undefined, undefined, { address: 'fd00::3' }),
    ];
    for (const one of refused) expect(one).toThrow(expect.objectContaining({ code: 'bad-state' }));
    expect(refused[0]).toThrow('c has no IPv6 address, and fd00::1 is one; make it with { ipv6: true }');
    for (const ip6 of ['fd00::1', 'fd00::1/129', 'fe80::1/64', 'ff02::1/64', '::1/128', '10.0.0.1/8'])
      expect(() => net.host(`h${ip6.length}`, undefined, { ip6 })).toThrow(expect.objectContaining({ code: 'bad-address' }));
    expect(() => a.udp(undefined, undefined, { address: '10.9.9.9' })).toThrow(
      '10.9.9.9 is not an address of this host; use one of its addresses, or leave it out for all of them',
    );
    expect(() => a.udp(undefined, undefined, { multicastTtl: 256 })).toThrow('must be an integer from 0 to 255, not 256');
    expect(() => a.udp(undefined, undefined, { multicastTTL: 1 } as object)).toThrow('unknown option "multicastTTL"; use one of: address,');
  });

  it('is not possible to a network without a route, which a failed check says', async () => {
    using net = lab();
    const [a] = pair(net);
    await net.run({ seconds: 2 });
    await assertReaches(a, 'fd00::2');
    await expect(assertReaches(a, 'fd99::1')).rejects.toThrow('a has no route to fd99::1: that is outside fd00::/64, and a has no router');
  });

  it('is had by one host alone: two of one address notice it', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    net.host('a', s1, { ip6: 'fd00::1/64' });
    await net.run({ seconds: 2 });
    const b = net.host('b', s1, { ip6: 'fd00::1/64' });
    await net.run({ seconds: 2 });
    expect([b.address6, b.linkLocal === undefined, b.rivals.size]).toEqual([undefined, false, 1]);
    const c = net.host('c', s1);
    await expect(assertReaches(c, '10.0.0.99')).rejects.toThrow('fd00::1 of b is used by a, too');
  });
});

describe.each(['239.1.2.3', 'ff02::123'])('the group %s in the lab', (group) => {
  it('is received by sockets that joined it, and is played again', async () => {
    using net = lab({ record: true });
    const [a, b] = pair(net);
    const c = net.host('c', net.switchNamed('s1'), { ipv6: true });
    await net.run({ seconds: 2 });
    const [speaker, member, other] = [a.udp(), b.udp(7), c.udp(7)];
    const own = a.udp(7, undefined, { multicastTtl: 3, multicastLoopback: false });
    for (const socket of [member, own]) socket.join(group);
    speaker.send(group, 7, 'hello');
    own.send(group, 7, 'once');
    await net.quiesce();
    const heard = (): (string | number)[][] => [own, member, other].map(({ received }) => received.map(({ to, text }) => `${to} ${text}`));
    expect(heard()).toEqual([[`${group} hello`], [`${group} hello`, `${group} once`], []]);
    member.leave(group);
    speaker.send(group, 7, 'again');
    await net.quiesce();
    expect(heard()[1]).toHaveLength(2);
    expect(() => speaker.join('10.0.0.1')).toThrow(EtherloomError);
    using again = play(recording(net));
    expect(recording(again)).toBe(recording(net));
  });
});

describe('a narrow way in the lab', () => {
  it('is told to the socket whose datagram was too long for it', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    const a = net.host('a', s1, { ip: '10.0.0.1/24', router: '10.0.0.254' });
    // It answers for the router, and finds every packet too long.
    net.host('router', s1, { ip: '10.0.0.254/24' });
    const [mac, router] = [macFromNumber(0x0200_0000_0002), ipv4FromNumber(0x0a00_00fe)];
    const narrow = net.station('narrow', s1);
    net.linkNamed('router-s1').filter((frame) => {
      if (frame[12] !== 8 || frame[13] !== 0 || frame[0] === 0xff) return false;
      const payload = encodeIcmpUnreachable({ code: unreachableCodes.tooLong, packet: frame.slice(14), mtu: 1300 });
      const packet = encodeIpv4({ source: router, destination: ipv4FromNumber(0x0a00_0001), protocol: ipProtocols.icmp, payload });
      narrow.send(encodeEthernet({ destination: a.mac, source: mac, etherType: etherTypes.ipv4, payload: packet }));
      return true;
    });
    const socket = a.udp(undefined, undefined, { dontFragment: true });
    socket.send('10.1.0.1', 7, 'x'.repeat(1400));
    await net.quiesce();
    expect(socket.refusals).toEqual([{ time: expect.any(Number) as number, from: '10.1.0.1', port: 7, mtu: 1300 }]);
    expect([a.pathMtu('10.1.0.1'), a.pathMtu('10.0.0.254')]).toEqual([1300, 1500]);
    expect(() => socket.send('10.1.0.1', 7, 'x'.repeat(1400))).toThrow('the way to 10.1.0.1 carries at most 1272');
    expect(await a.ping('10.1.0.1', { size: 1272, dontFragment: true })).toBeUndefined();
    await expect(a.ping('10.1.0.1', { size: 1273, dontFragment: true })).rejects.toThrow('the way to 10.1.0.1 carries at most 1272');
  });
});
