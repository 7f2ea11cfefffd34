import { expect, test } from 'vitest';
import type { DropReason, NewPort, PortNumber } from '../../src/switch/switch.ts';
import { addTag, vid } from '../../src/wire/dot1q.ts';
import { etherTypes } from '../../src/wire/ethernet.ts';
import { macFromNumber } from '../../src/wire/mac.ts';
import { arpFrame, testFrame, TestSwitch } from './test-switch.ts';

const threePorts = { 1: {}, 2: {}, 3: {} };

test('a broadcast, a group and an unknown station are flooded to all but the ingress', () => {
  const lab = new TestSwitch(threePorts);
  expect(lab.reaches(1, { from: 1, to: 'all' })).toEqual([2, 3]);
  expect(lab.reaches(1, { from: 1, to: 'group' })).toEqual([2, 3]);
  expect(lab.reaches(2, { from: 2, to: 9 })).toEqual([1, 3]);
});

test('a frame to a learned station leaves by its port only, unchanged, with the ingress told', () => {
  const lab = new TestSwitch(threePorts);
  lab.reaches(1, { from: 1 });
  const frame = testFrame({ from: 2, to: 1 });
  expect(lab.receive(2, frame)).toEqual([{ port: 1, frame, ingress: 2 }]);
});

test('a frame to a station at its own port goes nowhere', () => {
  const lab = new TestSwitch(threePorts);
  lab.reaches(1, { from: 1 });
  expect(lab.reaches(1, { from: 2, to: 1 })).toEqual([]);
  expect(lab.reaches(1, { from: 3, to: 3 })).toEqual([]);
  expect(drops(lab, 1)).toEqual({ 'same-port': 2 });
  expect(lab.bridge.station(vid(0), macFromNumber(0x0200_0000_0003))?.port).toBe(1);
});

test('a source that is a group is never learned', () => {
  const lab = new TestSwitch(threePorts);
  const frame = testFrame({ from: 1 });
  frame[6] = 0x03;
  expect(lab.receive(1, frame)).toHaveLength(2);
  expect([...lab.bridge.entries()]).toEqual([]);
});

test('a silent station is flooded to again after the ageing time', () => {
  const lab = new TestSwitch(threePorts, { ageingTime: 5_000 });
  lab.reaches(1, { from: 1 });
  lab.clock.advance(4_999);
  expect(lab.reaches(2, { from: 2, to: 1 })).toEqual([1]);
  lab.clock.advance(1);
  expect(lab.reaches(2, { from: 2, to: 1 })).toEqual([1, 3]);
});

test('a frame by which a talking station would move is forwarded, but the station stays', () => {
  const lab = new TestSwitch(threePorts);
  lab.reaches(1, { from: 1 });
  lab.clock.advance(2_999);
  expect(lab.reaches(3, { from: 1 })).toEqual([1, 2]);
  expect(lab.reaches(2, { from: 2, to: 1 })).toEqual([1]);
  lab.clock.advance(1);
  lab.reaches(3, { from: 1 });
  expect(lab.reaches(2, { from: 2, to: 1 })).toEqual([3]);
});

test.each([
  ['goes down', (lab: TestSwitch) => lab.bridge.setCarrier(1, false)],
  ['is removed', (lab: TestSwitch) => lab.bridge.removePort(1)],
])('a station moves at once when its old port %s', (_, lose) => {
  const lab = new TestSwitch(threePorts);
  lab.reaches(1, { from: 1 });
  lose(lab);
  lab.reaches(3, { from: 1 });
  expect(lab.reaches(2, { from: 2, to: 1 })).toEqual([3]);
});

test('a port that is down is sent nothing, and its frames go nowhere', () => {
  const lab = new TestSwitch(threePorts);
  lab.reaches(3, { from: 3 });
  lab.bridge.setCarrier(3, false);
  expect(lab.reaches(1, { from: 1 })).toEqual([2]);
  expect(lab.reaches(1, { from: 1, to: 3 })).toEqual([2]);
  expect(lab.reaches(3, { from: 3 })).toEqual([]);
  expect(drops(lab, 3)).toEqual({ 'port-down': 1 });
  lab.bridge.setCarrier(3, true);
  expect(lab.reaches(1, { from: 1 })).toEqual([2, 3]);
});

test('a port that only listens is sent what all are, and its frames go nowhere and teach nothing', () => {
  const lab = new TestSwitch(threePorts);
  lab.reaches(3, { from: 3 });
  lab.bridge.setQuiet(3, true);
  expect([...lab.bridge.entries()]).toEqual([]);
  expect(lab.reaches(1, { from: 1 })).toEqual([2, 3]);
  expect(lab.reaches(3, { from: 3 })).toEqual([]);
  expect(lab.bridge.explain(3, testFrame({ from: 3 }))).toEqual({ decision: 'drop', reason: 'quiet' });
  expect(drops(lab, 3)).toEqual({ quiet: 1 });
  expect([...lab.bridge.entries()].map(({ port }) => port)).toEqual([1]);
  // Down is the first reason: it is sent nothing either.
  lab.bridge.setCarrier(3, false);
  lab.reaches(3, { from: 3 });
  expect(drops(lab, 3)).toEqual({ quiet: 1, 'port-down': 1 });
  lab.bridge.setCarrier(3, true);
  lab.reaches(3, { from: 3 });
  lab.bridge.setQuiet(3, false);
  expect(lab.reaches(3, { from: 3 })).toEqual([1, 2]);
  expect(drops(lab, 3)).toEqual({ quiet: 2, 'port-down': 1 });
});

test('a hub does not repeat the frames of a port that only listens', () => {
  const lab = new TestSwitch(threePorts);
  lab.bridge.hub = true;
  lab.bridge.setQuiet(3, true);
  expect([lab.reaches(3, { from: 3 }), lab.reaches(1, { from: 1 })]).toEqual([[], [2, 3]]);
  expect(drops(lab, 3)).toEqual({ quiet: 1 });
});

test('a port going down makes the switch forget its stations only', () => {
  const lab = new TestSwitch(threePorts);
  for (const port of [1, 2, 3]) lab.reaches(port, { from: port });
  lab.bridge.setCarrier(3, false);
  expect([...lab.bridge.entries()].map(({ port }) => port)).toEqual([1, 2]);
});

test('ports going up and down are told, once each', () => {
  const told: [PortNumber, boolean][] = [];
  const lab = new TestSwitch({ 1: {}, 2: { up: false } }, { portChanged: (port, up) => void told.push([port, up]) });
  lab.bridge.setCarrier(1, true);
  lab.bridge.setCarrier(1, false);
  lab.bridge.removePort(1);
  lab.bridge.setCarrier(2, true);
  lab.bridge.removePort(2);
  expect(told).toEqual([
    [1, true],
    [1, false],
    [2, true],
    [2, false],
  ]);
});

test('a frame for a port that was removed is counted and does no harm', () => {
  const lab = new TestSwitch(threePorts);
  lab.bridge.removePort(1);
  expect(lab.reaches(1, { from: 1 })).toEqual([]);
  expect(lab.bridge.strays).toBe(1);
  expect(lab.bridge.port(1)).toBeUndefined();
  expect(lab.bridge.explain(1, testFrame({ from: 1 }))).toBeUndefined();
});

const vlans = {
  1: { untagged: vid(5) },
  2: { untagged: vid(5) },
  3: { untagged: vid(6) },
  4: { untagged: 'none', tagged: [vid(5), vid(6)] },
  5: { untagged: vid(5), tagged: [vid(6)] },
} satisfies Record<PortNumber, NewPort>;

test('a frame stays in its VLAN, and carries a tag where the VLAN is not the untagged one', () => {
  const lab = new TestSwitch(vlans);
  const frame = testFrame({ from: 1 });
  expect(lab.receive(1, frame)).toEqual([
    { port: 2, frame, ingress: 1 },
    { port: 4, frame: testFrame({ from: 1, tci: 5 }), ingress: 1 },
    { port: 5, frame, ingress: 1 },
  ]);
});

test('a tag is removed for untagged members, and kept with its priority for tagged ones', () => {
  const lab = new TestSwitch(vlans);
  const frame = testFrame({ from: 1, tci: 0xf006 });
  expect(lab.receive(4, frame)).toEqual([
    { port: 3, frame: testFrame({ from: 1 }), ingress: 4 },
    { port: 5, frame, ingress: 4 },
  ]);
});

test('each shape of a frame is made at most once', () => {
  const lab = new TestSwitch({ 1: {}, 2: {}, 3: { untagged: 'none', tagged: [vid(0)] }, 4: { untagged: 'none', tagged: [vid(0)] } });
  const frame = testFrame({ from: 1 });
  const [first, second, third] = lab.receive(1, frame);
  expect(first?.frame).toBe(frame);
  expect(second?.frame).toBe(third?.frame);
});

test('a station is known per VLAN', () => {
  const lab = new TestSwitch(vlans);
  lab.reaches(1, { from: 7 });
  lab.reaches(3, { from: 7 });
  expect(lab.reaches(4, { from: 8, to: 7, tci: 5 })).toEqual([1]);
  expect(lab.reaches(4, { from: 8, to: 7, tci: 6 })).toEqual([3]);
});

test('a known station on a tagged port is sent a tagged frame', () => {
  const lab = new TestSwitch(vlans);
  lab.reaches(4, { from: 7, tci: 0x2005 });
  expect(lab.receive(1, testFrame({ from: 1, to: 7 }))).toEqual([{ port: 4, frame: testFrame({ from: 1, to: 7, tci: 5 }), ingress: 1 }]);
});

test('a tag that names the own untagged VLAN is accepted', () => {
  const lab = new TestSwitch(vlans);
  expect(lab.reaches(1, { from: 1, tci: 5 })).toEqual([2, 4, 5]);
});

test('a frame with a priority only, VLAN 0 in its tag, is in VLAN 0 and nowhere else', () => {
  const lab = new TestSwitch({ 1: {}, 2: {}, 3: { untagged: vid(5) } });
  expect(lab.receive(1, testFrame({ from: 1, tci: 0xe000 }))).toEqual([{ port: 2, frame: testFrame({ from: 1 }), ingress: 1 }]);
  expect(lab.reaches(3, { from: 3, tci: 0xe000 })).toEqual([]);
  expect(drops(lab, 3)).toEqual({ 'not-a-member': 1 });
});

test.each<[DropReason, PortNumber, Uint8Array]>([
  ['runt', 1, new Uint8Array(13)],
  ['runt', 1, testFrame({ from: 1, tci: 5 }).subarray(0, 17)],
  ['reserved-vid', 4, testFrame({ from: 1, tci: 4095 })],
  ['not-a-member', 1, testFrame({ from: 1, tci: 6 })],
  ['no-untagged', 4, testFrame({ from: 1 })],
])('%s: a frame at port %i dies of it, and nothing is learned', (reason, port, frame) => {
  const lab = new TestSwitch(vlans);
  expect(lab.receive(port, frame)).toEqual([]);
  expect(lab.bridge.explain(port, frame)).toEqual({ decision: 'drop', reason });
  expect(drops(lab, port)).toEqual({ [reason]: 1 });
  expect([...lab.bridge.entries()]).toEqual([]);
});

test('a frame with two tags never loses the first one, behind which the second would say another VLAN', () => {
  const lab = new TestSwitch({ 1: { tagged: [vid(5)] }, 2: { untagged: vid(5) }, 3: { tagged: [vid(5), vid(6)] } });
  const hopping = addTag(testFrame({ from: 1, tci: 6 }), 5);
  expect(lab.receive(1, hopping)).toEqual([{ port: 3, frame: hopping, ingress: 1 }]);
  expect(lab.bridge.explain(1, hopping)).toMatchObject({ decision: 'flood', egress: [{ port: 3, tagged: true }] });
  lab.reaches(2, { from: 2 });
  const toTwo = addTag(testFrame({ from: 1, to: 2, tci: 6 }), 5);
  expect(lab.receive(1, toTwo)).toEqual([]);
  expect(lab.bridge.explain(1, toTwo)).toEqual({ decision: 'drop', reason: 'double-tagged' });
  expect(drops(lab, 1)).toEqual({ 'double-tagged': 1 });
});

test('the only member of a VLAN has nobody to send to', () => {
  const lab = new TestSwitch({ 1: {}, 2: { untagged: vid(5) } });
  expect(lab.reaches(1, { from: 1 })).toEqual([]);
  expect(drops(lab, 1)).toEqual({ 'no-egress': 1 });
});

test('a frame that the filter refuses is neither forwarded nor learned from', () => {
  const refused = testFrame({ from: 1 });
  const lab = new TestSwitch(threePorts, { admit: (ingress, frame) => ingress !== 1 || frame !== refused });
  expect(lab.receive(1, refused)).toEqual([]);
  expect(drops(lab, 1)).toEqual({ 'not-admitted': 1 });
  expect([...lab.bridge.entries()]).toEqual([]);
  expect(lab.receive(2, refused)).toHaveLength(2);
});

test('a port that changes its VLANs is flooded to in the new ones, and forgotten in those it left', () => {
  const lab = new TestSwitch(vlans);
  lab.reaches(5, { from: 7 });
  lab.reaches(5, { from: 7, tci: 6 });
  lab.bridge.setVlans(5, { untagged: vid(6) });
  expect(lab.reaches(1, { from: 1, to: 7 })).toEqual([2, 4]);
  expect(lab.receive(3, testFrame({ from: 3, to: 7 })).map(({ port, frame }) => [port, frame.length])).toEqual([[5, 23]]);
});

test('the observer sees every ARP frame without a tag, and IPv4 of stations that are new or moved', () => {
  const seen: string[] = [];
  const observe = (ingress: PortNumber, vlan: number, frame: Uint8Array): void =>
    void seen.push(`${ingress} ${vlan} ${frame.length} ${frame[11]}`);
  const lab = new TestSwitch(vlans, { observe });
  const ipv4 = (from: number): Uint8Array => testFrame({ from, etherType: etherTypes.ipv4 });
  lab.receive(1, arpFrame(1));
  lab.receive(1, arpFrame(1));
  lab.receive(4, arpFrame(4, 0x2005));
  lab.receive(1, ipv4(1));
  lab.receive(2, ipv4(2));
  lab.receive(2, ipv4(2));
  lab.clock.advance(5_000);
  lab.receive(1, ipv4(2));
  lab.receive(1, testFrame({ from: 9 }));
  lab.receive(3, testFrame({ from: 3, tci: 5, etherType: etherTypes.arp }));
  expect(seen).toEqual(['1 5 23 1', '1 5 23 1', '4 5 23 4', '2 5 23 2', '1 5 23 2']);
});

test('an observed frame that leaves without its tag was untagged only once', () => {
  let observed: Uint8Array | undefined;
  const lab = new TestSwitch(vlans, { observe: (_ingress, _vid, frame) => void (observed = frame) });
  const sent = lab.receive(4, arpFrame(4, 6)).find(({ port }) => port === 3);
  expect(sent?.frame).toBe(observed);
});

test('counters count what came and what left, as it left', () => {
  const lab = new TestSwitch(vlans);
  lab.reaches(1, { from: 1 });
  lab.reaches(2, { from: 2, to: 1 });
  expect(lab.bridge.port(1)?.counters).toMatchObject({ receivedFrames: 1, receivedOctets: 23, sentFrames: 1, sentOctets: 23 });
  expect(lab.bridge.port(4)?.counters).toMatchObject({ receivedFrames: 0, sentFrames: 1, sentOctets: 27 });
});

test('entries tell where each station is', () => {
  const lab = new TestSwitch(vlans);
  lab.reaches(1, { from: 1 });
  lab.clock.advance(7);
  expect([...lab.bridge.entries()]).toEqual([{ vid: 5, mac: 0x0200_0000_0001, port: 1, age: 7 }]);
  lab.bridge.flush();
  expect([...lab.bridge.entries()]).toEqual([]);
});

test('time is that of the last breath', () => {
  const lab = new TestSwitch(threePorts, { ageingTime: 1_000 });
  lab.reaches(1, { from: 1 });
  lab.clock.advance(1_500);
  lab.bridge.receive(2, testFrame({ from: 2, to: 1 }));
  lab.bridge.beginBreath();
  lab.bridge.receive(2, testFrame({ from: 2, to: 1 }));
  expect(lab.sent.map(({ port }) => port)).toEqual([1, 1, 3]);
});

function drops(lab: TestSwitch, port: PortNumber): Partial<Record<string, number>> {
  return Object.fromEntries(Object.entries(lab.bridge.port(port)?.counters.drops ?? {}).filter(([, count]) => count > 0));
}
