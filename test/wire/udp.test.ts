import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeIpv4, ipv4FromNumber } from '../../src/wire/ipv4.ts';
import { decodeIpv6, type Ipv6Address } from '../../src/wire/ipv6.ts';
import { concatOctets, readUint16 } from '../../src/wire/octets.ts';
import { decodeUdp, decodeUdpOverIpv6, encodeUdp, encodeUdpOverIpv6 } from '../../src/wire/udp.ts';
import { ipv4, ipv6, octets, uint16 } from './arbitraries.ts';
import { capturedFrame } from './fixture.ts';

const packet = decodeIpv4(capturedFrame('wire/stations.pcap', 7).subarray(14));
if (packet === undefined) throw new Error('the seventh frame holds UDP');
const { source, destination, payload: captured } = packet;
const text = new TextEncoder();

test('a captured segment decodes field by field', () => {
  expect(decodeUdp(captured, source, destination)).toEqual({
    sourcePort: 40_000,
    destinationPort: 7777,
    payload: text.encode('etherloom'),
  });
});

test('its fields encode to the captured segment', () => {
  const udp = { sourcePort: 40_000, destinationPort: 7777, payload: text.encode('etherloom') };
  expect(encodeUdp(udp, source, destination)).toEqual(new Uint8Array(captured));
});

test('one over IPv6 decodes and encodes, and is nothing without a checksum', () => {
  const over = decodeIpv6(capturedFrame('wire/router.pcap', 3).subarray(14));
  if (over === undefined) throw new Error('the third frame holds UDP over IPv6');
  const udp = { sourcePort: 40_001, destinationPort: 7777, payload: text.encode('etherloom') };
  expect(decodeUdpOverIpv6(over.payload, over.source, over.destination)).toEqual(udp);
  expect(encodeUdpOverIpv6(udp, over.source, over.destination)).toEqual(new Uint8Array(over.payload));
  const without = over.payload.slice();
  without.fill(0, 6, 8);
  expect(decodeUdpOverIpv6(without, over.source, over.destination)).toBeUndefined();
  expect(decodeUdpOverIpv6(over.payload, over.source, (over.destination ^ 1n) as Ipv6Address)).toBeUndefined();
});

test('decoding and encoding are inverse', () => {
  const segments = fc.record({ sourcePort: uint16, destinationPort: uint16, payload: octets() });
  fc.assert(
    fc.property(segments, ipv4, ipv4, (udp, from, to) => {
      expect(decodeUdp(encodeUdp(udp, from, to), from, to)).toEqual(udp);
    }),
  );
  fc.assert(
    fc.property(segments, ipv6, ipv6, (udp, from, to) => {
      expect(decodeUdpOverIpv6(encodeUdpOverIpv6(udp, from, to), from, to)).toEqual(udp);
    }),
  );
});

test('random octets never throw', () => {
  fc.assert(fc.property(octets(), (bytes) => void decodeUdp(bytes, source, destination)));
  fc.assert(fc.property(octets(), ipv6, (bytes, address) => void decodeUdpOverIpv6(bytes, address, address)));
});

test('a segment that was sent without a checksum is accepted', () => {
  const without = decodeIpv4(capturedFrame('wire/stations.pcap', 8).subarray(14))?.payload ?? new Uint8Array(0);
  expect(readUint16(without, 6)).toBe(0);
  expect(decodeUdp(without, source, destination)?.payload).toEqual(text.encode('no checksum'));
});

test('a checksum that sums up to zero is sent as all ones', () => {
  const zero = ipv4FromNumber(0);
  const segment = encodeUdp({ sourcePort: 0xffff - 17 - 20, destinationPort: 0, payload: Uint8Array.of(0, 0) }, zero, zero);
  expect(readUint16(segment, 6)).toBe(0xffff);
  expect(decodeUdp(segment, zero, zero)).toBeDefined();
});

test('a wrong bit, or another address, is refused', () => {
  expect(decodeUdp(captured, source, ipv4FromNumber(destination + 1))).toBeUndefined();
  const wrong = captured.slice();
  wrong[10] = 0;
  expect(decodeUdp(wrong, source, destination)).toBeUndefined();
});

test('octets after the length are ignored; a length that does not fit is refused', () => {
  expect(decodeUdp(concatOctets(captured, Uint8Array.of(1, 2, 3)), source, destination)).toEqual(decodeUdp(captured, source, destination));
  expect(decodeUdp(captured.subarray(0, captured.length - 1), source, destination)).toBeUndefined();
  expect(decodeUdp(Uint8Array.of(0, 1, 0, 2, 0, 7, 0, 0), source, destination)).toBeUndefined();
});

test('a segment that no IPv4 packet holds is refused', () => {
  expect(() => encodeUdp({ sourcePort: 1, destinationPort: 2, payload: new Uint8Array(65_528) }, source, destination)).toThrow(RangeError);
});
