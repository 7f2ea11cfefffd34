import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeIpv6Fragment, encodeIpv6Fragment, fragmentHeader } from '../../src/wire/ipv6-fragment.ts';
import { decodeIpv6, type Ipv6 } from '../../src/wire/ipv6.ts';
import { octets } from './arbitraries.ts';
import { capturedFrame } from './fixture.ts';

const [first, last] = [7, 8].map(packet);

test('captured fragments decode field by field', () => {
  expect([first?.nextHeader, last?.nextHeader]).toEqual([fragmentHeader, fragmentHeader]);
  const payload = expect.any(Uint8Array) as Uint8Array;
  const same = { nextHeader: 17, identification: 0x48f5_4c7e, payload };
  expect([first, last].map((one) => one && decodeIpv6Fragment(one.payload))).toEqual([
    { ...same, offset: 0, more: true },
    { ...same, offset: 1248 / 8, more: false },
  ]);
});

test('their fields encode to the captured fragments', () => {
  for (const one of [first, last]) {
    const fragment = one && decodeIpv6Fragment(one.payload);
    if (!fragment) throw new Error('there is no fragment');
    expect(encodeIpv6Fragment(fragment)).toEqual(one.payload.slice());
  }
});

test('decoding and encoding are inverse, and random octets never throw', () => {
  const fragments = fc.record({
    nextHeader: fc.nat(255),
    offset: fc.nat(0x1fff),
    more: fc.boolean(),
    identification: fc.integer({ min: 0, max: 0xffff_ffff }),
    payload: octets(),
  });
  fc.assert(
    fc.property(fragments, (fragment) => {
      expect(decodeIpv6Fragment(encodeIpv6Fragment(fragment))).toEqual(fragment);
    }),
  );
  fc.assert(fc.property(octets(), (bytes) => void decodeIpv6Fragment(bytes)));
  expect(decodeIpv6Fragment(new Uint8Array(7))).toBeUndefined();
});

function packet(place: number): Ipv6 {
  const decoded = decodeIpv6(capturedFrame('wire/router.pcap', place).subarray(14));
  if (!decoded) throw new Error(`frame ${place} is not IPv6`);
  return decoded;
}
