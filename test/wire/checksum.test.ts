import fc from 'fast-check';
import { expect, test } from 'vitest';
import { internetChecksum, pseudoHeaderSum } from '../../src/wire/checksum.ts';
import { concatOctets, parseHex, writeUint16 } from '../../src/wire/octets.ts';
import { ipv4, octets } from './arbitraries.ts';

test('the example of RFC 1071, 3 sums up as it says', () => {
  expect(internetChecksum(parseHex('0001f203f4f5f6f7') ?? new Uint8Array(0))).toBe(~0xddf2 & 0xffff);
});

test('octets with their checksum in place have the checksum zero', () => {
  fc.assert(
    fc.property(octets(200), (payload) => {
      const bytes = concatOctets(new Uint8Array(2), payload);
      writeUint16(bytes, 0, internetChecksum(bytes));
      expect(internetChecksum(bytes)).toBe(0);
    }),
  );
});

test('an odd last octet counts as if a zero followed', () => {
  expect(internetChecksum(Uint8Array.of(1, 2, 3))).toBe(internetChecksum(Uint8Array.of(1, 2, 3, 0)));
});

test('a large sum is folded without loss', () => {
  expect(internetChecksum(new Uint8Array(65_534).fill(0xff), 0xffff_ffff)).toBe(0);
});

test('the pseudo header counts like its twelve octets', () => {
  fc.assert(
    fc.property(ipv4, ipv4, fc.nat(0xffff), (source, destination, length) => {
      const header = new Uint8Array(12);
      new DataView(header.buffer).setUint32(0, source);
      new DataView(header.buffer).setUint32(4, destination);
      header[9] = 17;
      writeUint16(header, 10, length);
      expect(internetChecksum(new Uint8Array(0), pseudoHeaderSum(source, destination, 17, length))).toBe(internetChecksum(header));
    }),
  );
});
