import { describe, expect, it } from 'vitest';
import { strangersPolicy } from '../../src/switch/sender-policy.ts';
import { flowBounds } from '../../src/switch/shortcut-flows.ts';
import { encodeShortcutFrame } from '../../src/switch/shortcut-frame.ts';
import { Switch } from '../../src/switch/switch.ts';
import { addTag, vid } from '../../src/wire/dot1q.ts';
import { dropsLateFrames, leavesSilent, macOf, ports, ShortcutPair } from './shortcut-pair.ts';
import { testFrame } from './test-switch.ts';

const toSecond = { from: 1, to: 2 } as const;

describe('a flow that changes to a shortcut', () => {
  it('goes by the uplink until the far end has the station', () => {
    const pair = new ShortcutPair(Switch);
    pair.say(pair.first, { ...toSecond, text: 'a' });
    expect(pair.texts(pair.first, ports.uplink)).toEqual(['a']);
    expect(pair.texts(pair.carryAll())).toEqual(['a']);
  });

  it('waits behind a marker until the far end has answered it', () => {
    const pair = new ShortcutPair(Switch);
    pair.tell();
    pair.say(pair.first, { ...toSecond, text: 'a' });
    pair.say(pair.first, { ...toSecond, text: 'b' });
    expect(pair.controls(pair.first, ports.uplink).map(({ kind }) => kind)).toEqual(['marker']);
    expect([ports.uplink, ports.shortcut].map((port) => pair.texts(pair.first, port))).toEqual([[], []]);
    pair.carry(pair.first, ports.uplink);
    pair.carry(pair.second, ports.shortcut);
    expect(pair.controls(pair.first, ports.shortcut).map(({ kind }) => kind)).toEqual(['go']);
    expect(pair.texts(pair.first, ports.shortcut)).toEqual(['a', 'b']);
    expect(pair.texts(pair.carryAll())).toEqual(['a', 'b']);
    expect(pair.first.bridge.shortcuts.direct).toBe(1);
  });

  it('returns to the uplink in order if no answer comes in time, and pauses', () => {
    const pair = new ShortcutPair(Switch);
    pair.tell();
    pair.say(pair.first, { ...toSecond, text: 'a' });
    pair.first.sent.set(ports.uplink, []);
    pair.clock.advance(flowBounds.holdTime);
    pair.say(pair.first, { ...toSecond, text: 'b' });
    expect(pair.texts(pair.first, ports.uplink)).toEqual(['a', 'b']);
    expect(pair.controls(pair.first, ports.uplink)).toEqual([]);
  });

  it('returns to the uplink in order if there is too much to hold', () => {
    const pair = new ShortcutPair(Switch);
    pair.tell();
    const text = 'x'.repeat(1486);
    const count = Math.ceil(flowBounds.heldOctets / 1500) + 2;
    for (let at = 0; at < count; at++) pair.say(pair.first, { ...toSecond, text: `${at} ${text}` });
    const sent = pair.texts(pair.first, ports.uplink).map((one) => Number.parseInt(one));
    expect(sent).toEqual(Array.from({ length: count }, (_, at) => at));
  });

  it('loses what an earlier time left on the shortcut, and does not get it late', () => {
    expect(dropsLateFrames(Switch)).toBe(true);
  });

  it('returns to the uplink at once when the shortcut ends', () => {
    const pair = new ShortcutPair(Switch);
    pair.tell();
    pair.say(pair.first, { ...toSecond, text: 'a' });
    pair.carryAll();
    pair.first.bridge.removePort(ports.shortcut);
    pair.say(pair.first, { ...toSecond, text: 'b' });
    expect(pair.texts(pair.first, ports.uplink)).toEqual(['b']);
    pair.carry(pair.first, ports.uplink);
    expect(pair.texts(pair.second)).toEqual(['b']);
    pair.receive(pair.second, ports.shortcut, testFrame({ ...toSecond, text: 'late' }));
    expect(pair.texts(pair.second)).toEqual(['b']);
  });

  it('goes on while the uplink is down', () => {
    const pair = new ShortcutPair(Switch);
    pair.tell();
    pair.say(pair.first, { ...toSecond, text: 'a' });
    pair.carryAll();
    for (const { bridge } of [pair.first, pair.second]) bridge.setCarrier(ports.uplink, false);
    pair.say(pair.first, { ...toSecond, text: 'b' });
    expect(pair.texts(pair.carryAll())).toEqual(['b']);
  });

  it('keeps its VLAN', () => {
    const pair = new ShortcutPair(Switch);
    for (const { bridge } of [pair.first, pair.second]) bridge.setVlans(ports.local, { untagged: 'none', tagged: [vid(5)] });
    for (const [half, from] of [
      [pair.first, 1],
      [pair.second, 2],
    ] as const)
      pair.say(half, { from, tci: 5 });
    pair.carryAll();
    pair.first.bridge.shortcuts.tell({ vid: vid(5), mac: macOf(2) }, 2);
    pair.carryAll();
    pair.say(pair.first, { ...toSecond, tci: 5 });
    expect(pair.carryAll()).toEqual([testFrame({ ...toSecond, tci: 5 })]);
    expect(pair.first.bridge.shortcuts.direct).toBe(1);
  });

  it('returns to the uplink when the station is silent', () => {
    expect(leavesSilent(Switch)).toBe(true);
  });

  it('ends when nothing comes by the shortcut, in less than a second', () => {
    const pair = new ShortcutPair(Switch);
    pair.tell();
    pair.say(pair.first, toSecond);
    pair.carryAll();
    const lost: number[] = [];
    pair.first.bridge.shortcuts.lost.subscribe((port) => lost.push(port));
    pair.clock.advance(800);
    expect(lost).toEqual([ports.shortcut]);
    expect(pair.first.bridge.shortcuts.direct).toBe(0);
  });
});

describe('a shortcut with a hostile far end', () => {
  const drops = (pair: ShortcutPair): Record<string, number> =>
    Object.fromEntries(Object.entries(pair.second.bridge.port(ports.shortcut)?.counters.drops ?? {}).filter(([, count]) => count > 0));

  it.each([
    ['a broadcast', testFrame({ from: 9 }), 'group-at-shortcut'],
    ['a group', testFrame({ from: 9, to: 'group' }), 'bridge-frame'],
    ['a flow that was not agreed', testFrame({ from: 9, to: 2 }), 'not-agreed'],
    ['a station behind the uplink', testFrame({ from: 9, to: 1 }), 'not-agreed'],
    ['an unknown station', testFrame({ from: 9, to: 7 }), 'not-agreed'],
    ['the address of another', testFrame({ from: 66, to: 2 }), 'forged-mac'],
    ['VLAN 4095', testFrame({ from: 9, to: 2, tci: 0xfff }), 'reserved-vid'],
    ['half a tag', testFrame({ from: 9, to: 2, tci: 5 }).subarray(0, 15), 'runt'],
  ])('delivers nothing for %s', (_, frame, reason) => {
    const pair = new ShortcutPair(Switch, { ...strangersPolicy, mayUse: (mac) => mac !== macOf(66) });
    const explained = pair.second.bridge.explain(ports.shortcut, frame);
    pair.receive(pair.second, ports.shortcut, frame);
    expect(drops(pair)).toEqual({ [reason]: 1 });
    expect(explained).toEqual({ decision: 'drop', reason });
    for (const port of [ports.local, ports.uplink]) expect(pair.texts(pair.second, port)).toEqual([]);
  });

  it('cannot agree on a flow without a marker on the uplink', () => {
    const pair = new ShortcutPair(Switch);
    const flow = { vid: vid(0), destination: macOf(2), source: macOf(9), sender: 1 };
    for (const kind of ['ask', 'have', 'ack', 'go', 'closed', 'gone', 'alive'] as const)
      for (const nonce of [0, 1]) pair.receive(pair.second, ports.shortcut, encodeShortcutFrame({ ...flow, kind, nonce }));
    pair.receive(pair.second, ports.shortcut, testFrame({ from: 9, to: 2 }));
    expect(pair.texts(pair.second)).toEqual([]);
  });

  it('makes no station of its choice take the shortcut', () => {
    const pair = new ShortcutPair(Switch);
    const have = encodeShortcutFrame({ kind: 'have', vid: vid(0), destination: macOf(2), source: macOf(0), nonce: 0, sender: 2 });
    pair.receive(pair.first, ports.shortcut, have);
    pair.say(pair.first, { ...toSecond, text: 'a' });
    expect(pair.texts(pair.first, ports.uplink)).toEqual(['a']);
  });

  it('gets no frame of a hub, and brings it none', () => {
    const pair = new ShortcutPair(Switch);
    pair.second.bridge.hub = true;
    pair.say(pair.second, { from: 2, text: 'a' });
    expect(pair.texts(pair.second, ports.shortcut)).toEqual([]);
    pair.receive(pair.second, ports.shortcut, testFrame({ from: 9, to: 2 }));
    expect(drops(pair)).toEqual({ 'not-agreed': 1 });
  });
});

describe('the port of a shortcut', () => {
  it('stays out of VLANs and trees, whatever it is set to', () => {
    const pair = new ShortcutPair(Switch);
    const { bridge } = pair.first;
    bridge.vlans.create(vid(5));
    bridge.vlans.addTagged(vid(5), ports.shortcut);
    expect(bridge.port(ports.shortcut)?.vlans.has(vid(5))).toBe(false);
    expect(bridge.vlans.members(vid(0))?.map(({ port }) => port)).toEqual([ports.uplink, ports.local]);
    pair.say(pair.first, { from: 1, text: 'a' });
    expect(pair.texts(pair.first, ports.shortcut)).toEqual([]);
  });

  it('tells of a station that is talked to, at most once a second', () => {
    const pair = new ShortcutPair(Switch);
    const talks: number[] = [];
    pair.first.bridge.shortcuts.talks.subscribe(({ mac }) => talks.push(mac));
    for (let at = 0; at < 10; at++) pair.say(pair.first, { ...toSecond, text: `${at}` });
    expect(talks).toEqual([macOf(2)]);
    for (let at = 0; at < 3; at++) {
      pair.clock.advance(1100);
      pair.carryAll();
      pair.say(pair.first, toSecond);
    }
    expect(talks).toEqual([macOf(2)]);
  });

  it('is told about by frames that no station gets, with any tag', () => {
    const pair = new ShortcutPair(Switch);
    const marker = encodeShortcutFrame({ kind: 'marker', vid: vid(0), destination: macOf(2), source: macOf(9), nonce: 7, sender: 3 });
    for (const frame of [marker, addTag(marker, vid(5))]) pair.receive(pair.second, ports.uplink, frame);
    expect(pair.second.sent.get(ports.local) ?? []).toEqual([]);
  });
});
