import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Host, HostOptions } from '../../src/host/host.ts';
import { Ipv6Reassembly, ipv6FragmentsOf } from '../../src/host/ipv6-fragments.ts';
import { encodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { formatIp, parseIp } from '../../src/wire/ip.ts';
import { encodeIpv6Fragment, fragmentHeader } from '../../src/wire/ipv6-fragment.ts';
import { decodeIpv6, encodeIpv6, ipv6NetworkOf, linkLocalOf, parseIpv6, type Ipv6, type Ipv6Address } from '../../src/wire/ipv6.ts';
import { readMac } from '../../src/wire/mac.ts';
import { summarize } from '../../src/wire/summary.ts';
import { encodeUdpOverIpv6 } from '../../src/wire/udp.ts';
import { ManualClock } from '../manual-clock.ts';
import { addressOf, macOf, Wire } from './host-wire.ts';

const [first, second] = [linkLocalOf(macOf(1)), linkLocalOf(macOf(2))];

function at(text: string): Ipv6Address {
  const address = parseIpv6(text);
  if (address === undefined) throw new Error(`${text} is not an address`);
  return address;
}

/** fd00::n of fd00::/64. */
function global(n: number, router?: string): Pick<HostOptions, 'ipv6'> {
  const address = at(`fd00::${n}`);
  return { ipv6: { address, network: ipv6NetworkOf(address, 64), ...(router !== undefined && { router: at(router) }) } };
}

/** Hosts, once they have their addresses. */
function ready(wire: Wire, ...options: readonly Partial<HostOptions>[]): Host[] {
  const hosts = options.map((one, n) => wire.host(n + 1, one));
  wire.clock.advanceSeconds(1.1);
  wire.frames.length = 0;
  return hosts;
}

function pair(wire: Wire): [Host, Host] {
  const [a, b] = ready(wire, global(1), global(2));
  if (!a || !b) throw new Error('there are no two hosts');
  return [a, b];
}

/** Returns a frame for host 2 with a packet of host 1. */
function frameOf(packet: Ipv6): Uint8Array {
  return encodeEthernet({ destination: macOf(2), source: macOf(1), etherType: etherTypes.ipv6, payload: encodeIpv6(packet) });
}

describe('UDP over IPv6', () => {
  it('goes both ways, between addresses of the link and given ones, and by both families at one port', () => {
    using wire = new Wire();
    const [a, b] = pair(wire);
    const heard: string[] = [];
    const echo = b.udp(7, ({ source, sourcePort, payload, destination }) => {
      heard.push(`${formatIp(source)} > ${formatIp(destination)}`);
      echo.send(source, sourcePort, payload);
    });
    const answers: string[] = [];
    const socket = a.udp(undefined, ({ source, payload }) => answers.push(`${formatIp(source)} ${payload.length}`));
    for (const to of [second, at('fd00::2'), addressOf(2)]) {
      socket.send(to, 7, new Uint8Array(5));
      wire.clock.advance(100);
    }
    expect(heard).toEqual([`${formatIp(first)} > ${formatIp(second)}`, 'fd00::1 > fd00::2', '10.0.0.1 > 10.0.0.2']);
    expect(answers).toEqual([`${formatIp(second)} 5`, 'fd00::2 5', '10.0.0.2 5']);
  });

  it('comes to the host itself, and to no host before it has an address', () => {
    using wire = new Wire();
    const a = wire.host(1, global(1));
    const heard: number[] = [];
    const socket = a.udp(7, ({ payload }) => heard.push(payload.length));
    socket.send(at('fd00::1'), 7, new Uint8Array(1));
    wire.clock.advanceSeconds(2);
    for (const to of [at('fd00::1'), first]) socket.send(to, 7, new Uint8Array(2));
    wire.clock.advance(10);
    expect(heard).toEqual([2, 2]);
  });

  it('of 65,527 octets goes in fragments, also before the neighbour is known, and no more goes', () => {
    using wire = new Wire();
    const [a, b] = pair(wire);
    const heard: Uint8Array[] = [];
    b.udp(7, ({ payload }) => heard.push(payload.slice()));
    const socket = a.udp(undefined, () => undefined);
    const payload = Uint8Array.from({ length: 65_527 }, (_, n) => n * 31);
    socket.send(at('fd00::2'), 7, payload);
    socket.send(at('fd00::2'), 7, payload.subarray(0, 1452));
    wire.clock.advance(100);
    expect(heard).toEqual([payload, payload.subarray(0, 1452)]);
    expect(Math.max(...wire.frames.map(({ length }) => length))).toBe(1514);
    expect(wire.frames.filter((frame) => summarize(frame).includes('a fragment of protocol 17'))).toHaveLength(46);
    expect(() => socket.send(second, 7, new Uint8Array(65_528))).toThrow(
      'cannot send 65528 octets in one UDP datagram: a packet holds at most 65527; send less at a time',
    );
  });

  it('leaves by the address that its socket has, and is taken by it alone', () => {
    using wire = new Wire();
    const [a, b] = pair(wire);
    const heard: string[] = [];
    using all = b.udp(8, ({ source }) => heard.push(formatIp(source)));
    using _given = b.udp(7, ({ destination }) => heard.push(formatIp(destination)), undefined, { address: at('fd00::2') });
    using own = a.udp(9, () => undefined, undefined, { address: first });
    own.send(at('fd00::2'), 8, new Uint8Array(1));
    own.send(addressOf(2), 8, new Uint8Array(1));
    own.send(second, 7, new Uint8Array(1));
    own.send(at('fd00::2'), 7, new Uint8Array(1));
    wire.clock.advance(100);
    expect(heard).toEqual([formatIp(first), 'fd00::2']);
    expect(all.port).toBe(8);
    expect(() => a.udp(10, () => undefined, undefined, { address: at('fd00::9') })).toThrow(
      expect.objectContaining({
        code: 'bad-address',
        message: 'fd00::9 is not an address of this host; use one of its addresses, or leave it out for all of them',
      }),
    );
  });

  it('is refused by a closed port, which the socket is told; what was for a group is not', () => {
    using wire = new Wire();
    const [a] = pair(wire);
    const refused: unknown[] = [];
    const socket = a.udp(
      1234,
      () => undefined,
      (host, port, mtu) => refused.push([formatIp(host), port, mtu]),
    );
    socket.send(at('fd00::2'), 7, new Uint8Array(1400));
    wire.clock.advance(100);
    expect(refused).toEqual([['fd00::2', 7, undefined]]);
    const answer = wire.frames.at(-1) ?? new Uint8Array(0);
    expect([answer.length, summarize(answer)]).toEqual([
      14 + 1280,
      '02:00:00:00:10:02 > 02:00:00:00:10:01: ICMPv6 fd00::2 > fd00::1, UDP port 7 of fd00::2 unreachable',
    ]);
    const before = wire.frames.length;
    socket.send(at('ff02::1'), 7, new Uint8Array(1));
    wire.clock.advance(100);
    expect([wire.frames.length - before, refused.length]).toEqual([1, 1]);
  });

  it('is not heard with a wrong checksum, and never without one', () => {
    using wire = new Wire();
    const [, b] = pair(wire);
    const heard: unknown[] = [];
    b.udp(7, () => heard.push(1));
    const [source, destination] = [at('fd00::1'), at('fd00::2')];
    const payload = encodeUdpOverIpv6({ sourcePort: 5, destinationPort: 7, payload: new Uint8Array(4) }, source, destination);
    const send = (segment: Uint8Array): void => b.receive(frameOf({ source, destination, nextHeader: 17, hopLimit: 64, payload: segment }));
    send(payload);
    for (const checksum of [0, 1]) {
      const wrong = payload.slice();
      wrong.set([0, checksum], 6);
      send(wrong);
    }
    expect(heard).toHaveLength(1);
  });

  it('for other networks goes by the router, and nowhere without one', () => {
    using wire = new Wire();
    const [a, b] = ready(wire, global(1, 'fd00::2'), global(2));
    for (const host of [a, b]) host?.udp(undefined, () => undefined).send(at('fd99::1'), 7, new Uint8Array(1));
    wire.clock.advance(100);
    const sent = wire.frames.filter((frame) => summarize(frame).includes('UDP'));
    expect(sent.map((frame) => [readMac(frame, 0), summarize(frame).replace(/.*: (?=UDP)/, '')])).toEqual([
      [macOf(2), expect.stringMatching(/^UDP \[fd00::1\]:\d+ > \[fd99::1\]:7, 1 octet$/) as string],
    ]);
  });
});

describe('an IPv6 address that was given', () => {
  it('is not used where somebody has it, and the one of the link is', () => {
    using wire = new Wire();
    const [a] = ready(wire, global(1));
    const conflicts: unknown[] = [];
    const b = wire.host(2, { ...global(1), onConflict: (mac) => conflicts.push(mac) });
    wire.clock.advanceSeconds(2);
    expect([a?.address6, b.address6, b.linkLocal, conflicts]).toEqual([at('fd00::1'), undefined, second, [macOf(1)]]);
  });
});

describe('fragments of IPv6', () => {
  const own = { source: first, destination: second, nextHeader: 17, hopLimit: 64 };
  const decoded = (octets: Uint8Array): Ipv6 => decodeIpv6(octets) ?? { ...own, payload: new Uint8Array(0) };
  const piece = (offset: number, length: number, more: boolean, identification = 7): Ipv6 => ({
    ...own,
    nextHeader: fragmentHeader,
    payload: encodeIpv6Fragment({ nextHeader: 17, offset, more, identification, payload: new Uint8Array(length) }),
  });

  it('are put together again, in whatever order and how often they come, and fit on their link', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 9000 }),
        fc.integer({ min: 1280, max: 1500 }),
        fc.infiniteStream(fc.nat()),
        (payload, mtu, order) => {
          const fragments = ipv6FragmentsOf({ ...own, payload }, mtu, 0xffff_ffff);
          expect(fragments.every(({ length }) => length <= mtu)).toBe(true);
          if (fragments.length === 1) {
            expect(decoded(fragments[0] ?? new Uint8Array(0))).toEqual({ ...own, payload });
            return;
          }
          const shuffled = [...fragments, ...fragments.slice(1, 3)]
            .map((fragment) => [order.next().value as number, fragment] as const)
            .sort(([a], [b]) => a - b);
          const reassembly = new Ipv6Reassembly(new ManualClock());
          const wholes = shuffled.flatMap(([, fragment]) => {
            const lent = fragment.slice();
            const whole = reassembly.add(decoded(lent));
            lent.fill(0xa5);
            return whole ? [whole] : [];
          });
          expect(wholes).toEqual([{ ...own, payload }]);
        },
      ),
    );
  });

  it('that overlap are dropped with all others of their packet, also with those that come later', () => {
    const clock = new ManualClock();
    for (const overlapping of [piece(0, 16, true), piece(1, 16, true), piece(1, 24, true)]) {
      const reassembly = new Ipv6Reassembly(clock);
      const end = (): unknown => reassembly.add(piece(2, 8, false));
      expect([reassembly.add(piece(0, 8, true)), end()]).toEqual([undefined, undefined]);
      expect([reassembly.add(overlapping), reassembly.add(piece(0, 8, true)), reassembly.add(piece(1, 8, true)), end()]).toEqual(
        Array(4).fill(undefined),
      );
      // Another packet is none of theirs, and after a minute it is another packet.
      for (const identification of [8, 7]) {
        const parts = [piece(0, 8, true, identification), piece(1, 8, false, identification)];
        expect(parts.map((part) => reassembly.add(part)?.payload)).toEqual([undefined, new Uint8Array(16)]);
        clock.advance(60_001);
      }
    }
  });

  it('of which the rest does not come in a minute, or that are no whole number of units, are dropped; of one there is a whole', () => {
    const clock = new ManualClock();
    const reassembly = new Ipv6Reassembly(clock);
    reassembly.add(piece(0, 8, true));
    clock.advance(60_001);
    expect(reassembly.add(piece(1, 8, false))).toBeUndefined();
    expect([reassembly.add(piece(0, 7, true, 9)), reassembly.add(piece(8191, 8, false, 9))]).toEqual([undefined, undefined]);
    expect(reassembly.add(piece(0, 5, false, 7))).toMatchObject({ nextHeader: 17, payload: new Uint8Array(5) });
    expect(reassembly.add({ ...own, nextHeader: fragmentHeader, payload: new Uint8Array(7) })).toBeUndefined();
  });

  it('hold no message of neighbours', () => {
    using wire = new Wire();
    const [, b] = pair(wire);
    const asking = Uint8Array.from([135, 0, 0, 0]);
    const [source, destination] = [at('fd00::1'), at('fd00::2')];
    const payload = encodeIpv6Fragment({ nextHeader: 58, offset: 0, more: false, identification: 1, payload: asking });
    b.receive(frameOf({ source, destination, nextHeader: fragmentHeader, hopLimit: 255, payload }));
    expect(wire.frames).toEqual([]);
  });

  it('of pings of all sizes go both ways', () => {
    using wire = new Wire();
    const [a] = pair(wire);
    const times: unknown[] = [];
    for (const size of [0, 1452, 1453, 8000, 65_527]) {
      a.ping(at('fd00::2'), (time) => times.push(time !== undefined), { payload: new Uint8Array(size) });
      wire.clock.advance(100);
    }
    expect(times).toEqual(Array(5).fill(true));
    const ping = (size: number, dontFragment: boolean) => () =>
      a.ping(at('fd00::2'), () => undefined, { payload: new Uint8Array(size), dontFragment });
    expect(ping(1453, true)).toThrow('cannot send 1453 octets in one ping: the way to fd00::2 carries at most 1452; send less');
    expect(ping(65_528, false)).toThrow('cannot send 65528 octets in one ping: a packet holds at most 65527; send less');
  });
});

describe('an address', () => {
  it('of a family that a host does not have is sent nothing', () => {
    using wire = new Wire();
    const [a] = ready(wire, {});
    a?.udp(undefined, () => undefined).send(parseIp('fd00::2') ?? addressOf(2), 7, new Uint8Array(1));
    wire.clock.advance(100);
    expect(wire.frames).toEqual([]);
  });
});
