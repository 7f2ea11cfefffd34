import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeArp, encodeArp } from '../../src/wire/arp.ts';
import { ipv4FromNumber } from '../../src/wire/ipv4.ts';
import { macFromNumber } from '../../src/wire/mac.ts';
import { concatOctets } from '../../src/wire/octets.ts';
import { ipv4, mac, octets } from './arbitraries.ts';
import { capturedFrame } from './fixture.ts';

const request = capturedFrame('wire/stations.pcap', 1).subarray(14);
const reply = capturedFrame('wire/stations.pcap', 2).subarray(14);
const a = { mac: macFromNumber(0x0200_0000_000a), address: ipv4FromNumber(0x0a4d_0501) };
const b = { mac: macFromNumber(0x0200_0000_000b), address: ipv4FromNumber(0x0a4d_0502) };
const asked = {
  operation: 'request',
  senderMac: a.mac,
  senderAddress: a.address,
  targetMac: macFromNumber(0),
  targetAddress: b.address,
} as const;
const answered = {
  operation: 'reply',
  senderMac: b.mac,
  senderAddress: b.address,
  targetMac: a.mac,
  targetAddress: a.address,
} as const;

test('a captured request and reply decode field by field', () => {
  expect(decodeArp(request)).toEqual(asked);
  expect(decodeArp(reply)).toEqual(answered);
});

test('their fields encode to the captured packets', () => {
  expect(encodeArp(asked)).toEqual(new Uint8Array(request));
  expect(encodeArp(answered)).toEqual(new Uint8Array(reply));
});

test('decoding and encoding are inverse', () => {
  const packets = fc.record({
    operation: fc.constantFrom('request' as const, 'reply' as const),
    senderMac: mac,
    senderAddress: ipv4,
    targetMac: mac,
    targetAddress: ipv4,
  });
  fc.assert(
    fc.property(packets, (arp) => {
      expect(decodeArp(encodeArp(arp))).toEqual(arp);
    }),
  );
});

test('random octets never throw', () => {
  fc.assert(fc.property(octets(), (bytes) => void decodeArp(bytes)));
});

test('octets after the packet are padding', () => {
  expect(decodeArp(concatOctets(request, new Uint8Array(18)))).toEqual(asked);
});

test('a short packet, another hardware, protocol, length or operation is refused', () => {
  expect(decodeArp(request.subarray(0, 27))).toBeUndefined();
  for (let at = 0; at < 8; at++) {
    const wrong = request.slice();
    wrong[at] = 0x77;
    expect(decodeArp(wrong)).toBeUndefined();
  }
});
