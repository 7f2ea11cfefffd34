import { describe, expect, it } from 'vitest';
import { addTag, vid } from '../../src/wire/dot1q.ts';
import { macFromNumber } from '../../src/wire/mac.ts';
import { testFrame, TestSwitch } from './test-switch.ts';

/** Two trunks, a member of VLAN 5 by name, and a port of VLAN 0 alone. */
function stage(): TestSwitch {
  return new TestSwitch({ 1: { trunk: true }, 2: { trunk: true }, 3: { untagged: vid(5) }, 4: {} });
}

describe('a trunk', () => {
  it('lets frames of all VLANs pass with their tags', () => {
    const s = stage();
    for (const tci of [0x6005, 0x0fa0]) {
      const frame = testFrame({ from: 1, tci });
      expect(s.receive(1, frame).find(({ port }) => port === 2)?.frame).toEqual(frame);
    }
  });

  it('takes frames without a tag for its untagged VLAN, as any port', () => {
    expect(stage().reaches(1, { from: 1 })).toEqual([2, 4]);
  });

  it('gives a member of a VLAN what it hears in that, without the tag', () => {
    const s = stage();
    expect(s.reaches(1, { from: 1, tci: 5 })).toEqual([2, 3]);
    const [answer] = s.receive(3, testFrame({ from: 3, to: 1 }));
    expect(answer).toMatchObject({ port: 1, frame: testFrame({ from: 3, to: 1, tci: 5 }) });
  });

  it('lets a priority tag pass, and takes it off for a port that is no trunk', () => {
    const s = stage();
    for (const tci of [0xa000, 0x7000]) {
      const frame = testFrame({ from: 1, tci });
      expect(s.receive(1, frame)).toEqual([
        { port: 2, frame, ingress: 1 },
        { port: 4, frame: testFrame({ from: 1 }), ingress: 1 },
      ]);
    }
    s.receive(2, testFrame({ from: 2 }));
    const known = testFrame({ from: 1, to: 2, tci: 0xa000 });
    expect(s.bridge.explain(1, known)).toMatchObject({ decision: 'forward', egress: [{ port: 2, tagged: true }] });
    expect(s.receive(1, known)).toEqual([{ port: 2, frame: known, ingress: 1 }]);
  });

  it('adds no priority tag, and lets none pass that has another tag behind it', () => {
    const s = stage();
    expect(s.receive(1, testFrame({ from: 1 })).map(({ frame }) => frame)).toEqual([testFrame({ from: 1 }), testFrame({ from: 1 })]);
    expect(s.receive(1, addTag(testFrame({ from: 1, tci: 5 }), 0xa000))).toEqual([]);
    expect(s.bridge.port(1)?.counters.drops['double-tagged']).toBe(1);
  });

  it('learns stations in each VLAN apart', () => {
    const s = stage();
    s.receive(1, testFrame({ from: 1, tci: 5 }));
    s.receive(2, testFrame({ from: 1, tci: 6 }));
    expect([5, 6, 7].map((vlan) => s.bridge.station(vid(vlan), macFromNumber(0x0200_0000_0001))?.port)).toEqual([1, 2, undefined]);
  });

  it('takes no frame of VLAN 4095', () => {
    expect(stage().reaches(1, { from: 1, tci: 4095 })).toEqual([]);
  });

  it('ends when one of its VLANs is set, and what was learned from it is forgotten', () => {
    const s = stage();
    s.bridge.vlans.create(vid(9));
    s.receive(1, testFrame({ from: 1, tci: 5 }));
    s.bridge.vlans.setUntagged(1, vid(9));
    expect(s.bridge.station(vid(5), macFromNumber(0x0200_0000_0001))).toBeUndefined();
    expect(s.reaches(1, { from: 1, tci: 5 })).toEqual([]);
    expect(s.bridge.port(1)?.counters.drops['not-a-member']).toBe(1);
  });

  it('is made and ended by its number', () => {
    const { bridge } = stage();
    expect(bridge.vlans.setTrunk(4, true)).toBeUndefined();
    expect(bridge.port(4)?.vlans.trunk).toBe(true);
    expect(bridge.vlans.setTrunk(4, false)).toBeUndefined();
    expect(bridge.port(4)?.vlans.trunk).toBe(false);
    expect(bridge.vlans.setTrunk(9, true)).toBe('no-port');
  });

  it('keeps no VLAN from being removed', () => {
    const { bridge } = stage();
    bridge.vlans.create(vid(7));
    expect(bridge.vlans.remove(vid(7))).toBeUndefined();
  });
});
