import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { etherIpTunnel } from '../../src/wire/etherip.ts';
import { formatHex } from '../../src/wire/octets.ts';
import { octets } from './arbitraries.ts';
import { capturedEcho, capturedPayload, split, taken } from './tunnel.ts';

const capture = 'wire/etherip.pcap';

it.each([
  ['ARP over IPv4', 1, /^ffffffffffff02000000000b0806/],
  ['ARP over IPv6', 2, /^ffffffffffff02000000000b0806/],
  ['an echo request over IPv4', 3, capturedEcho],
  ['an echo request over IPv6', 4, capturedEcho],
])('takes the frame that scapy sends as %s, and sends the same header', (_, place, inner) => {
  const { header, frame } = split(etherIpTunnel, capturedPayload(capture, place));
  expect(header).toBe(formatHex(etherIpTunnel.header));
  expect(frame).toMatch(inner);
});

it.each([
  ['version 3', '3000', 2],
  ['version 2', '2000', 'version'],
  ['version 4', '4000', 'version'],
  ['no version', '0000', 'version'],
  ['its version in the other half of the octet', '0300', 'version'],
  ['a reserved bit', '3001', 'flags'],
  ['another reserved bit', '3800', 'flags'],
])('decides on a header with %s', (_, header, result) => {
  expect(taken(etherIpTunnel, header)).toBe(result);
});

test('a packet that ends in its header is not taken, one that ends behind it has an empty frame', () => {
  expect(etherIpTunnel.frameAt(new Uint8Array(0))).toBe('short');
  expect(etherIpTunnel.frameAt(Uint8Array.of(0x30))).toBe('short');
  expect(etherIpTunnel.frameAt(etherIpTunnel.header)).toBe(2);
});

test('random octets never throw', () => {
  fc.assert(fc.property(octets(), (bytes) => [2, 'short', 'flags', 'version'].includes(etherIpTunnel.frameAt(bytes))));
});
