import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeIcmpv6, encodeIcmpv6, type Icmpv6 } from '../../src/wire/icmpv6.ts';
import { allNodes, decodeIpv6, linkLocalOf, type Ipv6, type Ipv6Address } from '../../src/wire/ipv6.ts';
import { macFromNumber } from '../../src/wire/mac.ts';
import { concatOctets } from '../../src/wire/octets.ts';
import { ipv6, octets, uint16 } from './arbitraries.ts';
import { capturedFrame } from './fixture.ts';

const [macA, macB] = [macFromNumber(0x0200_0000_000a), macFromNumber(0x0200_0000_000b)];
const [a, b] = [linkLocalOf(macA), linkLocalOf(macB)];
const captured = [1, 2, 3, 4, 5].map(packet);
const payload = Uint8Array.of(0xa5, 0, 0, 0, 0, 0, 0, 0);
const messages: readonly Icmpv6[] = [
  { type: 'neighbour-solicitation', target: a, mac: undefined },
  { type: 'neighbour-solicitation', target: b, mac: macA },
  { type: 'neighbour-advertisement', target: b, mac: macB, router: false, solicited: true, override: true },
  { type: 'echo-request', identifier: 0x1234, sequence: 1, payload },
  { type: 'echo-reply', identifier: 0x1234, sequence: 1, payload },
];

test('captured messages decode field by field', () => {
  expect(captured.map(({ payload: message, source, destination }) => decodeIcmpv6(message, source, destination))).toEqual(messages);
});

test('their fields encode to the captured messages, but for the nonce of a probe', () => {
  for (const [at, message] of messages.entries()) {
    const { payload: octetsOf, source, destination } = packet(at + 1);
    if (at > 0) expect(encodeIcmpv6(message, source, destination)).toEqual(new Uint8Array(octetsOf));
  }
});

test('decoding and encoding are inverse, and nothing is read between other addresses, or with an octet that differs', () => {
  const target = ipv6.filter((value) => value >> 120n !== 0xffn);
  const mac = fc.option(fc.integer({ min: 0, max: 2 ** 40 - 1 }).map(macFromNumber), { nil: undefined });
  const flags = { router: fc.boolean(), solicited: fc.boolean(), override: fc.boolean() };
  const message: fc.Arbitrary<Icmpv6> = fc.oneof(
    fc.record({ type: fc.constantFrom('echo-request', 'echo-reply'), identifier: uint16, sequence: uint16, payload: octets() }),
    fc.record({ type: fc.constant('neighbour-solicitation'), target, mac }),
    fc.record({ type: fc.constant('neighbour-advertisement'), target, mac, ...flags }),
  );
  fc.assert(
    fc.property(message, ipv6, ipv6, fc.nat(), (content, source, destination, at) => {
      const bytes = encodeIcmpv6(content, source, destination);
      expect(decodeIcmpv6(bytes, source, destination)).toEqual(content);
      expect(decodeIcmpv6(bytes, (source ^ 1n) as Ipv6Address, destination)).toBeUndefined();
      bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ 1;
      expect(decodeIcmpv6(bytes, source, destination)).toBeUndefined();
    }),
  );
});

test('random octets never throw', () => {
  fc.assert(fc.property(octets(), (bytes) => void decodeIcmpv6(bytes, a, b)));
  fc.assert(fc.property(octets(), (bytes) => void decodeIcmpv6(concatOctets(Uint8Array.of(135, 0), bytes), a, b)));
});

test('a message of neighbours is nothing when an option has no length or does not fit, or the target is a group', () => {
  const whole = encodeIcmpv6({ type: 'neighbour-solicitation', target: a, mac: macB }, b, a);
  expect(decodeIcmpv6(encodeIcmpv6({ type: 'neighbour-solicitation', target: allNodes, mac: macB }, b, a), b, a)).toBeUndefined();
  for (const length of [0, 2]) {
    const damaged = whole.slice();
    damaged[25] = length;
    // The checksum is mended.
    const sum = ((damaged[2] ?? 0) << 8) + (damaged[3] ?? 0) + 1 - length;
    damaged[2] = sum >> 8;
    damaged[3] = sum;
    expect(decodeIcmpv6(damaged, b, a)).toBeUndefined();
  }
  expect(decodeIcmpv6(whole, b, a)).toMatchObject({ mac: macB });
});

function packet(place: number): Ipv6 {
  const decoded = decodeIpv6(capturedFrame('wire/ipv6.pcap', place).subarray(14));
  if (!decoded) throw new Error(`frame ${place} is no IPv6`);
  return decoded;
}
