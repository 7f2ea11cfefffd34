import fc from 'fast-check';
import { expect, test } from 'vitest';
import { broadcastMac, formatMac, isGroupMac, macFromNumber, parseMac, readMac, writeMac } from '../../src/wire/mac.ts';
import { mac, octets } from './arbitraries.ts';
import { capturedFrame } from './fixture.ts';

test('the addresses of a captured frame are read', () => {
  const frame = capturedFrame('wire/stations.pcap', 1);
  expect(readMac(frame, 0)).toBe(broadcastMac);
  expect(readMac(frame, 6)).toBe(0x0200_0000_000a);
});

test('an address is written to its six octets only', () => {
  const bytes = new Uint8Array(8).fill(0xee);
  writeMac(bytes, 1, macFromNumber(0x0102_0304_0506));
  expect(bytes).toEqual(Uint8Array.of(0xee, 1, 2, 3, 4, 5, 6, 0xee));
});

test('octets and text give the address back', () => {
  fc.assert(
    fc.property(mac, fc.nat(2), (address, at) => {
      const bytes = new Uint8Array(8);
      writeMac(bytes, at, address);
      expect(readMac(bytes, at)).toBe(address);
      expect(parseMac(formatMac(address))).toBe(address);
      expect(isGroupMac(address)).toBe(((bytes[at] ?? 0) & 1) === 1);
    }),
  );
});

test('random octets and text never throw', () => {
  fc.assert(fc.property(octets(), fc.nat(80), (bytes, at) => void readMac(bytes, at)));
  fc.assert(fc.property(fc.string(), (text) => void parseMac(text)));
});

test('text is read with any one of the three separators, and with short groups', () => {
  const address = macFromNumber(0x02a0_0000_0f01);
  for (const text of ['02:a0:00:00:0f:01', '02-A0-00-00-0F-01', '02.a0.00.00.0f.01', '2:a0:0:0:f:1']) expect(parseMac(text)).toBe(address);
});

test('text that is no address is refused', () => {
  for (const text of ['', '02:a0:00:00:0f', '02:a0:00:00:0f:01:02', '02:a0-00:00:0f:01', '02:a0:00:00:0f:0g', '102:a0:00:00:0f:01']) {
    expect(parseMac(text)).toBeUndefined();
  }
});

test('a number that is no address is refused', () => {
  for (const n of [-1, 2 ** 48, 0.5, Number.NaN]) expect(() => macFromNumber(n)).toThrow(RangeError);
});

test('the broadcast address is a group', () => {
  expect(isGroupMac(broadcastMac)).toBe(true);
  expect(formatMac(broadcastMac)).toBe('ff:ff:ff:ff:ff:ff');
});
