import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeIcmpEcho, encodeIcmpEcho } from '../../src/wire/icmp.ts';
import { concatOctets } from '../../src/wire/octets.ts';
import { octets, uint16 } from './arbitraries.ts';
import { capturedFrame } from './fixture.ts';

const request = capturedFrame('wire/stations.pcap', 5).subarray(34);
const reply = capturedFrame('wire/stations.pcap', 6).subarray(34);
const payload = Uint8Array.of(0xa5, 0, 0, 0, 0, 0, 0, 0);

test('a captured request and reply decode field by field', () => {
  expect(decodeIcmpEcho(request)).toEqual({ type: 'request', identifier: 0x1234, sequence: 2, payload });
  expect(decodeIcmpEcho(reply)).toEqual({ type: 'reply', identifier: 0x1234, sequence: 2, payload });
});

test('their fields encode to the captured messages', () => {
  expect(encodeIcmpEcho({ type: 'request', identifier: 0x1234, sequence: 2, payload })).toEqual(new Uint8Array(request));
  expect(encodeIcmpEcho({ type: 'reply', identifier: 0x1234, sequence: 2, payload })).toEqual(new Uint8Array(reply));
});

test('decoding and encoding are inverse', () => {
  const echoes = fc.record({
    type: fc.constantFrom('request' as const, 'reply' as const),
    identifier: uint16,
    sequence: uint16,
    payload: octets(),
  });
  fc.assert(
    fc.property(echoes, (echo) => {
      expect(decodeIcmpEcho(encodeIcmpEcho(echo))).toEqual(echo);
    }),
  );
});

test('random octets never throw', () => {
  fc.assert(fc.property(octets(), (bytes) => void decodeIcmpEcho(bytes)));
  fc.assert(fc.property(octets(), (bytes) => void decodeIcmpEcho(concatOctets(Uint8Array.of(8, 0), bytes))));
});

test('another type, another code, a wrong checksum and a short message are refused', () => {
  for (const [at, octet] of [
    [0, 3],
    [1, 1],
    [9, 1],
  ] as const) {
    const wrong = request.slice();
    wrong[at] = octet;
    expect(decodeIcmpEcho(wrong)).toBeUndefined();
  }
  expect(decodeIcmpEcho(request.subarray(0, 7))).toBeUndefined();
});
