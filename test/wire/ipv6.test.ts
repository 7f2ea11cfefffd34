import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  allNodes,
  decodeIpv6,
  encodeIpv6,
  formatIpv6,
  isIpv6Multicast,
  linkLocalOf,
  multicastMacOf,
  parseIpv6,
  readIpv6,
  solicitedNodeOf,
  unspecifiedIpv6,
  writeIpv6,
  type Ipv6Address,
} from '../../src/wire/ipv6.ts';
import { macFromNumber, parseMac } from '../../src/wire/mac.ts';
import { concatOctets, formatHex } from '../../src/wire/octets.ts';
import { ipv6, octets } from './arbitraries.ts';
import { capturedFrame } from './fixture.ts';

const none = new Uint8Array(0);
const [probe, advertisement, request] = [1, 3, 4].map((place) => capturedFrame('wire/ipv6.pcap', place).subarray(14));

test('captured packets decode field by field', () => {
  expect(decodeIpv6(probe ?? none)).toMatchObject({ source: 0n, destination: address('ff02::1:ff00:a'), nextHeader: 58, hopLimit: 255 });
  const echo = decodeIpv6(request ?? none);
  expect(echo).toMatchObject({ source: address('fe80::ff:fe00:a'), destination: address('fe80::ff:fe00:b'), hopLimit: 64 });
  expect(formatHex(echo?.payload ?? none)).toBe('8000cd6812340001a500000000000000');
});

test('their fields encode to the captured packet', () => {
  const packet = decodeIpv6(advertisement ?? none);
  expect(packet && encodeIpv6(packet)).toEqual(new Uint8Array(advertisement ?? none));
});

test('decoding and encoding are inverse, whatever follows', () => {
  const octet = fc.nat(255);
  const packets = fc.record({ source: ipv6, destination: ipv6, nextHeader: octet, hopLimit: octet, payload: octets() });
  fc.assert(
    fc.property(packets, octets(8), (packet, padding) => {
      expect(decodeIpv6(concatOctets(encodeIpv6(packet), padding))).toEqual(packet);
    }),
  );
});

test('random octets never throw', () => {
  fc.assert(fc.property(octets(), (bytes) => void decodeIpv6(bytes)));
  fc.assert(fc.property(octets(), (bytes) => void decodeIpv6(concatOctets(Uint8Array.of(0x60, 0, 0, 0, 0), bytes))));
});

test('another version, a payload that is cut, and one that is too long are refused', () => {
  const packet = new Uint8Array(request ?? none);
  expect(decodeIpv6(packet.subarray(0, packet.length - 1))).toBeUndefined();
  packet[0] = 0x40;
  expect(decodeIpv6(packet)).toBeUndefined();
  const fields = { source: allNodes, destination: allNodes, nextHeader: 59, hopLimit: 1 };
  expect(() => encodeIpv6({ ...fields, payload: new Uint8Array(65_536) })).toThrow(RangeError);
});

test('an address is written as short as can be, and read in every form', () => {
  for (const [text, longer] of [
    ['::', '0:0:0:0:0:0:0:0'],
    ['::1', '0:0::0:1'],
    ['1::', '1::0'],
    ['2001:db8::1:0:0:1', '2001:DB8:0:0:1::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8::1:1:1:1:1'],
    ['fe80::ff:fe00:a', 'fe80:0000::00ff:fe00:000a'],
    ['10:0:0:10::', '10:0:0:10:0:0:0:0'],
  ] as const) {
    expect(formatIpv6(address(longer))).toBe(text);
    expect(address(text)).toBe(address(longer));
  }
  fc.assert(
    fc.property(ipv6, (value) => {
      expect(parseIpv6(formatIpv6(value))).toBe(value);
      // The text of a browser's implementation.
      expect(new URL(`http://[${formatIpv6(value)}]/`).hostname).toBe(`[${formatIpv6(value)}]`);
    }),
  );
});

test('other text is no address', () => {
  for (const text of [
    '',
    ':',
    ':::',
    '1',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '1:2:3:4:5:6:7::8:9',
    'g::',
    '12345::',
    'fe80::1%a',
    '1:2:3:4::5:6:7:8',
    '::1.2.3.4',
  ]) {
    expect(parseIpv6(text), text).toBeUndefined();
  }
});

test('an address of a link is made of the MAC address, and so are its group and the MAC address of that', () => {
  const written = new Uint8Array(16);
  const own = linkLocalOf(parseMac('02:65:6c:01:02:03') ?? macFromNumber(0));
  writeIpv6(written, 0, own);
  expect(formatHex(written)).toBe('fe8000000000000000656cfffe010203');
  expect(readIpv6(written, 0)).toBe(own);
  expect(formatIpv6(solicitedNodeOf(own))).toBe('ff02::1:ff01:203');
  expect(multicastMacOf(solicitedNodeOf(own))).toBe(parseMac('33:33:ff:01:02:03'));
  expect(multicastMacOf(allNodes)).toBe(parseMac('33:33:00:00:00:01'));
  expect([own, allNodes, unspecifiedIpv6].map(isIpv6Multicast)).toEqual([false, true, false]);
});

function address(text: string): Ipv6Address {
  const value = parseIpv6(text);
  if (value === undefined) throw new Error(`${text} is no IPv6 address`);
  return value;
}
