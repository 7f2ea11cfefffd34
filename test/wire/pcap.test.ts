import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatOctets, formatHex, parseHex } from '../../src/wire/octets.ts';
import { decodePcap, encodePcap, encodePcapHeader, encodePcapRecord } from '../../src/wire/pcap.ts';
import { octets } from './arbitraries.ts';
import { fixture } from './fixture.ts';

const captured = fixture('wire/trunk.pcap');
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const captures = fc.record({
  linkType: fc.nat(0xffff),
  records: fc.array(fc.record({ seconds: uint32, microseconds: fc.nat(999_999), originalLength: uint32, frame: octets() })),
});

test('a captured file decodes field by field', () => {
  const pcap = decodePcap(captured);
  expect(pcap?.linkType).toBe(1);
  expect(pcap?.records.map(({ frame, originalLength }) => [frame.length, originalLength])).toEqual([
    [46, 46],
    [54, 54],
  ]);
  expect(pcap?.records[0]).toMatchObject({ seconds: 0x6b03_23c8, microseconds: 0x0004_f65c });
  expect(formatHex(pcap?.records[1]?.frame.subarray(0, 16) ?? new Uint8Array(0))).toBe('ffffffffffff02000000000a81000005');
});

test('its fields encode to the captured file', () => {
  const pcap = decodePcap(captured);
  expect(pcap && encodePcap(pcap)).toEqual(captured);
});

test('decoding and encoding are inverse', () => {
  fc.assert(
    fc.property(captures, (pcap) => {
      expect(decodePcap(encodePcap(pcap))).toEqual(pcap);
    }),
  );
});

test('random octets never throw', () => {
  fc.assert(fc.property(octets(), (bytes) => void decodePcap(bytes)));
  fc.assert(fc.property(octets(200), (bytes) => void decodePcap(concatOctets(encodePcapHeader(1), bytes))));
});

test('a file cut anywhere gives the records that are whole', () => {
  fc.assert(
    fc.property(captures, fc.nat(), (pcap, cut) => {
      const bytes = encodePcap(pcap);
      const torn = decodePcap(bytes.subarray(0, 24 + (cut % (bytes.length - 23))));
      expect(torn?.records).toEqual(pcap.records.slice(0, torn?.records.length));
      const lost = pcap.records[torn?.records.length ?? 0];
      expect(lost === undefined || 24 + (cut % (bytes.length - 23)) < bytes.length).toBe(true);
    }),
  );
});

test('the other byte order, and nanoseconds, are read', () => {
  const big = 'a1b23c4d 0002 0004 00000000 00000000 00040000 00000001 00000005 3b9ac9ff 00000002 00000009 cafe';
  expect(decodePcap(parseHex(big) ?? new Uint8Array(0))).toEqual({
    linkType: 1,
    records: [{ seconds: 5, microseconds: 999_999, originalLength: 9, frame: Uint8Array.of(0xca, 0xfe) }],
  });
});

test('what is no capture is refused', () => {
  expect(decodePcap(new Uint8Array(24))).toBeUndefined();
  expect(decodePcap(captured.subarray(0, 23))).toBeUndefined();
});

test('records may be written one by one after the header', () => {
  const record = { seconds: 1, microseconds: 2, originalLength: 3, frame: Uint8Array.of(1, 2, 3) };
  expect(concatOctets(encodePcapHeader(1), encodePcapRecord(record))).toEqual(encodePcap({ linkType: 1, records: [record] }));
});
