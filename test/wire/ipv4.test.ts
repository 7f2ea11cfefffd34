import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  broadcastOf,
  contains,
  decodeIpv4,
  encodeIpv4,
  formatIpv4,
  formatIpv4Network,
  ipProtocols,
  ipv4FromNumber,
  netmask,
  parseIpv4,
  parseIpv4Network,
} from '../../src/wire/ipv4.ts';
import { concatOctets } from '../../src/wire/octets.ts';
import { ipv4, octets, uint16 } from './arbitraries.ts';
import { capturedFrame } from './fixture.ts';

const captured = capturedFrame('wire/stations.pcap', 3).subarray(14);

const packets = fc.record({
  source: ipv4,
  destination: ipv4,
  protocol: fc.nat(0xff),
  ttl: fc.nat(0xff),
  identification: uint16,
  tos: fc.nat(0xff),
  dontFragment: fc.boolean(),
  moreFragments: fc.boolean(),
  fragmentOffset: fc.nat(0x1fff),
  options: fc.nat(10).chain((words) => fc.uint8Array({ minLength: words * 4, maxLength: words * 4 })),
  payload: octets(),
});

test('a captured packet decodes field by field', () => {
  expect(decodeIpv4(captured)).toEqual({
    source: parseIpv4('10.77.5.1'),
    destination: parseIpv4('10.77.5.2'),
    protocol: ipProtocols.icmp,
    ttl: 64,
    identification: 0x839b,
    tos: 0,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    options: new Uint8Array(0),
    payload: captured.subarray(20),
  });
});

test('its fields encode to the captured packet', () => {
  const packet = decodeIpv4(captured);
  expect(packet && encodeIpv4(packet)).toEqual(new Uint8Array(captured));
});

test('decoding and encoding are inverse', () => {
  fc.assert(
    fc.property(packets, (packet) => {
      expect(decodeIpv4(encodeIpv4(packet))).toEqual(packet);
    }),
  );
});

test('random octets never throw', () => {
  fc.assert(fc.property(octets(), (bytes) => void decodeIpv4(bytes)));
  fc.assert(fc.property(octets(), (bytes) => void decodeIpv4(concatOctets(Uint8Array.of(0x45), bytes))));
});

test('padding after the total length is not payload', () => {
  expect(decodeIpv4(concatOctets(captured, new Uint8Array(6)))).toEqual(decodeIpv4(captured));
});

test('a packet that is cut, or has a wrong bit in its header, is refused', () => {
  expect(decodeIpv4(captured.subarray(0, captured.length - 1))).toBeUndefined();
  fc.assert(
    fc.property(fc.nat(20 * 8 - 1), (bit) => {
      const wrong = captured.slice();
      wrong[bit >> 3] = (wrong[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(decodeIpv4(wrong)).toBeUndefined();
    }),
  );
});

test('options are filled up to a multiple of four, and over 40 octets refused', () => {
  const packet = { source: ipv4FromNumber(1), destination: ipv4FromNumber(2), protocol: 17, payload: Uint8Array.of(7) };
  expect(decodeIpv4(encodeIpv4({ ...packet, options: Uint8Array.of(1, 1, 1) }))?.options).toEqual(Uint8Array.of(1, 1, 1, 0));
  expect(() => encodeIpv4({ ...packet, options: new Uint8Array(41) })).toThrow(RangeError);
  expect(() => encodeIpv4({ ...packet, payload: new Uint8Array(65_516) })).toThrow(RangeError);
});

test('an address goes to text and back', () => {
  fc.assert(
    fc.property(ipv4, (address) => {
      expect(parseIpv4(formatIpv4(address))).toBe(address);
    }),
  );
});

test('text that is no address is refused', () => {
  for (const text of ['', '1.2.3', '1.2.3.4.5', '256.2.3.4', '01.2.3.4', '1.2.3.4 ', '1..3.4', '0x1.2.3.4']) {
    expect(parseIpv4(text)).toBeUndefined();
  }
});

test('a number that is no address is refused', () => {
  for (const n of [-1, 2 ** 32, 0.5, Number.NaN]) expect(() => ipv4FromNumber(n)).toThrow(RangeError);
});

test.each([
  ['0.0.0.0/0', '0.0.0.0', '255.255.255.255'],
  ['10.0.0.0/8', '255.0.0.0', '10.255.255.255'],
  ['10.77.0.0/24', '255.255.255.0', '10.77.0.255'],
  ['192.168.1.128/25', '255.255.255.128', '192.168.1.255'],
  ['10.0.0.2/31', '255.255.255.254', '10.0.0.3'],
  ['10.0.0.7/32', '255.255.255.255', '10.0.0.7'],
])('network %s has the mask %s and the last address %s', (text, mask, last) => {
  const network = parseIpv4Network(text);
  if (network === undefined) throw new Error(`${text} is a network`);
  expect(formatIpv4Network(network)).toBe(text);
  expect(formatIpv4(netmask(network))).toBe(mask);
  expect(formatIpv4(broadcastOf(network))).toBe(last);
  expect(contains(network, network.address)).toBe(true);
  expect(contains(network, broadcastOf(network))).toBe(true);
});

test('a network contains the addresses from its first to its last, and no others', () => {
  fc.assert(
    fc.property(ipv4, ipv4, fc.nat(32), (inside, any, prefixLength) => {
      const size = 2 ** (32 - prefixLength);
      const network = { address: ipv4FromNumber(inside - (inside % size)), prefixLength };
      expect(contains(network, inside)).toBe(true);
      expect(contains(network, any)).toBe(any >= network.address && any <= broadcastOf(network));
    }),
  );
});

test('text that is no network, or has a bit of the host set, is refused', () => {
  for (const text of ['10.77.0.0', '10.77.0.1/24', '10.77.0.0/33', '10.77.0.0/', '10.77.0.0/08', '/24', '10.77.0/24']) {
    expect(parseIpv4Network(text)).toBeUndefined();
  }
});
