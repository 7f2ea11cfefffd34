import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  bridgeGroupMac,
  compareBridgeIds,
  decodeBpdu,
  encodeBpdu,
  formatBridgeId,
  isForBridges,
  type Bpdu,
  type BpduRole,
  type BridgeId,
} from '../../src/wire/bpdu.ts';
import { isTagged, removeTag, vidOf } from '../../src/wire/dot1q.ts';
import { decodeEthernet, destinationOf, encodeEthernet, sourceOf } from '../../src/wire/ethernet.ts';
import { macFromNumber } from '../../src/wire/mac.ts';
import { concatOctets } from '../../src/wire/octets.ts';
import { mac, octets, uint16 } from './arbitraries.ts';
import { streamedFrames } from './fixture.ts';

const root = { priority: 0x1000, mac: macFromNumber(0x00ff_0000_000a) };
const leaf = { priority: 0x8000, mac: macFromNumber(0x00ff_0000_000b) };
const silent = { topologyChange: false, proposal: false, agreement: false, topologyChangeAcknowledged: false };
const times = { messageAge: 0, maxAge: 40, helloTime: 4, forwardDelay: 0 };
const open = { learning: true, forwarding: true };
const closed = { learning: false, forwarding: false };

const claim: Bpdu = { ...silent, ...open, ...times, role: 'designated', root, rootPathCost: 0, bridge: root, port: 0x8001 };
const agreement: Bpdu = {
  ...silent,
  ...open,
  ...times,
  agreement: true,
  role: 'root',
  root,
  rootPathCost: 20_000_000,
  bridge: leaf,
  port: 0x8001,
};
const refusal: Bpdu = { ...agreement, ...closed, proposal: true, role: 'alternate', port: 0x8002, messageAge: 1 };
const change: Bpdu = { ...agreement, agreement: false, topologyChange: true };

test.each([
  ['the first of a new port', 'root-1', claim],
  ['an agreement by the root port', 'leaf-1', agreement],
  ['a topology change', 'leaf-1', change],
  ['the hello of a port that is closed', 'leaf-2', refusal],
])('%s, recorded, decodes field by field, and its fields encode to it', (_, name, bpdu) => {
  const payloads = recorded(name);
  const found = payloads.find((payload) => payload[7] === encodeBpdu(bpdu)[7]);
  expect(found && decodeBpdu(found)).toEqual(bpdu);
  expect(encodeBpdu(bpdu)).toEqual(found);
});

test('every recorded BPDU is in an 802.3 frame of 53 octets to the bridge group, and encodes to itself', () => {
  for (const name of ['root-1', 'root-2', 'leaf-1', 'leaf-2']) {
    for (const frame of streamedFrames(`fstp/${name}.stream`)) {
      expect([isForBridges(frame), destinationOf(frame)]).toEqual([true, bridgeGroupMac]);
      expect(sourceOf(frame)).toBe(name.startsWith('root') ? root.mac : leaf.mac);
      if (isTagged(frame)) expect(vidOf(frame)).toBe(5);
      const untagged = isTagged(frame) ? removeTag(frame) : frame;
      const bpdu = decodeBpdu(untagged.subarray(14));
      const again = bpdu && { destination: bridgeGroupMac, source: bpdu.bridge.mac, etherType: 39, payload: encodeBpdu(bpdu) };
      expect(again && encodeEthernet(again)).toEqual(untagged);
      expect(untagged).toHaveLength(53);
    }
  }
});

test('decoding and encoding are inverse', () => {
  const id: fc.Arbitrary<BridgeId> = fc.record({ priority: uint16, mac });
  const seconds = uint16.map((n) => n / 256);
  const bpdus: fc.Arbitrary<Bpdu> = fc.record({
    topologyChange: fc.boolean(),
    proposal: fc.boolean(),
    role: fc.constantFrom<BpduRole[]>('unknown', 'root', 'alternate', 'designated'),
    learning: fc.boolean(),
    forwarding: fc.boolean(),
    agreement: fc.boolean(),
    topologyChangeAcknowledged: fc.boolean(),
    root: id,
    rootPathCost: fc.integer({ min: 0, max: 0xffff_ffff }),
    bridge: id,
    port: uint16,
    messageAge: seconds,
    maxAge: seconds,
    helloTime: seconds,
    forwardDelay: seconds,
  });
  fc.assert(
    fc.property(bpdus, (bpdu) => {
      expect(decodeBpdu(encodeBpdu(bpdu))).toEqual(bpdu);
    }),
  );
});

test('random octets never throw, with and without the beginning of a BPDU', () => {
  const begun = octets().map((bytes) => concatOctets(encodeBpdu(claim).subarray(0, 7), bytes));
  fc.assert(fc.property(fc.oneof(octets(), begun), (bytes) => void decodeBpdu(bytes)));
});

test('what is short, or another protocol, version or type, is refused; padding is not', () => {
  const whole = encodeBpdu(claim);
  expect(decodeBpdu(concatOctets(whole, new Uint8Array(7)))).toEqual(claim);
  expect(decodeBpdu(whole.subarray(0, 37))).toEqual(claim);
  expect(decodeBpdu(whole.subarray(0, 36))).toBeUndefined();
  for (let at = 0; at < 7; at++) {
    const wrong = whole.slice();
    wrong[at] = 0x77;
    expect(decodeBpdu(wrong)).toBeUndefined();
  }
});

test('only the bridge group is for bridges', () => {
  const frame = new Uint8Array(60);
  frame.set([0x01, 0x80, 0xc2]);
  expect(isForBridges(frame)).toBe(true);
  for (let at = 0; at < 6; at++) {
    const other = frame.slice();
    other[at] = 0x0e;
    expect(isForBridges(other)).toBe(false);
  }
});

test('the better bridge has the lower priority, then the lower address', () => {
  expect(compareBridgeIds(root, leaf)).toBeLessThan(0);
  expect(compareBridgeIds({ ...root, priority: 0x8000 }, leaf)).toBeLessThan(0);
  expect(compareBridgeIds(leaf, root)).toBeGreaterThan(0);
  expect(compareBridgeIds(leaf, { ...leaf })).toBe(0);
});

test('a bridge is written as eight octets', () => {
  expect(formatBridgeId(leaf)).toBe('80:00:00:ff:00:00:00:0b');
});

function recorded(name: string): Uint8Array[] {
  const untagged = streamedFrames(`fstp/${name}.stream`).filter((frame) => !isTagged(frame));
  return untagged.map((frame) => (decodeEthernet(frame)?.payload ?? new Uint8Array()).slice());
}
