import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { formatHex, concatOctets } from '../../src/wire/octets.ts';
import { maxVni, vxlanTunnel, vxlanKeyOf } from '../../src/wire/vxlan.ts';
import { octets } from './arbitraries.ts';
import { capturedEcho, capturedPayload, innerFrame, split, taken } from './tunnel.ts';

const capture = 'wire/vxlan.pcap';
const udpHeader = 8;

it.each([
  ['Open vSwitch', 1, 77],
  ['Open vSwitch with a UDP checksum', 2, 77],
  ['Open vSwitch, of network 0', 3, 0],
  ['Open vSwitch over IPv6, of the last network', 4, maxVni],
  ['Linux', 5, 77],
])('takes the frame that %s sends, and sends the same header', (_, place, vni) => {
  const payload = capturedPayload(capture, place, udpHeader);
  const { header, frame } = split(vxlanTunnel(vni), payload);
  expect(header).toBe(formatHex(vxlanTunnel(vni).header));
  expect(frame).toMatch(capturedEcho);
  expect(vxlanKeyOf(payload)).toBe(vni);
});

it.each([
  ['the I bit and the right VNI', '0800000000004d00', 8],
  ['no I bit', '0000000000004d00', 'flags'],
  ['the G bit', '8800000000004d00', 'flags'],
  ['the P bit', '0c00000000004d00', 'flags'],
  ['all flags', 'ff00000000004d00', 'flags'],
  ['reserved octets', '08ffffff00004d00', 'flags'],
  ['one reserved bit', '0800000100004d00', 'flags'],
  ['a last octet', '0800000000004d01', 'flags'],
  ['another VNI', '0800000000004e00', 'key'],
])('decides on a header with %s as Linux and Open vSwitch do', (_, header, result) => {
  expect(taken(vxlanTunnel(77), header)).toBe(result);
});

test('a packet that ends in its header is not taken, one that ends behind it has an empty frame', () => {
  const { header, frameAt } = vxlanTunnel(1);
  for (let length = 0; length < 8; length++) expect(frameAt(header.subarray(0, length))).toBe('short');
  expect(frameAt(header)).toBe(8);
});

test('headers that are sent are taken by the tunnel of the same VNI alone', () => {
  const vni = fc.nat(maxVni);
  fc.assert(
    fc.property(vni, vni, (a, b) => {
      const packet = concatOctets(vxlanTunnel(a).header, innerFrame);
      expect(vxlanKeyOf(packet)).toBe(a);
      expect(vxlanTunnel(a)).toMatchObject({ key: a });
      expect(vxlanTunnel(b).frameAt(packet)).toBe(a === b ? 8 : 'key');
    }),
  );
});

test('random octets never throw', () => {
  fc.assert(fc.property(octets(), (bytes) => [vxlanTunnel(0).frameAt(bytes), vxlanKeyOf(bytes)].length === 2));
});

it.each([-1, maxVni + 1, 1.5, NaN])('does not take %s for a VNI', (vni) => {
  expect(() => vxlanTunnel(vni)).toThrow(RangeError);
});
