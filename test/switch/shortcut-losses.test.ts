import { describe, expect, it } from 'vitest';
import { flowBounds } from '../../src/switch/shortcut-flows.ts';
import { encodeShortcutFrame, shortcutKinds } from '../../src/switch/shortcut-frame.ts';
import { gateBounds, ShortcutGates } from '../../src/switch/shortcut-gates.ts';
import { Switch } from '../../src/switch/switch.ts';
import { BridgePort } from '../../src/switch/switch-port.ts';
import { vid } from '../../src/wire/dot1q.ts';
import { faultAfterLoss, faultOfLosses, letsNothingHostileThrough, sharesNoBounds } from './shortcut-losses.ts';
import { macOf, ports, ShortcutPair } from './shortcut-pair.ts';
import { testFrame } from './test-switch.ts';

const flow = { vid: vid(0), destination: macOf(2), source: macOf(1) };

/** Lets time go by, in which station 2 is heard. */
function pass(pair: ShortcutPair, milliseconds: number): void {
  for (let passed = 0; passed < milliseconds; passed += 100) {
    if (passed % 1000 === 0) pair.say(pair.second, { from: 2 });
    pair.clock.advance(100);
    pair.carryAll();
  }
}

describe('flows forward again, in order, when frames about shortcuts were lost', () => {
  it.each(shortcutKinds.filter((kind) => kind !== 'alive'))('all of the kind %s', (lost) => {
    for (const isSilentAtTimes of [false, true])
      expect(faultAfterLoss(Switch, ({ kind }) => kind === lost, isSilentAtTimes)).toBeUndefined();
  });

  it('some, at random', { timeout: 60_000 }, () => {
    expect(faultOfLosses(Switch, 8)).toBeUndefined();
  });

  it('and a station that has gone for good is forgotten, though the word was lost', () => {
    const pair = new ShortcutPair(Switch);
    const talks: number[] = [];
    pair.tell();
    pair.first.bridge.shortcuts.talks.subscribe(({ mac }) => talks.push(mac));
    pair.say(pair.first, { from: 1, to: 2 });
    pair.carryAll();
    let lost = 0;
    pair.loses = ({ kind }) => kind === 'gone' && ++lost === 1;
    for (let passed = 0; passed < 8000; passed += 100) {
      pair.say(pair.first, { from: 1, to: 2 });
      pair.clock.advance(100);
      pair.carryAll();
    }
    expect(lost).toBeGreaterThan(1);
    expect(talks).toContain(macOf(2));
  });
});

describe('the records of flows', () => {
  it('are forgotten without frames, so that a station can have flows of any number of others over time', () => {
    const pair = new ShortcutPair(Switch);
    pair.tell();
    const { shortcuts } = pair.first.bridge;
    for (let at = 0; at <= flowBounds.flowsOfTarget; at++) pair.say(pair.first, { from: 100 + at, to: 2 });
    pair.carryAll();
    expect(shortcuts.direct).toBe(flowBounds.flowsOfTarget);
    pass(pair, flowBounds.idleSeconds * 1100);
    expect(shortcuts.direct).toBe(0);
    pair.tell();
    pair.say(pair.first, { from: 100 + flowBounds.flowsOfTarget, to: 2 });
    pair.carryAll();
    expect(shortcuts.direct).toBe(1);
  });

  it('begin with the first pause again after a success that lasted', () => {
    const pair = new ShortcutPair(Switch);
    pair.tell();
    for (let round = 0; round < 3; round++) {
      pair.say(pair.first, { from: 1, to: 2 });
      pair.carryAll();
      expect(pair.first.bridge.shortcuts.direct).toBe(1);
      pass(pair, flowBounds.successTime);
      pair.receive(pair.first, ports.shortcut, encodeShortcutFrame({ ...flow, kind: 'closed', nonce: 0, sender: 2 }));
      expect(pair.first.bridge.shortcuts.direct).toBe(0);
      pass(pair, flowBounds.firstPause);
    }
  });
});

describe('the gates of a shortcut', () => {
  it('are forgotten without a go in time, and without frames', () => {
    const gates = new ShortcutGates();
    const port = new BridgePort(2, { shortcut: true }, true, false);
    const [late, frame] = [{ ...flow, source: macOf(9) }, testFrame({ from: 1, to: 2 })];
    gates.prepare(flow, 1, port, 0);
    gates.open(flow, 1, port);
    gates.prepare(late, 2, port, 0);
    expect([gates.isPrepared(late, port, gateBounds.goTime - 1), gates.isPrepared(late, port, gateBounds.goTime)]).toEqual([true, false]);
    gates.age(gateBounds.goTime);
    expect([gates.close(late.vid, late.destination, late.source), gates.admits(flow.vid, frame, port)]).toEqual([undefined, true]);
    for (let second = 0; second < gateBounds.idleSeconds - 1; second++) gates.age(0);
    gates.use(flow.vid, frame);
    for (let second = 0; second < gateBounds.idleSeconds; second++) gates.age(0);
    expect(gates.admits(flow.vid, frame, port)).toBe(true);
    gates.age(0);
    expect(gates.admits(flow.vid, frame, port)).toBe(false);
  });

  it.each([3, 1] as const)('leave room for the flows of others: markers in the name of switch %s', { timeout: 20_000 }, (sender) => {
    expect(sharesNoBounds(Switch, sender)).toBe(true);
  });

  it('let nothing hostile through', () => {
    expect(letsNothingHostileThrough(Switch)).toBe(true);
  });
});

describe('a frame about shortcuts from the uplink', () => {
  it.each(['marker', 'refresh'] as const)('is explained as taken: %s', (kind) => {
    const pair = new ShortcutPair(Switch);
    const frame = encodeShortcutFrame({ ...flow, kind, nonce: 7, sender: 1 });
    expect(pair.second.bridge.explain(ports.uplink, frame)).toEqual({ decision: 'take', vid: 0, by: 'shortcuts' });
    pair.receive(pair.second, ports.uplink, frame);
    expect(pair.second.sent.get(ports.local) ?? []).toEqual([]);
  });
});
