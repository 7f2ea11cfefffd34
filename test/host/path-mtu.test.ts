import { describe, expect, it } from 'vitest';
import type { Host } from '../../src/host/host.ts';
import { PathMtus } from '../../src/host/path-mtus.ts';
import type { UdpOptions } from '../../src/host/udp-sockets.ts';
import { encodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { encodeIcmpUnreachable, unreachableCodes } from '../../src/wire/icmp.ts';
import { encodeIcmpv6Error } from '../../src/wire/icmpv6-error.ts';
import { icmpv6Protocol } from '../../src/wire/icmpv6.ts';
import { formatIp, isIpv6, type IpAddress } from '../../src/wire/ip.ts';
import { encodeIpv4, ipProtocols, ipv4FromNumber, parseIpv4 } from '../../src/wire/ipv4.ts';
import { decodeIpv6, encodeIpv6, ipv6NetworkOf, parseIpv6, type Ipv6Address } from '../../src/wire/ipv6.ts';
import { ManualClock } from '../manual-clock.ts';
import { addressOf, macOf, network, Wire } from './host-wire.ts';

const [router4, router6] = [addressOf(254), at6('fd00::fe')];
const router = macOf(254);

function at6(text: string): Ipv6Address {
  const address = parseIpv6(text);
  if (address === undefined) throw new Error(`${text} is not an address`);
  return address;
}

/** A host behind the router. */
const far4: IpAddress = parseIpv4('10.1.0.1') ?? addressOf(1);
const far6 = at6('fd01::1');

/** A host with a router that says whatever a test likes of what it was given. */
class Route implements Disposable {
  readonly wire = new Wire();
  readonly host: Host;
  readonly refused: unknown[] = [];

  constructor() {
    const ipv6 = { address: at6('fd00::1'), network: ipv6NetworkOf(at6('fd00::'), 64), router: router6 };
    this.host = this.wire.host(1, { ipv4: { address: addressOf(1), network, router: router4 }, ipv6 });
    const neighbour = this.wire.host(254, { ipv6: { ...ipv6, address: router6 } });
    this.wire.clock.advanceSeconds(1.1);
    this.host.ping(router4, () => undefined);
    this.host.ping(router6, () => undefined);
    neighbour.announce();
    this.wire.clock.advance(10);
    this.wire.frames.length = 0;
  }

  socket(options: UdpOptions = {}): ReturnType<Host['udp']> {
    return this.host.udp(
      undefined,
      () => undefined,
      (host, port, mtu) => this.refused.push([formatIp(host), port, mtu]),
      options,
    );
  }

  /** Returns the packets that were given to the router, each without its frame. */
  packets(): Uint8Array[] {
    this.wire.clock.advance(1);
    return this.wire.frames.splice(0).map((frame) => frame.slice(14));
  }

  /** Says that a packet was too long. */
  refuse(packet: Uint8Array, mtu: number, destination: IpAddress = isV6(packet) ? at6('fd00::1') : addressOf(1)): void {
    this.host.receive(isIpv6(destination) ? tooBig(packet, mtu, destination) : tooLong(packet, mtu));
  }

  [Symbol.dispose](): void {
    this.wire[Symbol.dispose]();
  }
}

function isV6([first = 0]: Uint8Array): boolean {
  return first >>> 4 === 6;
}

function tooLong(packet: Uint8Array, mtu: number): Uint8Array {
  const payload = encodeIcmpUnreachable({ code: unreachableCodes.tooLong, packet, mtu });
  const whole = encodeIpv4({ source: router4, destination: addressOf(1), protocol: ipProtocols.icmp, payload });
  return encodeEthernet({ destination: macOf(1), source: router, etherType: etherTypes.ipv4, payload: whole });
}

function tooBig(packet: Uint8Array, mtu: number, destination: Ipv6Address): Uint8Array {
  const payload = encodeIcmpv6Error({ type: 'too-big', code: 0, mtu }, packet, router6, destination);
  const whole = encodeIpv6({ source: router6, destination, nextHeader: icmpv6Protocol, hopLimit: 64, payload });
  return encodeEthernet({ destination: macOf(1), source: router, etherType: etherTypes.ipv6, payload: whole });
}

describe.each([
  { family: 'IPv4', far: far4, headers: 28 },
  { family: 'IPv6', far: far6, headers: 48 },
])('a narrow way, over $family,', ({ far, headers }) => {
  it('is told to the socket, which sends no more than fits from then on, for ten minutes', () => {
    using route = new Route();
    const socket = route.socket({ dontFragment: true });
    socket.send(far, 7, new Uint8Array(1500 - headers));
    const [sent = new Uint8Array(0)] = route.packets();
    route.refuse(sent, 1300);
    expect(route.refused).toEqual([[formatIp(far), 7, 1300]]);
    expect([route.host.pathMtu(far), route.host.pathMtu(router4)]).toEqual([1300, 1500]);
    expect(() => socket.send(far, 7, new Uint8Array(1301 - headers))).toThrow(
      `cannot send ${1301 - headers} octets in one UDP datagram: the way to ${formatIp(far)} carries at most ${1300 - headers}; send less`,
    );
    socket.send(far, 7, new Uint8Array(1300 - headers));
    expect(route.packets().map(({ length }) => length)).toEqual([1300]);
    route.wire.clock.advance(600_001);
    socket.send(far, 7, new Uint8Array(1500 - headers));
    expect(route.host.pathMtu(far)).toBe(1500);
  });

  it('is gone through in fragments that fit by what may be in fragments', () => {
    using route = new Route();
    route.socket({ dontFragment: true }).send(far, 7, new Uint8Array(1500 - headers));
    route.refuse(route.packets()[0] ?? new Uint8Array(0), 1400);
    route.socket().send(far, 7, new Uint8Array(2000));
    const lengths = route.packets().map(({ length }) => length);
    expect(lengths).toHaveLength(2);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(1400);
  });

  it('ends a ping that is too long for it at once, and lets no other of this length begin', () => {
    using route = new Route();
    const results: unknown[] = [];
    const ping = (size: number): void => {
      const options = { payload: new Uint8Array(size), dontFragment: true };
      route.host.ping(far, (time) => results.push([time, route.wire.clock.monotonic()]), options);
    };
    ping(1500 - headers);
    const [sent = new Uint8Array(0)] = route.packets();
    const now = route.wire.clock.monotonic();
    route.refuse(sent, 1280);
    expect(results).toEqual([[undefined, now]]);
    expect(() => ping(1281 - headers)).toThrow(`the way to ${formatIp(far)} carries at most ${1280 - headers}; send less`);
    ping(1280 - headers);
    expect(route.packets()).toHaveLength(1);
  });

  it('is believed only of what was sent: not of other ports, lengths, addresses or hosts, nor of short packets or closed sockets', () => {
    using route = new Route();
    const socket = route.socket({ dontFragment: true });
    socket.send(far, 7, new Uint8Array(1500 - headers));
    const [sent = new Uint8Array(0)] = route.packets();
    const start = headers - 8;
    const [destinationAt, sourceAt] = isV6(sent) ? [39, 23] : [19, 15];
    for (const at of [destinationAt, sourceAt, start + 1, start + 3, start + 6]) {
      const forged = sent.slice();
      forged[at] = (forged[at] ?? 0) ^ 1;
      route.refuse(forged, 1300);
    }
    // Longer than it was, and as long as the link has.
    for (const mtu of [1500, 1600, 65_535]) route.refuse(sent, mtu);
    socket.send(far, 8, new Uint8Array(10));
    route.refuse(route.packets()[0] ?? new Uint8Array(0), 1300);
    expect([route.host.pathMtu(far), route.refused]).toEqual([1500, []]);
    route.refuse(sent, 1400);
    route.refuse(sent, 1450);
    expect([route.host.pathMtu(far), route.refused.length]).toEqual([1400, 1]);
    route.host.carrier(false);
    expect(route.host.pathMtu(far)).toBe(1500);
  });
});

describe('a way that is said to be very narrow', () => {
  it('has 552 octets over IPv4 at least, also for a router that says nothing', () => {
    for (const mtu of [0, 68, 551]) {
      using route = new Route();
      route.socket({ dontFragment: true }).send(far4, 7, new Uint8Array(1472));
      route.refuse(route.packets()[0] ?? new Uint8Array(0), mtu);
      expect(route.host.pathMtu(far4)).toBe(552);
    }
  });

  it('has 1,280 over IPv6, and who says less is not believed', () => {
    using route = new Route();
    route.socket().send(far6, 7, new Uint8Array(1452));
    const [sent = new Uint8Array(0)] = route.packets();
    route.refuse(sent, 1279);
    expect(route.host.pathMtu(far6)).toBe(1500);
    route.refuse(sent, 1280);
    expect(route.host.pathMtu(far6)).toBe(1280);
  });

  it('is not one where packets may be in fragments', () => {
    using route = new Route();
    route.socket().send(far4, 7, new Uint8Array(1472));
    route.refuse(route.packets()[0] ?? new Uint8Array(0), 1300);
    expect(route.host.pathMtu(far4)).toBe(1500);
  });

  it('is learned from the first fragment of what was sent in fragments', () => {
    using route = new Route();
    route.socket().send(far6, 7, new Uint8Array(3000));
    const packets = route.packets();
    expect(packets.map((packet) => decodeIpv6(packet)?.nextHeader)).toEqual([44, 44, 44]);
    route.refuse(packets[1] ?? new Uint8Array(0), 1300);
    expect(route.host.pathMtu(far6)).toBe(1500);
    route.refuse(packets[0] ?? new Uint8Array(0), 1300);
    expect([route.host.pathMtu(far6), route.refused]).toEqual([1300, [['fd01::1', 7, 1300]]]);
  });
});

describe('what is known of ways', () => {
  it('is bounded: 256 destinations, the latest, and as many packets', () => {
    const paths = new PathMtus(new ManualClock(), 1500);
    const start = new Uint8Array(8);
    const to = (n: number): ReturnType<typeof ipv4FromNumber> => ipv4FromNumber(0x0a01_0000 + n);
    for (let n = 0; n < 300; n++) {
      paths.note(to(n), start, 1500);
      expect(paths.learn({ destination: to(n), start, length: 1500, mtu: 1000 })).toBe(1000);
    }
    expect([0, 43, 44, 299].map((n) => paths.to(to(n)))).toEqual([1500, 1500, 1000, 1000]);
    for (let n = 300; n < 600; n++) paths.note(to(n), start, 1500);
    expect([300, 343, 344].map((n) => paths.learn({ destination: to(n), start, length: 1500, mtu: 1000 }))).toEqual([
      undefined,
      undefined,
      1000,
    ]);
  });
});
