import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeEthernet,
  destinationOf,
  encodeEthernet,
  etherTypeOf,
  etherTypes,
  hasGroupDestination,
  hasGroupSource,
  sourceOf,
} from '../../src/wire/ethernet.ts';
import { broadcastMac, isGroupMac } from '../../src/wire/mac.ts';
import { mac, octets, uint16 } from './arbitraries.ts';
import { capturedFrame } from './fixture.ts';

const captured = capturedFrame('wire/stations.pcap', 1);

test('a captured frame decodes field by field', () => {
  expect(decodeEthernet(captured)).toEqual({
    destination: broadcastMac,
    source: 0x0200_0000_000a,
    etherType: etherTypes.arp,
    payload: captured.subarray(14),
  });
});

test('its fields encode to the captured frame', () => {
  const ethernet = decodeEthernet(captured);
  expect(ethernet && encodeEthernet(ethernet)).toEqual(captured);
});

test('decoding and encoding are inverse, and the accessors agree', () => {
  fc.assert(
    fc.property(fc.record({ destination: mac, source: mac, etherType: uint16, payload: octets() }), (ethernet) => {
      const frame = encodeEthernet(ethernet);
      expect(decodeEthernet(frame)).toEqual(ethernet);
      expect([destinationOf(frame), sourceOf(frame), etherTypeOf(frame)]).toEqual([
        ethernet.destination,
        ethernet.source,
        ethernet.etherType,
      ]);
      expect(hasGroupDestination(frame)).toBe(isGroupMac(ethernet.destination));
      expect(hasGroupSource(frame)).toBe(isGroupMac(ethernet.source));
    }),
  );
});

test('random octets never throw, and decode exactly from 14 on', () => {
  fc.assert(
    fc.property(octets(), (bytes) => {
      expect(decodeEthernet(bytes) !== undefined).toBe(bytes.length >= 14);
    }),
  );
});

test('the payload is a view, not a copy', () => {
  expect(decodeEthernet(captured)?.payload.buffer).toBe(captured.buffer);
});
