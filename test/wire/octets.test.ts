import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatOctets, equalOctets, formatHex, parseHex, readUint16, readUint32, writeUint16, writeUint32 } from '../../src/wire/octets.ts';
import { octets } from './arbitraries.ts';

test('numbers are written most significant octet first', () => {
  const bytes = new Uint8Array(8);
  writeUint16(bytes, 1, 0x0102);
  writeUint32(bytes, 4, 0xf0e0_d0c0);
  expect(formatHex(bytes)).toBe('00010200f0e0d0c0');
});

test('reading gives what was written, wherever the view begins', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), fc.nat(4), (value, at) => {
      const view = new Uint8Array(16).subarray(at);
      writeUint32(view, at, value);
      expect(readUint32(view, at)).toBe(value);
      writeUint16(view, at, value);
      expect(readUint16(view, at)).toBe(value % 0x1_0000);
    }),
  );
});

test('reading past the end gives zero octets and does not throw', () => {
  expect(readUint32(Uint8Array.of(1, 2), 1)).toBe(0x0200_0000);
  expect(readUint16(new Uint8Array(0), 9)).toBe(0);
});

test('octets are equal only when all are, in order', () => {
  expect(equalOctets(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
  expect(equalOctets(Uint8Array.of(1, 2), Uint8Array.of(2, 1))).toBe(false);
  expect(equalOctets(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3))).toBe(false);
});

test('parts are joined in order into octets of their own', () => {
  const part = Uint8Array.of(1, 2);
  const whole = concatOctets(part, new Uint8Array(0), Uint8Array.of(3));
  part[0] = 9;
  expect(whole).toEqual(Uint8Array.of(1, 2, 3));
});

test('hexadecimal text is read with and without separators, and nothing else is', () => {
  fc.assert(
    fc.property(octets(), fc.constantFrom('', ':', ' ', '\n'), (bytes, separator) => {
      expect(parseHex(formatHex(bytes, separator))).toEqual(bytes);
    }),
  );
  expect(parseHex('0a1')).toBeUndefined();
  expect(parseHex('0x0a')).toBeUndefined();
  expect(parseHex('zz')).toBeUndefined();
});
