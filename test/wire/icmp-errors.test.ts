import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeIcmpUnreachable, encodeIcmpUnreachable, unreachableCodes } from '../../src/wire/icmp.ts';
import { decodeIcmpv6Error, encodeIcmpv6Error, unreachableCodes6 } from '../../src/wire/icmpv6-error.ts';
import { decodeIpv4, parseIpv4, type Ipv4 } from '../../src/wire/ipv4.ts';
import { decodeIpv6, encodeIpv6, parseIpv6, type Ipv6 } from '../../src/wire/ipv6.ts';
import { concatOctets } from '../../src/wire/octets.ts';
import { ipv6, octets, uint16 } from './arbitraries.ts';
import { capturedFrame } from './fixture.ts';

const captured = (place: number): Uint8Array => capturedFrame('wire/router.pcap', place).subarray(14);
const [here, router, there] = ['fd77:1::1', 'fd77:1::ff', 'fd77:2::1'].map(parseIpv6);

function packet4(place: number): Ipv4 {
  const packet = decodeIpv4(captured(place));
  if (!packet) throw new Error(`frame ${place} is not IPv4`);
  return packet;
}

function packet6(place: number): Ipv6 {
  const packet = decodeIpv6(captured(place));
  if (!packet) throw new Error(`frame ${place} is not IPv6`);
  return packet;
}

describe('that a packet needs fragments', () => {
  it('decodes field by field, as a router says it', () => {
    expect(decodeIcmpUnreachable(packet4(2).payload)).toEqual({
      code: unreachableCodes.tooLong,
      source: parseIpv4('10.77.1.1'),
      destination: parseIpv4('10.77.2.1'),
      protocol: 17,
      start: expect.any(Uint8Array) as Uint8Array,
      length: 1428,
      dontFragment: true,
      mtu: 1300,
    });
  });

  it('encodes to the very octets', () => {
    // The router has counted down the time to live in what it quotes.
    const packet = packet4(2).payload.subarray(8);
    expect(encodeIcmpUnreachable({ code: unreachableCodes.tooLong, packet, mtu: 1300 })).toEqual(packet4(2).payload.slice());
  });

  it('is inverse on random values, and never throws', () => {
    fc.assert(
      fc.property(uint16, octets(600), (mtu, more) => {
        const message = encodeIcmpUnreachable({
          code: unreachableCodes.tooLong,
          packet: concatOctets(captured(1).subarray(0, 28), more),
          mtu,
        });
        expect(decodeIcmpUnreachable(message)).toMatchObject({ code: 4, mtu, length: 1428 });
      }),
    );
    fc.assert(fc.property(octets(), (bytes) => void decodeIcmpUnreachable(concatOctets(Uint8Array.of(3, 4), bytes))));
  });
});

describe('errors of ICMPv6', () => {
  const closed = { type: 'unreachable', code: unreachableCodes6.port, mtu: 0 } as const;
  const tooBig = { type: 'too-big', code: 0, mtu: 1300 } as const;

  it('decode field by field, as a kernel says them', () => {
    const told = [4, 6, 9].map(packet6).map(({ payload, source, destination }) => decodeIcmpv6Error(payload, source, destination));
    const start = expect.any(Uint8Array) as Uint8Array;
    expect(told).toEqual([
      { ...closed, source: here, destination: router, nextHeader: 17, length: 57, start },
      { ...tooBig, source: here, destination: there, nextHeader: 17, length: 1448, start },
      // It quotes the whole of what came in fragments.
      { ...closed, source: here, destination: there, nextHeader: 17, length: 1448, start },
    ]);
    expect(told[1]?.start.subarray(0, 4)).toEqual(Uint8Array.of(40_002 >> 8, 40_002 & 0xff, 0, 7));
  });

  it('encode to the very octets', () => {
    for (const [place, error] of [
      [4, closed],
      [6, tooBig],
      [9, closed],
    ] as const) {
      const { payload, source, destination } = packet6(place);
      const quoted = concatOctets(payload.subarray(8), new Uint8Array(1000));
      const packet = quoted.subarray(0, place === 4 ? 57 : undefined);
      expect(encodeIcmpv6Error(error, packet, source, destination)).toEqual(payload.slice());
    }
  });

  it('of a first fragment tell of the whole, and of others nothing', () => {
    for (const [place, isTold] of [
      [7, true],
      [8, false],
    ] as const) {
      const fragment = captured(place);
      const { source, destination } = packet6(place);
      const told = decodeIcmpv6Error(encodeIcmpv6Error(tooBig, fragment, destination, source), destination, source);
      expect(told).toEqual(isTold ? expect.objectContaining({ nextHeader: 17, length: fragment.length, mtu: 1300 }) : undefined);
    }
  });

  it('are inverse on random values, and nothing with an octet that differs; random octets never throw', () => {
    const error = fc.record({ type: fc.constant('too-big'), code: fc.constant(0), mtu: fc.nat() });
    const payload = fc.uint8Array({ minLength: 8, maxLength: 1400 });
    fc.assert(
      fc.property(error, payload, ipv6, ipv6, fc.nat(), (content, octetsOf, source, destination, at) => {
        const packet = encodeIpv6({ source: destination, destination: source, nextHeader: 17, hopLimit: 64, payload: octetsOf });
        const message = encodeIcmpv6Error(content, packet, source, destination);
        expect(message.length).toBeLessThanOrEqual(1240);
        expect(decodeIcmpv6Error(message, source, destination)).toMatchObject({ ...content, length: packet.length });
        message[at % message.length] = (message[at % message.length] ?? 0) ^ 1;
        expect(decodeIcmpv6Error(message, source, destination)).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(1, 2), octets(), ipv6, (type, bytes, address) => {
        decodeIcmpv6Error(concatOctets(Uint8Array.of(type), bytes), address, address);
      }),
    );
  });
});
