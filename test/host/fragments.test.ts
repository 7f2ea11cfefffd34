import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fragmentsOf, Ipv4Reassembly } from '../../src/host/ipv4-fragments.ts';
import { decodeIcmpUnreachable, unreachableCodes } from '../../src/wire/icmp.ts';
import { formatIp } from '../../src/wire/ip.ts';
import { decodeIpv4, ipProtocols, type Ipv4 } from '../../src/wire/ipv4.ts';
import { summarize } from '../../src/wire/summary.ts';
import { encodeEthernet } from '../../src/wire/ethernet.ts';
import { encodeUdp } from '../../src/wire/udp.ts';
import { encodeIpv4 } from '../../src/wire/ipv4.ts';
import { broadcastMac } from '../../src/wire/mac.ts';
import { ManualClock } from '../manual-clock.ts';
import { addressOf, macOf, Wire } from './host-wire.ts';

const own = { source: addressOf(1), destination: addressOf(2), protocol: 17, identification: 7, dontFragment: false };

function decoded(octets: Uint8Array): Ipv4 {
  const packet = decodeIpv4(octets);
  if (!packet) throw new Error('it is not whole');
  return packet;
}

describe('fragments', () => {
  it('are put together again, in whatever order and how often they come, and fit on their link', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 5000 }),
        fc.integer({ min: 68, max: 1500 }),
        fc.infiniteStream(fc.nat()),
        (payload, mtu, order) => {
          const fragments = fragmentsOf({ ...own, payload }, mtu);
          expect(fragments.every(({ length }) => length <= mtu)).toBe(true);
          if (fragments.length === 1) {
            expect(decoded(fragments[0] ?? new Uint8Array(0)).payload).toEqual(payload);
            return;
          }
          const shuffled = [...fragments, ...fragments.slice(1, 3)]
            .map((fragment) => [order.next().value as number, fragment] as const)
            .sort(([a], [b]) => a - b);
          const reassembly = new Ipv4Reassembly(new ManualClock());
          const wholes = shuffled.flatMap(([, fragment]) => {
            const lent = fragment.slice();
            const whole = reassembly.add(decoded(lent));
            lent.fill(0xa5);
            return whole ? [whole] : [];
          });
          expect(wholes).toHaveLength(1);
          expect(wholes[0]).toMatchObject({ ...own, payload, moreFragments: false, fragmentOffset: 0 });
        },
      ),
    );
  });

  it('that overlap, are too many, or of which the rest does not come in time, are dropped', () => {
    const clock = new ManualClock();
    const reassembly = new Ipv4Reassembly(clock);
    const piece = (fragmentOffset: number, length: number, moreFragments: boolean, identification = 7): Ipv4 =>
      decoded(encodeIpv4({ ...own, identification, fragmentOffset, moreFragments, payload: new Uint8Array(length) }));
    const end = (identification?: number): unknown => reassembly.add(piece(1, 8, false, identification));
    const start = (identification?: number): unknown => reassembly.add(piece(0, 8, true, identification));
    expect([start(), end()]).toEqual([undefined, expect.objectContaining({ payload: new Uint8Array(16) })]);
    for (const overlapping of [piece(0, 16, true), piece(0, 24, false), piece(0, 7, true), piece(8191, 9, false)]) {
      reassembly.add(overlapping);
      expect([end(), reassembly.add(overlapping)]).toEqual([undefined, undefined]);
      reassembly.clear();
    }
    start();
    clock.advance(30_001);
    expect(end()).toBeUndefined();
    reassembly.clear();
    for (let n = 0; n < 17; n++) start(n);
    expect([end(0), end(16)]).toEqual([undefined, expect.anything()]);
  });

  it('of pings of all sizes go both ways, also before the neighbour is known', () => {
    using wire = new Wire();
    const [a, b] = [wire.host(1), wire.host(2)];
    const times: unknown[] = [];
    for (const size of [0, 1472, 1473, 2960, 65_507]) {
      b.arp.clear();
      a.arp.clear();
      a.ping(addressOf(2), (time) => times.push(time !== undefined), { payload: new Uint8Array(size) });
      wire.clock.advance(100);
    }
    expect(times).toEqual([true, true, true, true, true]);
    expect(Math.max(...wire.frames.map(({ length }) => length))).toBe(1514);
    a.ping(addressOf(2), () => undefined, { payload: new Uint8Array(1472), dontFragment: true });
    expect(decoded((wire.frames.at(-1) ?? new Uint8Array(0)).subarray(14))).toMatchObject({ dontFragment: true, moreFragments: false });
    const tooLong = (size: number, dontFragment: boolean) => () =>
      a.ping(addressOf(2), () => undefined, { payload: new Uint8Array(size), dontFragment });
    expect(tooLong(1473, true)).toThrow('cannot send 1473 octets in one ping: the way to 10.0.0.2 carries at most 1472; send less');
    expect(tooLong(65_508, false)).toThrow('cannot send 65508 octets in one ping: a packet holds at most 65507; send less');
  });
});

describe('a closed UDP port', () => {
  it('is said to be closed to whoever sent there, and to the socket that did', () => {
    using wire = new Wire();
    const [a, b] = [wire.host(1), wire.host(2)];
    const refused: unknown[] = [];
    using socket = a.udp(
      1234,
      () => undefined,
      (host, port) => refused.push([formatIp(host), port]),
    );
    socket.send(addressOf(2), 7, new Uint8Array(1000));
    wire.clock.advance(100);
    expect(refused).toEqual([['10.0.0.2', 7]]);
    const answer = wire.frames.at(-1) ?? new Uint8Array(0);
    expect(answer.length).toBe(14 + 576);
    expect(summarize(answer)).toMatch(/ICMP 10\.0\.0\.2 > 10\.0\.0\.1, UDP port 7 of 10\.0\.0\.2 unreachable$/);
    expect(decodeIcmpUnreachable(decoded(answer.subarray(14)).payload)).toMatchObject({
      code: unreachableCodes.port,
      source: addressOf(1),
    });
    using _open = b.udp(7, () => undefined);
    socket.send(addressOf(2), 7, new Uint8Array(0));
    wire.clock.advance(100);
    expect(refused).toHaveLength(1);
  });

  it('is not said to be closed to all, nor without bound', () => {
    using wire = new Wire();
    const [, b] = [wire.host(1), wire.host(2)];
    wire.clock.advance(10);
    const datagram = (destination = addressOf(2), to = macOf(2)): Uint8Array => {
      const payload = encodeUdp({ sourcePort: 5, destinationPort: 7, payload: new Uint8Array(4) }, addressOf(1), destination);
      const packet = encodeIpv4({ source: addressOf(1), destination, protocol: ipProtocols.udp, payload });
      return encodeEthernet({ destination: to, source: macOf(1), etherType: 0x800, payload: packet });
    };
    const before = wire.frames.length;
    b.receive(datagram(addressOf(255), broadcastMac));
    b.receive(datagram(addressOf(255)));
    expect(wire.frames).toHaveLength(before);
    for (let n = 0; n < 1000; n++) b.receive(datagram());
    expect(wire.frames).toHaveLength(before + 50);
    wire.clock.advance(20);
    for (let n = 0; n < 1000; n++) b.receive(datagram());
    expect(wire.frames).toHaveLength(before + 70);
  });

  it('is told only by who quotes what was sent', () => {
    expect(decodeIcmpUnreachable(new Uint8Array(0))).toBeUndefined();
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => decodeIcmpUnreachable(octets) === undefined || octets[0] === 3));
  });
});
