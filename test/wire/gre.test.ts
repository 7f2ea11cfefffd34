import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { internetChecksum } from '../../src/wire/checksum.ts';
import { greTunnel, greKeyOf, maxGreKey } from '../../src/wire/gre.ts';
import { concatOctets, formatHex, parseHex, writeUint16 } from '../../src/wire/octets.ts';
import { octets } from './arbitraries.ts';
import { capturedEcho, capturedPayload, innerFrame, split, taken } from './tunnel.ts';

const capture = 'wire/gre.pcap';

it.each([
  ['without a key', 1, undefined],
  ['with a key', 2, 42],
  ['with key 0', 3, 0],
  ['with a key over IPv6', 7, 42],
])('takes the frame that Open vSwitch sends %s, and sends the same header', (_, place, key) => {
  const payload = capturedPayload(capture, place);
  const { header, frame } = split(greTunnel(key), payload);
  expect(header).toBe(formatHex(greTunnel(key).header));
  expect(frame).toMatch(capturedEcho);
  expect(greKeyOf(payload)).toBe(key ?? 0);
});

it.each([
  ['a checksum and a key', 4, 42, 'a0006558'],
  ['a key and a sequence number', 5, 42, '30006558'],
  ['a checksum', 6, undefined, '80006558'],
])('takes the frame that Open vSwitch sends with %s', (_, place, key, beginning) => {
  const payload = capturedPayload(capture, place);
  const { header, frame } = split(greTunnel(key), payload);
  expect(header.startsWith(beginning)).toBe(true);
  expect(frame).toMatch(capturedEcho);
  expect(greKeyOf(payload)).toBe(key ?? 0);
});

it.each([4, 6])('does not take packet %i with any bit of its checksum, frame or key changed', (place) => {
  const payload = capturedPayload(capture, place);
  const tunnel = greTunnel(greKeyOf(payload));
  for (let at = 4; at < payload.length; at++) {
    const changed = payload.slice();
    changed[at] = (changed[at] ?? 0) ^ 0x10;
    expect(tunnel.frameAt(changed)).toBe('checksum');
  }
});

it.each([
  ['key 42', '200065580000002a', 8],
  ['no key', '00006558', 'key'],
  ['key 43', '200065580000002b', 'key'],
  ['key 0', '2000655800000000', 'key'],
  ['a key and a sequence number', '300065580000002a00000007', 12],
  ['a sequence number and no key', '1000655800000007', 'key'],
  ['a routing bit', '600065580000002a', 'routing'],
  ['version 1', '200165580000002a', 'version'],
  ['version 2', '200265580000002a', 'version'],
  ['version 7', '200765580000002a', 'version'],
  ['a reserved bit', '240065580000002a', 'flags'],
  ['a strict source route', '280065580000002a', 'flags'],
  ['the last reserved bit', '200865580000002a', 'flags'],
  ['IPv4', '200008000000002a', 'protocol'],
  ['ERSPAN', '200088be0000002a', 'protocol'],
])('decides on a header with %s, for a tunnel with key 42', (_, header, result) => {
  expect(taken(greTunnel(42), header)).toBe(result);
});

it.each([undefined, 0])('takes no key and key 0 for a tunnel with key %s, and no other', (key) => {
  expect(taken(greTunnel(key), '00006558')).toBe(4);
  expect(taken(greTunnel(key), '2000655800000000')).toBe(8);
  expect(taken(greTunnel(key), '1000655800000009')).toBe(8);
  expect(taken(greTunnel(key), '200065580000002a')).toBe('key');
  expect(taken(greTunnel(key), '20006558ffffffff')).toBe('key');
});

test('a packet that ends in its header is not taken, one that ends behind it has an empty frame', () => {
  const header = parseHex('300065580000002a00000007') ?? new Uint8Array(0);
  for (let length = 0; length < header.length; length++) expect(greTunnel(42).frameAt(header.subarray(0, length))).toBe('short');
  expect(greTunnel(42).frameAt(header)).toBe(header.length);
});

test('headers that are sent are taken by the tunnel of the same key alone', () => {
  const key = fc.option(fc.nat(maxGreKey), { nil: undefined });
  fc.assert(
    fc.property(key, key, (a, b) => {
      const packet = concatOctets(greTunnel(a).header, innerFrame);
      expect(greKeyOf(packet)).toBe(a ?? 0);
      expect(greTunnel(a).key).toBe(a ?? 0);
      expect(greTunnel(b).frameAt(packet)).toBe((a ?? 0) === (b ?? 0) ? greTunnel(a).header.length : 'key');
    }),
  );
});

test('correct checksums are taken for frames of any length, wrong ones are not', () => {
  fc.assert(
    fc.property(octets(), fc.integer({ min: 1, max: 0xfffe }), (frame, error) => {
      const packet = concatOctets(parseHex('a0006558000000000000002a') ?? new Uint8Array(0), frame);
      const sum = internetChecksum(packet);
      writeUint16(packet, 4, sum);
      expect(greTunnel(42).frameAt(packet)).toBe(12);
      writeUint16(packet, 4, (sum + error) % 0xffff);
      expect(greTunnel(42).frameAt(packet)).toBe('checksum');
    }),
  );
});

test('random octets never throw', () => {
  fc.assert(fc.property(octets(), (bytes) => [greTunnel().frameAt(bytes), greTunnel(1).frameAt(bytes), greKeyOf(bytes)].length === 3));
});

it.each([-1, maxGreKey + 1, 1.5, NaN])('does not take %s for a key', (key) => {
  expect(() => greTunnel(key)).toThrow(RangeError);
});
