import { describe, expect, test } from 'vitest';
import type { FstpChange, NewPort, PortNumber } from '../../src/switch/switch.ts';
import { bridgeGroupMac, decodeBpdu, encodeBpdu, type Bpdu, type BridgeId } from '../../src/wire/bpdu.ts';
import { addTag, isTagged, removeTag, vid, vidOf } from '../../src/wire/dot1q.ts';
import { encodeEthernet } from '../../src/wire/ethernet.ts';
import { macFromNumber } from '../../src/wire/mac.ts';
import { formatHex, parseHex } from '../../src/wire/octets.ts';
import { streamedFrames } from '../wire/fixture.ts';
import { testFrame, TestSwitch, type Sent } from './test-switch.ts';

const self: BridgeId = { priority: 0x8000, mac: macFromNumber(0x00ff_aabb_cc01) };
const better: BridgeId = { priority: 0x1000, mac: macFromNumber(0x00ff_0000_0001) };
const other: BridgeId = { priority: 0x1000, mac: macFromNumber(0x00ff_0000_0002) };
const worse: BridgeId = { priority: 0x9000, mac: macFromNumber(0x00ff_0000_0009) };
const untagged = vid(0);

/** Returns the same switch as in the recordings of VDE, its spanning tree on. */
function treeSwitch(ports: Readonly<Record<PortNumber, NewPort>>, changes: FstpChange[] = []): TestSwitch {
  const lab = new TestSwitch(ports, { mac: self.mac, treeChanged: (change) => void changes.push(change) });
  lab.bridge.fstp.enabled = true;
  lab.sent.length = 0;
  return lab;
}

/** Returns the BPDU of a bridge that claims to lead its wire to the root. */
function claim(root: BridgeId, more: Partial<Bpdu> = {}): Bpdu {
  return {
    topologyChange: false,
    proposal: false,
    role: 'designated',
    learning: true,
    forwarding: true,
    agreement: false,
    topologyChangeAcknowledged: false,
    root,
    rootPathCost: 0,
    bridge: root,
    port: 0x8001,
    messageAge: 0,
    maxAge: 40,
    helloTime: 4,
    forwardDelay: 0,
    ...more,
  };
}

/** The fields of a bridge at the end of a wire that is its way to the root, or that it has closed. */
const agreeing = { role: 'root', agreement: true } as const;
const closed = { role: 'alternate', proposal: true, learning: false, forwarding: false } as const;

function frameOf(bpdu: Bpdu, tag?: number): Uint8Array {
  const payload = encodeBpdu(bpdu);
  const frame = encodeEthernet({ destination: bridgeGroupMac, source: bpdu.bridge.mac, etherType: payload.length, payload });
  return tag === undefined ? frame : addTag(frame, tag);
}

function flagsOf(sent: readonly Sent[]): string[] {
  return sent.map(({ port, frame }) => `${port} ${formatHex((isTagged(frame) ? removeTag(frame) : frame).subarray(21, 22))}`);
}

function states(lab: TestSwitch, vlan = untagged): string[] {
  return lab.bridge.fstp.state(vlan).ports.map(({ number, role, forwarding }) => `${number} ${role} ${forwarding ? 'open' : 'closed'}`);
}

describe('what it says', () => {
  test('a new port is open, and says so at once in the octets of VDE, with a tag in tagged VLANs', () => {
    const lab = new TestSwitch({ 1: { tagged: [vid(0x123)] } }, { mac: self.mac });
    lab.bridge.fstp.enabled = true;
    expect(lab.sent.splice(0).map(({ frame }) => formatHex(frame))).toEqual([
      '0180c200000000ffaabbcc01002742420300000202' + '3c' + '800000ffaabbcc0100000000800000ffaabbcc0180010000280004000000' + '00',
      '0180c200000000ffaabbcc0181000123002742420300000202' + '3c' + '800000ffaabbcc0100000000800000ffaabbcc0180010000280004000000' + '00',
    ]);
  });

  test('every four seconds it says hello, as a real root does', () => {
    const lab = treeSwitch({ 1: { tagged: [vid(5)] } });
    lab.clock.advance(3_999);
    expect(lab.sent).toEqual([]);
    lab.clock.advance(1);
    expect(flagsOf(lab.sent)).toEqual(['1 7c', '1 7c']);
    expect(lab.sent.map(({ frame }) => (isTagged(frame) ? vidOf(frame) : 0))).toEqual([0, 5]);
    lab.clock.advance(8_000);
    expect(lab.sent).toHaveLength(6);
  });

  test('a better root is followed, and agreed to, as by a real switch', () => {
    const lab = treeSwitch({ 1: {} });
    // Recorded from a vde_switch after such a claim.
    const recorded = parseHex(
      '0180c200000000ffaabbcc01002742420300000202' + '74' + '100000ff0000000101312d00800000ffaabbcc01800101002800040000' + '0000',
    );
    expect(lab.receive(1, frameOf(claim(better)))).toEqual([{ port: 1, frame: recorded, ingress: 1 }]);
  });

  test('real switches understand each other through it: recorded claims of a root and a leaf are answered as the leaf did', () => {
    const lab = new TestSwitch({ 1: {} }, { mac: macFromNumber(0x00ff_0000_000b) });
    lab.bridge.fstp.enabled = true;
    const [first] = streamedFrames('fstp/root-1.stream');
    lab.sent.length = 0;
    const [answer] = lab.receive(1, first ?? new Uint8Array());
    const said = streamedFrames('fstp/leaf-1.stream').find((frame) => !isTagged(frame) && frame[21] === 0x74);
    // Which second it was is not in ours.
    expect(answer?.frame.slice(0, 44)).toEqual(said?.slice(0, 44));
  });

  test('what a port says goes through the same door and is counted, but is no frame of a guest', () => {
    const lab = treeSwitch({ 1: {}, 2: { up: false } });
    expect(lab.bridge.port(1)?.counters).toMatchObject({ sentFrames: 1, sentOctets: 53 });
    expect(lab.bridge.port(2)?.counters.sentFrames).toBe(0);
  });

  test('no port says more than 256 in a second, and what was too much it says in the next', () => {
    const lab = treeSwitch({ 1: {}, 2: {} });
    lab.receive(2, frameOf(claim(worse, agreeing)));
    lab.clock.advance(1_000);
    lab.sent.length = 0;
    for (let n = 0; n < 1_000; n++) lab.receive(1, frameOf(claim({ ...better, priority: 1_000 - n })));
    lab.bridge.beginBreath();
    const said = lab.bridge.port(1)?.counters.sentFrames ?? 0;
    expect(said).toBeLessThanOrEqual(1 + 256);
    lab.clock.advance(1_000);
    const last = lab.sent.filter(({ port }) => port === 1).map(({ frame }) => decodeBpdu(frame.subarray(14)));
    expect(last.at(-1)?.root.priority).toBe(1);
  });
});

describe('what it does', () => {
  test('a guest sends and is sent to at once', () => {
    const lab = treeSwitch({ 1: {}, 2: {} });
    expect(lab.reaches(1, { from: 1 })).toEqual([2]);
  });

  test('the better of two ways is taken, the other one is closed', () => {
    const lab = treeSwitch({ 1: {}, 2: {}, 3: {} });
    lab.receive(2, frameOf(claim(better, { port: 0x8002 })));
    expect(flagsOf(lab.receive(1, frameOf(claim(better, { port: 0x8001 }))))).toContain('1 74');
    expect(states(lab)).toEqual(['1 root open', '2 alternate closed', '3 designated open']);
  });

  test('nothing goes in or out by a port that is closed, nothing is learned there, and what was learned is forgotten', () => {
    const lab = treeSwitch({ 1: {}, 2: {}, 3: {} });
    lab.reaches(2, { from: 7 });
    for (const port of [1, 2]) lab.receive(port, frameOf(claim(better, { port })));
    expect(lab.reaches(3, { from: 3, to: 7 })).toEqual([1]);
    expect(lab.reaches(2, { from: 8 })).toEqual([]);
    expect(lab.bridge.explain(2, testFrame({ from: 8 }))).toEqual({ decision: 'drop', reason: 'blocked' });
    expect(lab.bridge.port(2)?.counters.drops.blocked).toBe(1);
    expect([...lab.bridge.entries()].map(({ port }) => port)).toEqual([3]);
  });

  test('who hears of a root closes its wires to other bridges until these agree; guests feel nothing', () => {
    const lab = treeSwitch({ 1: {}, 2: {}, 3: {} });
    lab.receive(2, frameOf(claim(self, { ...agreeing, bridge: worse, rootPathCost: 20_000_000 })));
    expect(flagsOf(lab.receive(1, frameOf(claim(better))))).toEqual(['1 74', '2 0a', '3 3c']);
    expect(states(lab)).toEqual(['1 root open', '2 designated closed', '3 designated open']);
    lab.receive(2, frameOf(claim(better, { ...agreeing, bridge: worse, rootPathCost: 40_000_000 })));
    expect(states(lab)).toEqual(['1 root open', '2 designated open', '3 designated open']);
  });

  test('of a wire that is not needed the better end leads, and is open', () => {
    const lab = treeSwitch({ 1: {}, 2: {} });
    lab.receive(1, frameOf(claim(better)));
    lab.receive(2, frameOf(claim(better, { ...closed, bridge: worse, rootPathCost: 20_000_000 })));
    expect(states(lab)).toEqual(['1 root open', '2 designated open']);
  });

  test('both ends are closed of such a wire when it is to be as VDE has it, and it opens for who comes to need it', () => {
    const lab = treeSwitch({ 1: {}, 2: {} });
    lab.bridge.fstp.closesBothEnds = true;
    lab.receive(1, frameOf(claim(better)));
    expect(flagsOf(lab.receive(2, frameOf(claim(better, { ...closed, bridge: worse, rootPathCost: 20_000_000 }))))).toEqual(['2 0a']);
    expect(states(lab)).toEqual(['1 root open', '2 alternate closed']);
    const need = frameOf(claim(better, { ...agreeing, bridge: worse, rootPathCost: 40_000_000 }));
    // It is asked whether it agrees, as any that comes anew.
    expect(flagsOf(lab.receive(2, need))).toEqual(['2 0a']);
    lab.receive(2, need);
    expect(states(lab)).toEqual(['1 root open', '2 designated open']);
  });

  test('who leads a wire in his own eyes, and does worse, is told, and kept out until he has heard it', () => {
    const lab = treeSwitch({ 1: {} });
    expect(flagsOf(lab.receive(1, frameOf(claim(worse))))).toEqual(['1 0a']);
    expect(flagsOf(lab.receive(1, frameOf(claim(self, { ...agreeing, bridge: worse, rootPathCost: 20_000_000 }))))).toEqual([
      '1 3c',
      '1 3d',
    ]);
  });

  test('a bridge that asks again is answered again', () => {
    const lab = treeSwitch({ 1: {}, 2: {} });
    for (const port of [1, 2]) lab.receive(port, frameOf(claim(better, { port })));
    expect(flagsOf(lab.receive(1, frameOf(claim(better, { ...closed, port: 1 }))))).toEqual(['1 74']);
    expect(flagsOf(lab.receive(2, frameOf(claim(better, { ...closed, port: 2 }))))).toEqual(['2 0a']);
    expect(lab.receive(1, frameOf(claim(better, { port: 1 })))).toEqual([]);
  });

  test('a wire between two ports of the switch itself is closed at one end, a port that hears itself is closed', () => {
    const lab = treeSwitch({ 1: {}, 2: {}, 3: {} });
    const own = (port: number): Uint8Array => frameOf(claim(self, { bridge: self, port: 0x8000 + port }));
    lab.receive(2, own(1));
    lab.receive(1, frameOf(claim(self, { ...closed, bridge: self, port: 0x8002 })));
    lab.receive(3, own(3));
    expect(states(lab)).toEqual(['1 designated open', '2 alternate closed', '3 alternate closed']);
    expect(lab.receive(3, frameOf(claim(self, { ...closed, bridge: self, port: 0x8003 })))).toEqual([]);
  });

  test('who falls silent is believed for twelve seconds; then the next way is taken, and what was closed opens', () => {
    const changes: FstpChange[] = [];
    const lab = treeSwitch({ 1: {}, 2: {} }, changes);
    lab.receive(1, frameOf(claim(better)));
    lab.receive(2, frameOf(claim(better, { bridge: other, rootPathCost: 5 })));
    expect(states(lab)).toEqual(['1 root open', '2 alternate closed']);
    lab.clock.advanceSeconds(6);
    lab.receive(2, frameOf(claim(better, { bridge: other, rootPathCost: 5 })));
    lab.clock.advanceSeconds(6);
    expect(lab.bridge.fstp.state(untagged)).toMatchObject({ rootPort: 1, age: 12_000 });
    lab.clock.advanceSeconds(1);
    expect(lab.bridge.fstp.state(untagged)).toMatchObject({ rootPort: 2, rootPathCost: 20_000_005, designated: other });
    lab.clock.advanceSeconds(6);
    expect(lab.bridge.fstp.state(untagged)).toMatchObject({ rootPort: undefined, rootPathCost: 0, root: self });
    expect(changes.map(({ kind }) => kind)).toContain('neighbour');
    expect(states(lab)).toEqual(['1 designated open', '2 designated open']);
  });

  test('a claim is one older at each bridge, and not believed at an age of forty', () => {
    const lab = treeSwitch({ 1: {} });
    const [said] = lab.receive(1, frameOf(claim(better, { messageAge: 39 })));
    expect(said && decodeBpdu(said.frame.subarray(14))?.messageAge).toBe(40);
    lab.receive(1, frameOf(claim(better, { messageAge: 40 })));
    expect(lab.bridge.fstp.state(untagged)).toMatchObject({ root: self, rootPort: undefined });
    lab.receive(1, frameOf(claim(better, { messageAge: 41 })));
    expect(lab.bridge.fstp.state(untagged).root).toEqual(self);
  });

  test.each([
    [60, 59, 60],
    [Infinity, 254, 255],
    // More cannot be said.
    [Infinity, 255, 255],
  ])('a claim is believed below the age of %i: at %i, and then it is %i', (maxAge, messageAge, next) => {
    const lab = treeSwitch({ 1: {} });
    lab.bridge.fstp.maxAge = maxAge;
    const [said] = lab.receive(1, frameOf(claim(better, { messageAge })));
    expect(said && decodeBpdu(said.frame.subarray(14))?.messageAge).toBe(next);
    lab.receive(1, frameOf(claim(better, { messageAge: Math.min(255, maxAge) })));
    expect(lab.bridge.fstp.state(untagged)).toMatchObject({ rootPort: maxAge === Infinity ? 1 : undefined });
  });

  test('a bonus makes a way cheaper, by all of its cost but one', () => {
    const lab = treeSwitch({ 1: {}, 2: {} });
    for (const port of [1, 2]) lab.receive(port, frameOf(claim(better, { port })));
    lab.bridge.fstp.setBonus(untagged, 2, 1_000);
    expect(lab.bridge.fstp.state(untagged)).toMatchObject({ rootPort: 2, rootPathCost: 19_999_000, bonus: { port: 2, cost: 1_000 } });
    lab.bridge.fstp.setBonus(untagged, 1, 90_000_000);
    expect(lab.bridge.fstp.state(untagged)).toMatchObject({ rootPort: 1, rootPathCost: 1 });
  });

  test('a change makes the VLAN forget its stations, and is passed on to all bridges but the one it came from', () => {
    const lab = treeSwitch({ 1: { tagged: [vid(5)] }, 2: {}, 3: {}, 4: {} });
    lab.receive(1, frameOf(claim(better)));
    for (const port of [2, 3]) lab.receive(port, frameOf(claim(better, { ...agreeing, bridge: worse, rootPathCost: 40_000_000, port })));
    lab.reaches(4, { from: 4 });
    lab.reaches(1, { from: 5, tci: 5 });
    const change = frameOf(claim(better, { ...agreeing, topologyChange: true, bridge: worse, rootPathCost: 40_000_000, port: 2 }));
    expect(flagsOf(lab.receive(2, change))).toEqual(['1 35', '3 3d']);
    expect([...lab.bridge.entries()].map((entry) => entry.vid)).toEqual([5]);
  });

  test('an edge says nothing, hears nothing and stays open', () => {
    const lab = treeSwitch({ 1: { edge: true }, 2: {} });
    lab.clock.advanceSeconds(4);
    expect(lab.sent.splice(0).map(({ port }) => port)).toEqual([2]);
    lab.receive(1, frameOf(claim(better)));
    expect(lab.bridge.fstp.state(untagged).root).toEqual(self);
    lab.receive(2, frameOf(claim(better)));
    lab.bridge.fstp.setEdge(untagged, 2, true);
    expect(lab.bridge.fstp.state(untagged).root).toEqual(self);
    lab.sent.length = 0;
    lab.clock.advanceSeconds(4);
    expect(lab.sent).toEqual([]);
    lab.bridge.setCarrier(2, false);
    lab.bridge.setCarrier(2, true);
    expect(flagsOf(lab.sent)).toEqual(['2 3c']);
  });

  test('every VLAN has a tree of its own', () => {
    const lab = treeSwitch({ 1: { tagged: [vid(5)] }, 2: { tagged: [vid(5)] } });
    for (const port of [1, 2]) lab.receive(port, frameOf(claim(better, { port }), 5));
    expect(states(lab)).toEqual(['1 designated open', '2 designated open']);
    expect(states(lab, vid(5))).toEqual(['1 root open', '2 alternate closed']);
    expect(lab.reaches(1, { from: 1, tci: 5 })).toEqual([]);
    expect(lab.reaches(1, { from: 1 })).toEqual([2]);
    expect(lab.bridge.vlans.members(vid(5))).toMatchObject([{ forwarding: true }, { forwarding: false }]);
    lab.bridge.vlans.removeTagged(vid(5), 2);
    lab.bridge.vlans.addTagged(vid(5), 2);
    expect(states(lab, vid(5))).toEqual(['1 root open', '2 designated open']);
  });
});

describe('where it ends', () => {
  test('off, it costs no timer, and BPDUs are flooded as any multicast', () => {
    const lab = new TestSwitch({ 1: {}, 2: {} });
    expect(lab.clock.timers).toBe(0);
    expect(lab.receive(1, frameOf(claim(better)))).toHaveLength(1);
  });

  test('switched off, it opens all ports and forgets; switched on, it begins anew', () => {
    const lab = treeSwitch({ 1: {}, 2: {} });
    for (const port of [1, 2]) lab.receive(port, frameOf(claim(better, { port })));
    lab.bridge.fstp.enabled = false;
    expect(lab.bridge.vlans.members(untagged)).toMatchObject([{ forwarding: true }, { forwarding: true }]);
    lab.sent.length = 0;
    expect(lab.reaches(1, { from: 1 })).toEqual([2]);
    expect(lab.bridge.fstp.state(untagged)).toMatchObject({ root: self, ports: [] });
    lab.bridge.fstp.enabled = true;
    expect(flagsOf(lab.sent.splice(0))).toEqual(['1 3c', '2 3c']);
  });

  test('there is none in a hub', () => {
    const lab = treeSwitch({ 1: {}, 2: {} });
    lab.bridge.hub = true;
    expect(lab.bridge.fstp.enabled).toBe(false);
    lab.bridge.fstp.enabled = true;
    expect(lab.bridge.fstp.enabled).toBe(false);
    expect(lab.receive(1, frameOf(claim(better)))).toHaveLength(1);
  });

  test('a switch without an address can have none', () => {
    const lab = new TestSwitch({ 1: {} });
    expect(() => (lab.bridge.fstp.enabled = true)).toThrow('address');
  });

  test('BPDUs are explained; those that cannot be read, or are from outside the VLAN, are counted and go no further', () => {
    const lab = treeSwitch({ 1: {}, 2: {} });
    const config = frameOf(claim(better));
    config[19] = 0;
    expect(lab.bridge.explain(1, frameOf(claim(better)))).toEqual({ decision: 'take', vid: 0 });
    expect(lab.bridge.explain(1, config)).toEqual({ decision: 'drop', reason: 'bad-bpdu' });
    expect(lab.bridge.explain(1, frameOf(claim(better), 5))).toEqual({ decision: 'drop', reason: 'not-a-member' });
    for (const frame of [config, frameOf(claim(better), 5), config.subarray(0, 10)]) expect(lab.receive(1, frame)).toEqual([]);
    expect(lab.bridge.port(1)?.counters.drops).toMatchObject({ 'bad-bpdu': 1, 'not-a-member': 1, runt: 1 });
    expect(lab.bridge.fstp.state(untagged).root).toEqual(self);
  });

  test('a switch that is disposed of says nothing more', () => {
    const lab = treeSwitch({ 1: {} });
    lab.bridge[Symbol.dispose]();
    lab.clock.advanceSeconds(60);
    expect(lab.sent).toEqual([]);
    expect(lab.clock.timers).toBe(0);
  });
});

test('a trunk is kept out of VLANs that have no tree where it is closed in that of its untagged one', () => {
  const lab = treeSwitch({ 1: { trunk: true }, 2: { trunk: true }, 3: { trunk: true } });
  // The same better bridge behind two ports: one is the way to it, the other one would close a loop.
  for (const [port, from] of [
    [1, 0x8001],
    [2, 0x8002],
  ] as const)
    lab.receive(port, frameOf(claim(better, { port: from })));
  expect(states(lab)).toEqual(['1 root open', '2 alternate closed', '3 designated open']);
  expect(lab.reaches(3, { from: 3, tci: 5 })).toEqual([1]);
  expect(lab.reaches(2, { from: 4, tci: 5 })).toEqual([]);
  expect(lab.bridge.port(2)?.counters.drops.blocked).toBe(1);
});
