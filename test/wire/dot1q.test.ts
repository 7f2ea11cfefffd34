import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addTag, decodeDot1q, encodeDot1q, isTagged, removeTag, tciOf, vid, vidOf } from '../../src/wire/dot1q.ts';
import { formatHex } from '../../src/wire/octets.ts';
import { octets, uint16, vlan } from './arbitraries.ts';
import { capturedFrame } from './fixture.ts';

const captured = capturedFrame('wire/trunk.pcap', 1);
const tag = captured.subarray(12, 16);

test('the tag of a captured frame decodes field by field', () => {
  expect(decodeDot1q(tag)).toEqual({ priority: 0, dropEligible: false, vid: 5 });
  expect(isTagged(captured)).toBe(true);
  expect(vidOf(captured)).toBe(5);
});

test('its fields encode to the captured tag', () => {
  expect(encodeDot1q({ priority: 0, dropEligible: false, vid: vid(5) })).toEqual(new Uint8Array(tag));
  expect(formatHex(encodeDot1q({ priority: 6, dropEligible: true, vid: vid(0xabc) }))).toBe('8100dabc');
});

test('decoding and encoding are inverse, and the accessors agree', () => {
  fc.assert(
    fc.property(fc.record({ priority: fc.nat(7), dropEligible: fc.boolean(), vid: vlan }), (dot1q) => {
      const bytes = encodeDot1q(dot1q);
      expect(decodeDot1q(bytes)).toEqual(dot1q);
      const frame = addTag(new Uint8Array(14), ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0));
      expect(vidOf(frame)).toBe(dot1q.vid);
      expect(frame.subarray(12, 16)).toEqual(bytes);
    }),
  );
});

test('random octets never throw', () => {
  fc.assert(
    fc.property(octets(), (bytes) => {
      decodeDot1q(bytes);
      isTagged(bytes);
      tciOf(bytes);
      addTag(bytes, 0);
    }),
  );
});

test('what vde_switch tagged is the frame that the untagged station sent', () => {
  const untagged = removeTag(captured);
  expect(untagged).toEqual(capturedFrame('wire/stations.pcap', 1));
  expect(addTag(untagged, 5)).toEqual(captured);
});

test('removing a tag undoes adding it; the frame given is not touched', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 14, maxLength: 64 }), uint16, (frame, tci) => {
      const before = frame.slice();
      const tagged = addTag(frame, tci);
      expect(tciOf(tagged)).toBe(tci);
      expect(removeTag(tagged)).toEqual(before);
      expect(frame).toEqual(before);
      expect(tagged.buffer).not.toBe(frame.buffer);
    }),
  );
});

test('a tag is removed into octets of its own even when the frame is a Buffer', () => {
  const frame = Buffer.from(captured);
  const untagged = removeTag(frame);
  frame.fill(0xa5);
  expect(untagged).toEqual(capturedFrame('wire/stations.pcap', 1));
});

test('a number that is no VLAN identifier is refused', () => {
  for (const n of [-1, 4096, 0.5, Number.NaN]) expect(() => vid(n)).toThrow(RangeError);
});
