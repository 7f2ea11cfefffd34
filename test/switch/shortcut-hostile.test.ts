import { describe, expect, it } from 'vitest';
import type { SenderRule } from '../../src/switch/sender-policy.ts';
import { Switch } from '../../src/switch/switch.ts';
import { isTagged, vidOf } from '../../src/wire/dot1q.ts';
import { broadcastMac } from '../../src/wire/mac.ts';
import { frameOf, hostile, octetsOf, policy } from './hostile-frames.ts';
import { macOf, ports, ShortcutPair } from './shortcut-pair.ts';

const rules = Object.keys(hostile) as SenderRule[];

/** A pair whose flow from station 1, the hostile one, to station 2 takes the shortcut. */
function agreed(): ShortcutPair {
  const pair = new ShortcutPair(Switch, policy);
  pair.tell();
  pair.say(pair.first, { from: 1, to: 2 });
  pair.carryAll();
  expect(pair.first.bridge.shortcuts.direct).toBe(1);
  return pair;
}

/** Returns the count of frames from the shortcut that the victim's switch dropped for a reason. */
function drops({ second }: ShortcutPair, reason: SenderRule | 'group-at-shortcut'): number | undefined {
  return second.bridge.port(ports.shortcut)?.counters.drops[reason];
}

describe.each(rules)('the far end of a shortcut gets no frame through that breaks the rule %s', (rule) => {
  it('as it is sent on a link, of no agreed flow', () => {
    const pair = agreed();
    for (const [, frame] of hostile[rule]) {
      expect(pair.second.bridge.explain(ports.shortcut, frame)).toEqual({ decision: 'drop', reason: rule });
      pair.receive(pair.second, ports.shortcut, frame);
    }
    expect(pair.texts(pair.second)).toEqual([]);
    expect(drops(pair, rule)).toBe(hostile[rule].length);
  });

  if (rule === 'forged-mac' || rule === 'bridge-frame') return;
  it.each(hostile[rule])('in a flow that was agreed, which returns to the uplink: %s', (_name, frame) => {
    const pair = agreed();
    pair.receive(pair.second, ports.shortcut, Uint8Array.from([...octetsOf(macOf(2)), ...octetsOf(macOf(1)), ...frame.subarray(12)]));
    expect(pair.carryAll()).toEqual([]);
    expect(drops(pair, rule)).toBe(1);
    // One in another VLAN is of another flow.
    expect(pair.first.bridge.shortcuts.direct).toBe(isTagged(frame) && vidOf(frame) !== 0 ? 1 : 0);
  });
});

it('the far end of a shortcut gets no frame to a group through', () => {
  const pair = agreed();
  for (const destination of [broadcastMac, macOf(0x0100_0000_0001)])
    pair.receive(pair.second, ports.shortcut, frameOf(0x88b5, new Uint8Array(46), { source: macOf(1), destination }));
  expect(pair.carryAll()).toEqual([]);
  expect(drops(pair, 'group-at-shortcut')).toBe(2);
});
