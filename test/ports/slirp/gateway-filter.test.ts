import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { everything, GatewayFilter, withoutDhcp, type GatewayDrop, type GatewayRules } from '../../../src/ports/slirp/gateway-filter.ts';
import { addTag } from '../../../src/wire/dot1q.ts';
import { encodeEthernet, etherTypes } from '../../../src/wire/ethernet.ts';
import {
  contains,
  encodeIpv4,
  parseIpv4,
  parseIpv4Network,
  type Ipv4,
  type Ipv4Address,
  type Ipv4Network,
} from '../../../src/wire/ipv4.ts';
import { macFromNumber } from '../../../src/wire/mac.ts';
import { writeUint16 } from '../../../src/wire/octets.ts';
import * as any from '../../wire/arbitraries.ts';

const ip = (text: string): Ipv4Address => parseIpv4(text) ?? fail(text);
const net = (text: string): Ipv4Network => parseIpv4Network(text) ?? fail(text);
const fail = (text: string): never => {
  throw new Error(text);
};

const router = ip('10.77.0.2');
const dns = ip('10.77.0.3');
const guest = ip('10.77.0.11');
const guestMac = macFromNumber(0x0265_6c00_0001);
/** Returns the MAC address that libslirp has for one of its own addresses. */
const macOf = (address: Ipv4Address): ReturnType<typeof macFromNumber> => macFromNumber(0x5255 * 2 ** 32 + address);

const open: GatewayRules = { network: net('10.77.0.0/24'), router, dns, allow: [], hostLoopback: false, published: [] };
const filter = (rules: Partial<GatewayRules> = {}): GatewayFilter => new GatewayFilter({ ...open, ...rules });

/** Ports, and zeros behind them; `flags` are TCP's. */
function segment(source: number, destination: number, { length = 20, flags = 0x02 } = {}): Uint8Array {
  const octets = new Uint8Array(length);
  writeUint16(octets, 0, source);
  writeUint16(octets, 2, destination);
  if (length > 13) octets[13] = flags;
  return octets;
}

const tcp = 6;
const udp = 17;
const icmp = 1;

/** Returns a frame of the guest for the gateway; `destination` is an address. */
function frameTo(destination: string, packet: Partial<Ipv4> = {}): Uint8Array {
  return frameOf({ source: guest, destination: ip(destination), protocol: tcp, payload: segment(40_000, 80), ...packet });
}

function frameOf(packet: Parameters<typeof encodeIpv4>[0], mac = macOf(router)): Uint8Array {
  return encodeEthernet({ destination: mac, source: guestMac, etherType: etherTypes.ipv4, payload: encodeIpv4(packet) });
}

function frameFrom(source: string, packet: Partial<Ipv4> = {}): Uint8Array {
  const whole = { source: ip(source), destination: guest, protocol: udp, payload: segment(53, 40_000), ...packet };
  return encodeEthernet({ destination: guestMac, source: macOf(router), etherType: etherTypes.ipv4, payload: encodeIpv4(whole) });
}

describe('the filter of a gateway, without a list', () => {
  it.each([
    ['192.0.2.7', undefined],
    ['8.8.8.8', undefined],
    ['10.78.0.1', undefined],
    // Addresses that libslirp would connect to this very machine, with any settings.
    ['127.0.0.1', 'forbidden'],
    ['127.255.1.2', 'forbidden'],
    ['0.0.0.0', 'forbidden'],
    ['0.1.2.3', 'forbidden'],
    ['10.77.0.2', 'forbidden'],
    ['10.77.0.3', 'forbidden'],
    ['10.77.0.1', 'forbidden'],
    ['10.77.0.255', 'forbidden'],
    // Addresses that routers do not forward.
    ['169.254.169.254', 'forbidden'],
    ['224.0.0.251', 'forbidden'],
    ['239.255.255.250', 'forbidden'],
    ['255.255.255.255', 'forbidden'],
  ] as [string, GatewayDrop | undefined][])('TCP to %s: %s', (destination, reason) => {
    expect(filter().out(frameTo(destination))).toBe(reason);
  });

  it('lets guests ask its DNS, and ping it, and nothing else', () => {
    const to = (address: Ipv4Address, protocol: number, payload: Uint8Array): GatewayDrop | undefined =>
      filter().out(frameOf({ source: guest, destination: address, protocol, payload }, macOf(address)));
    expect(to(dns, udp, segment(40_000, 53))).toBeUndefined();
    expect(to(dns, tcp, segment(40_000, 53))).toBeUndefined();
    expect(to(dns, udp, segment(40_000, 69))).toBe('forbidden');
    expect(to(router, udp, segment(40_000, 53))).toBe('forbidden');
    expect(to(router, udp, segment(40_000, 69))).toBe('forbidden');
    expect(to(router, icmp, new Uint8Array([8, 0, 0, 0]))).toBeUndefined();
    expect(to(dns, icmp, new Uint8Array([8, 0, 0, 0]))).toBeUndefined();
    expect(to(router, icmp, new Uint8Array([13, 0, 0, 0]))).toBe('forbidden');
  });

  it('keeps its DHCP server to itself, both ways', () => {
    const ask = { source: ip('0.0.0.0'), destination: ip('255.255.255.255'), protocol: udp, payload: segment(68, 67) };
    expect(filter().out(frameOf(ask, macFromNumber(0xffff_ffff_ffff)))).toBe('dhcp');
    expect(filter().out(frameTo('10.77.0.2', { protocol: udp, payload: segment(68, 67) }))).toBe('dhcp');
    const options = new Uint8Array(12);
    expect(filter().out(frameTo('10.77.0.2', { protocol: udp, payload: segment(68, 67), options }))).toBe('dhcp');
    expect(filter().in(frameFrom('10.77.0.2', { payload: segment(67, 68) }))).toBe('dhcp');
    expect(filter().in(frameFrom('10.77.0.2', { payload: segment(67, 68), options }))).toBe('dhcp');
    expect(filter().in(frameFrom('10.77.0.3'))).toBeUndefined();
  });

  it('lets nothing of IPv6 cross, router advertisements least of all', () => {
    const frame = encodeEthernet({
      destination: macFromNumber(0x3333_0000_0001),
      source: macOf(router),
      etherType: etherTypes.ipv6,
      payload: new Uint8Array(64),
    });
    expect([filter().in(frame), filter().out(frame)]).toEqual(['ipv6', 'ipv6']);
  });

  it('lets ARP cross, and nothing that is for another station or of another protocol', () => {
    const frame = (etherType: number): Uint8Array =>
      encodeEthernet({ destination: macFromNumber(0xffff_ffff_ffff), source: guestMac, etherType, payload: new Uint8Array(46) });
    expect([filter().out(frame(etherTypes.arp)), filter().in(frame(etherTypes.arp))]).toEqual([undefined, undefined]);
    expect([filter().out(frame(0x88cc)), filter().in(frame(0x88cc))]).toEqual(['other-station', 'other-station']);
    const packet = { source: guest, destination: ip('192.0.2.7'), protocol: tcp, payload: segment(1, 2) };
    expect(filter().out(frameOf(packet, guestMac))).toBe('other-station');
    expect(filter().out(frameOf(packet, macOf(guest)))).toBe('other-station');
    expect(filter().out(addTag(frameTo('192.0.2.7'), 0))).toBe('other-station');
  });

  it.each(['192.0.2.1', '10.77.0.2', '10.77.0.3', '0.0.0.0', '127.0.0.1'])('refuses what says that it is from %s', (source) => {
    expect(filter().out(frameTo('192.0.2.7', { source: ip(source) }))).toBe('spoofed');
  });

  it('lets the loopback of the machine be reached at the router alone, where that is wanted', () => {
    const { out } = ((made) => ({ out: (text: string) => made.out(frameTo(text)) }))(filter({ hostLoopback: true }));
    expect(['10.77.0.2', '10.77.0.1', '127.0.0.1', '0.0.0.0'].map(out)).toEqual([undefined, 'forbidden', 'forbidden', 'forbidden']);
  });
});

describe('the filter of a gateway, with a list', () => {
  const listed = filter({ allow: [{ network: net('192.0.2.0/24') }, { network: net('198.51.100.7/32'), port: 443 }] });

  it.each([
    ['192.0.2.1', tcp, 22, undefined],
    ['192.0.2.255', udp, 22, undefined],
    ['192.0.3.0', tcp, 22, 'forbidden'],
    ['198.51.100.7', tcp, 443, undefined],
    ['198.51.100.7', udp, 443, undefined],
    ['198.51.100.7', tcp, 80, 'forbidden'],
    ['198.51.100.6', tcp, 443, 'forbidden'],
    ['10.77.0.3', udp, 53, undefined],
  ] as [string, number, number, GatewayDrop | undefined][])('to %s, protocol %d, port %d: %s', (destination, protocol, port, reason) => {
    expect(listed.out(frameTo(destination, { protocol, payload: segment(40_000, port) }))).toBe(reason);
  });

  it('lets pings go to networks, and not to single ports', () => {
    const echo = { protocol: icmp, payload: new Uint8Array([8, 0, 0, 0]) };
    expect(listed.out(frameTo('192.0.2.1', echo))).toBeUndefined();
    expect(listed.out(frameTo('198.51.100.7', echo))).toBe('forbidden');
  });

  it('lets through what a router would not forward only where it is named, and what leads to the machine never', () => {
    expect(filter({ allow: [{ network: net('0.0.0.0/0') }] }).out(frameTo('169.254.169.254'))).toBe('forbidden');
    expect(filter({ allow: [{ network: net('169.254.169.254/32'), port: 80 }] }).out(frameTo('169.254.169.254'))).toBeUndefined();
    expect(filter({ allow: [{ network: net('127.0.0.0/8') }] }).out(frameTo('127.0.0.1'))).toBe('forbidden');
    expect(filter({ allow: [{ network: net('10.77.0.0/24') }] }).out(frameTo('10.77.0.1'))).toBe('forbidden');
  });

  it('lets a published port answer, and begin nothing', () => {
    const published = filter({
      ...open,
      allow: [{ network: net('192.0.2.0/24') }],
      published: [{ protocol: 'tcp', address: guest, port: 22 }],
    });
    const from = (port: number, flags: number): GatewayDrop | undefined =>
      published.out(frameTo('10.77.0.2', { payload: segment(port, 40_000, { flags }) }));
    expect([from(22, 0x12), from(22, 0x10), from(22, 0x04), from(22, 0x11)]).toEqual([undefined, undefined, undefined, undefined]);
    expect([from(22, 0x02), from(22, 0x22), from(22, 0), from(23, 0x12)]).toEqual(['forbidden', 'forbidden', 'forbidden', 'forbidden']);
    expect(published.out(frameTo('203.0.113.9', { payload: segment(22, 1, { flags: 0x12 }) }))).toBeUndefined();
    // The flags could be in a later fragment.
    const first = { payload: segment(22, 40_000, { length: 16, flags: 0x10 }), moreFragments: true };
    expect(published.out(frameTo('10.77.0.2', first))).toBe('forbidden');
  });

  it('lets a published port of UDP answer who asked, the latest 4,096 of them', () => {
    const published = filter({ allow: [{ network: net('192.0.2.0/24') }], published: [{ protocol: 'udp', address: guest, port: 53 }] });
    const ask = (port: number): GatewayDrop | undefined => published.in(frameFrom('203.0.113.9', { payload: segment(port, 53) }));
    const answer = (port: number, to = '203.0.113.9'): GatewayDrop | undefined =>
      published.out(frameTo(to, { protocol: udp, payload: segment(53, port) }));
    expect(answer(1000)).toBe('forbidden');
    expect(ask(1000)).toBeUndefined();
    expect([answer(1000), answer(1001), answer(1000, '203.0.113.8')]).toEqual([undefined, 'forbidden', 'forbidden']);
    for (let port = 2000; port < 2000 + 4096; port++) ask(port);
    expect([answer(1000), answer(2000), answer(6095)]).toEqual(['forbidden', undefined, undefined]);
  });
});

describe('the filter of a gateway', () => {
  const address = fc.oneof(
    any.ipv4,
    fc.constantFrom(router, dns, guest, ...['10.77.0.255', '192.0.2.9', '198.51.100.7', '127.0.0.1', '169.254.0.9', '224.0.0.1'].map(ip)),
  );
  const port = fc.oneof(any.uint16, fc.constantFrom(53, 67, 68, 80, 443));
  const protocol = fc.constantFrom(tcp, udp, icmp, 47);
  const rules = fc.record({
    allow: fc.constantFrom<GatewayRules['allow']>(
      [],
      [{ network: net('192.0.2.0/24') }],
      [
        { network: net('198.51.100.7/32'), port: 443 },
        { network: net('0.0.0.0/0'), port: 80 },
      ],
    ),
    hostLoopback: fc.boolean(),
  });
  const datagram = fc.record({
    protocol,
    destination: address,
    options: fc.uint8Array({ maxLength: 40 }).map((octets) => octets.subarray(0, octets.length & ~3)),
    source: fc.constant(guest),
    payload: fc
      .record({ source: port, destination: port, length: fc.integer({ min: 0, max: 8 }), flags: fc.constantFrom(0x02, 0x10) })
      .map((given) => segment(given.source, given.destination, { ...given, length: 8 * (given.length + 1) })),
  });

  it('takes any octets, cut anywhere, and says why it drops them', () => {
    fc.assert(
      fc.property(rules, datagram, fc.nat(), any.octets(80), (given, packet, cut, junk) => {
        const made = filter(given);
        const frame = frameOf(packet);
        const part = frame.subarray(0, cut % (frame.length + 1));
        for (const one of [part, junk, new Uint8Array([...part, ...junk])]) {
          made.in(one);
          made.out(one);
        }
        // Padding may be cut off, and nothing else.
        if (part.length >= 14 && part.length < frame.length) expect(made.out(part)).toBe('malformed');
      }),
      { numRuns: 3000 },
    );
  });

  it('decides by what is in the packet, wherever options put it, and not by what pads the frame', () => {
    fc.assert(
      fc.property(rules, datagram, any.octets(30), (given, packet, padding) => {
        const plain = filter(given).out(frameOf({ ...packet, options: new Uint8Array(0) }));
        expect(filter(given).out(frameOf(packet))).toBe(plain);
        expect(filter(given).out(new Uint8Array([...frameOf(packet), ...padding]))).toBe(plain);
      }),
      { numRuns: 3000 },
    );
  });

  it('lets nothing cross in any case that is for this machine, its link or its network', () => {
    fc.assert(
      fc.property(rules, datagram, (given, packet) => {
        const { destination } = packet;
        if (filter(given).out(frameOf(packet)) !== undefined || destination === router || destination === dns) return;
        const kept = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4', '10.77.0.0/24'];
        expect(kept.filter((text) => contains(net(text), destination))).toEqual([]);
      }),
      { numRuns: 3000 },
    );
  });

  it('lets no fragments cross that make a packet which it would drop, and drops none of one which it lets cross', () => {
    fc.assert(
      fc.property(rules, datagram, fc.integer({ min: 1, max: 9 }), (given, packet, piece) => {
        const made = filter(given);
        const whole = made.out(frameOf(packet));
        const fragments: (GatewayDrop | undefined)[] = [];
        for (let at = 0; at < packet.payload.length; at += piece * 8) {
          const payload = packet.payload.subarray(at, at + piece * 8);
          const moreFragments = at + payload.length < packet.payload.length;
          fragments.push(made.out(frameOf({ ...packet, payload, fragmentOffset: at / 8, moreFragments })));
        }
        expect(fragments.every((reason) => reason === undefined)).toBe(whole === undefined);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('the filter of a slirpvde without DHCP', () => {
  it('drops DHCP, and nothing else', () => {
    const asks = frameTo('10.77.0.2', { protocol: udp, payload: segment(68, 67) });
    const answers = frameFrom('10.77.0.2', { payload: segment(67, 68) });
    expect([withoutDhcp.out(asks), withoutDhcp.in(answers)]).toEqual(['dhcp', 'dhcp']);
    expect([everything.out(asks), everything.in(answers)]).toEqual([undefined, undefined]);
    expect([withoutDhcp.out(frameTo('127.0.0.1')), withoutDhcp.in(frameFrom('10.77.0.3'))]).toEqual([undefined, undefined]);
  });
});
