import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addTag, removeTag } from '../../src/wire/dot1q.ts';
import { decodeEthernet, encodeEthernet, etherTypes, type Ethernet } from '../../src/wire/ethernet.ts';
import { decodeIcmpUnreachable, encodeIcmpEcho, encodeIcmpUnreachable, unreachableCodes } from '../../src/wire/icmp.ts';
import { decodeIcmpv6Error, encodeIcmpv6Error } from '../../src/wire/icmpv6-error.ts';
import { encodeIcmpv6, icmpv6Protocol } from '../../src/wire/icmpv6.ts';
import { decodeIpv4, encodeIpv4, formatIpv4, ipProtocols, parseIpv4, type Ipv4 } from '../../src/wire/ipv4.ts';
import { encodeIpv6Fragment, fragmentHeader } from '../../src/wire/ipv6-fragment.ts';
import { decodeIpv6, encodeIpv6, formatIpv6, parseIpv6, type Ipv6 } from '../../src/wire/ipv6.ts';
import { broadcastMac, macFromNumber } from '../../src/wire/mac.ts';
import { concatOctets } from '../../src/wire/octets.ts';
import { packetTooBig } from '../../src/wire/packet-too-big.ts';
import { octets } from './arbitraries.ts';
import { capturedFrame } from './fixture.ts';

/** In this capture a kernel routes to a link with an MTU of 1,300: 1 and 5 are too long for it, 2 and 6 say so. */
const captured = (place: number): Uint8Array => capturedFrame('wire/router.pcap', place);
const longest = 1314;

function must<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('not decoded');
  return value;
}

const parts = (frame: Uint8Array): Ethernet => must(decodeEthernet(frame));
const ipv4Of = (frame: Uint8Array): Ipv4 => must(decodeIpv4(parts(frame).payload));
const ipv6Of = (frame: Uint8Array): Ipv6 => must(decodeIpv6(parts(frame).payload));

/** Returns frame 1, changed. */
function long4(change: Partial<Ipv4> = {}, ethernet: Partial<Ethernet> = {}): Uint8Array {
  return encodeEthernet({ ...parts(captured(1)), payload: encodeIpv4({ ...ipv4Of(captured(1)), ...change }), ...ethernet });
}

/** Returns frame 5, changed. */
function long6(change: Partial<Ipv6> = {}, ethernet: Partial<Ethernet> = {}): Uint8Array {
  return encodeEthernet({ ...parts(captured(5)), payload: encodeIpv6({ ...ipv6Of(captured(5)), ...change }), ...ethernet });
}

const filledUp = (bytes: Uint8Array): Uint8Array => concatOctets(bytes, new Uint8Array(1400));
const extension = (nextHeader: number, payload: Uint8Array): Uint8Array =>
  concatOctets(Uint8Array.of(nextHeader, 0, 1, 4, 0, 0, 0, 0), payload);

describe('a packet that is too big', () => {
  it('is answered to its sender, in the name of its destination', () => {
    const [asked, answer] = [parts(captured(1)), parts(must(packetTooBig(captured(1), longest)))];
    expect(answer).toMatchObject({ destination: asked.source, source: asked.destination, etherType: etherTypes.ipv4 });
    const { source, destination, protocol, ttl } = must(decodeIpv4(answer.payload));
    expect([source, destination].map(formatIpv4)).toEqual(['10.77.2.1', '10.77.1.1']);
    expect({ protocol, ttl }).toEqual({ protocol: ipProtocols.icmp, ttl: 64 });
  });

  it('is answered in the very octets of a router', () => {
    const answer = must(packetTooBig(captured(1), longest));
    expect(ipv4Of(answer).payload.slice()).toEqual(ipv4Of(captured(2)).payload.slice());
  });

  it('is answered over IPv6 too', () => {
    const [asked, frame] = [parts(captured(5)), must(packetTooBig(captured(5), longest))];
    expect(parts(frame)).toMatchObject({ destination: asked.source, source: asked.destination, etherType: etherTypes.ipv6 });
    const { source, destination, nextHeader, payload } = ipv6Of(frame);
    expect([source, destination].map(formatIpv6)).toEqual(['fd77:2::1', 'fd77:1::1']);
    expect(nextHeader).toBe(icmpv6Protocol);
    expect(decodeIcmpv6Error(payload, source, destination)).toMatchObject({ type: 'too-big', mtu: 1300, length: 1448 });
    // The addresses are in the checksum, and the router speaks with an address of its own.
    expect(payload.slice(4)).toEqual(ipv6Of(captured(6)).payload.slice(4));
  });

  it('keeps its tags, which take their octets of the MTU', () => {
    const tagged = must(packetTooBig(addTag(captured(1), 0x6005), longest));
    expect(tagged.subarray(12, 18)).toEqual(Uint8Array.of(0x81, 0, 0x60, 5, 8, 0));
    expect(decodeIcmpUnreachable(ipv4Of(removeTag(tagged)).payload)).toMatchObject({ mtu: 1296, length: 1428 });
    const twice = must(packetTooBig(addTag(addTag(captured(1), 7), 0x6005), longest));
    expect(decodeIcmpUnreachable(ipv4Of(removeTag(removeTag(twice))).payload)).toMatchObject({ mtu: 1292 });
  });

  it('is answered when it is a request of ICMP, or the first fragment', () => {
    const echo = { type: 'request', identifier: 1, sequence: 2, payload: new Uint8Array(1400) } as const;
    expect(packetTooBig(long4({ protocol: ipProtocols.icmp, payload: encodeIcmpEcho(echo) }), longest)).toBeDefined();
    expect(packetTooBig(long4({ moreFragments: true }), longest)).toBeDefined();
    const { source, destination, nextHeader, payload } = ipv6Of(captured(5));
    const ping = encodeIcmpv6({ ...echo, type: 'echo-request' }, source, destination);
    expect(packetTooBig(long6({ nextHeader: icmpv6Protocol, payload: ping }), longest)).toBeDefined();
    expect(packetTooBig(long6({ nextHeader: 0, payload: extension(icmpv6Protocol, ping) }), longest)).toBeDefined();
    const first = encodeIpv6Fragment({ nextHeader, payload, offset: 0, more: true, identification: 7 });
    expect(packetTooBig(long6({ nextHeader: fragmentHeader, payload: first }), longest)).toBeDefined();
  });
});

describe('no answer is due', () => {
  const quote = { packet: parts(captured(1)).payload, mtu: 1300 };
  const [group4, group6] = [must(parseIpv4('224.0.0.5')), must(parseIpv6('ff02::5'))];
  const { source, destination, nextHeader, payload } = ipv6Of(captured(5));
  const error6 = filledUp(encodeIcmpv6Error({ type: 'too-big', code: 0, mtu: 1280 }, parts(captured(5)).payload, source, destination));
  const later = encodeIpv6Fragment({ nextHeader, payload, offset: 100, more: false, identification: 7 });
  const groupMac = macFromNumber(0x0100_5e00_0005);
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['IPv4 that may be fragmented', long4({ dontFragment: false })],
    ['a later fragment', long4({ fragmentOffset: 1 })],
    ['an error of ICMP', long4({ protocol: 1, payload: filledUp(encodeIcmpUnreachable({ ...quote, code: unreachableCodes.tooLong })) })],
    ['a group as the destination', long4({ destination: group4 })],
    ['a group as the source', long4({ source: group4 })],
    ['no source address', long4({ source: must(parseIpv4('0.0.0.0')) })],
    ['the limited broadcast', long4({ destination: must(parseIpv4('255.255.255.255')) })],
    ['a broadcast frame', long4({}, { destination: broadcastMac })],
    ['a frame from a group', long4({}, { source: groupMac })],
    ['a wrong checksum of the header', long4().map((octet, at) => (at === 22 ? octet ^ 1 : octet))],
    ['a packet that is cut', long4().subarray(0, 1400)],
    ['another protocol', long4({}, { etherType: 0x88b5 })],
    ['IPv6: a later fragment', long6({ nextHeader: fragmentHeader, payload: later })],
    ['IPv6: an error', long6({ nextHeader: icmpv6Protocol, payload: error6 })],
    ['IPv6: an error behind options', long6({ nextHeader: 60, payload: extension(icmpv6Protocol, error6) })],
    ['IPv6: a redirect', long6({ nextHeader: icmpv6Protocol, payload: filledUp(Uint8Array.of(137, 0)) })],
    ['IPv6: headers without an end', long6({ nextHeader: 0, payload: filledUp(new Uint8Array(0)) })],
    ['IPv6: a group as the destination', long6({ destination: group6 })],
    ['IPv6: a group as the source', long6({ source: group6 })],
    ['IPv6: no source address', long6({ source: must(parseIpv6('::')) })],
  ];

  it.each(cases)('%s', (_, frame) => {
    expect(packetTooBig(frame, longest)).toBeUndefined();
  });

  it('for what fits, in its frame or without the padding of that', () => {
    expect(packetTooBig(long4(), long4().length)).toBeUndefined();
    expect(packetTooBig(filledUp(long4()), long4().length)).toBeUndefined();
    expect(packetTooBig(filledUp(long6()), long6().length)).toBeUndefined();
    expect(packetTooBig(new Uint8Array(9), 0)).toBeUndefined();
  });

  it('with an MTU that no link may have', () => {
    expect(packetTooBig(long4(), 14 + 68)).toBeDefined();
    expect(packetTooBig(long4(), 14 + 67)).toBeUndefined();
    expect(packetTooBig(long6(), 14 + 1280)).toBeDefined();
    expect(packetTooBig(long6(), 14 + 1279)).toBeUndefined();
  });

  it('to an answer, whatever the frame; and nothing throws', () => {
    const frame = fc.constantFrom(captured(1), captured(5), captured(2), captured(7));
    fc.assert(
      fc.property(frame, octets(40), fc.nat(80), fc.nat(1400), (whole, change, at, most) => {
        const changed = whole.slice();
        changed.set(change, Math.min(at, whole.length - change.length));
        const answer = packetTooBig(changed, most);
        expect(answer && packetTooBig(answer, 0)).toBeUndefined();
      }),
    );
    fc.assert(fc.property(octets(100), (bytes) => void packetTooBig(bytes, 0)));
  });
});
