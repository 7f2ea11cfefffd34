import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { FloodLimit } from '../../src/switch/flood-limit.ts';
import { strangersPolicy, type SenderRule } from '../../src/switch/sender-policy.ts';
import { bridgeGroupMac } from '../../src/wire/bpdu.ts';
import { vid } from '../../src/wire/dot1q.ts';
import { broadcastMac, macFromNumber } from '../../src/wire/mac.ts';
import { arp, frameOf, harmless, hostile, ipv4, policy, server, serverAddress, thief, victim, victimAddress } from './hostile-frames.ts';
import { TestSwitch } from './test-switch.ts';

const everyHostile = (Object.keys(hostile) as SenderRule[]).flatMap((rule) =>
  hostile[rule].map(([name, frame]) => [rule, name, frame] as const),
);

/** A switch whose port 1 is guarded, and carries all VLANs, as port 2 does. */
function guarded(options: ConstructorParameters<typeof TestSwitch>[1] = {}): TestSwitch {
  const lab = new TestSwitch({ 1: { trunk: true }, 2: { trunk: true } }, options);
  lab.bridge.guard(1, policy);
  return lab;
}

describe('a guarded port', () => {
  it.each(everyHostile)('drops and counts by the rule %s: %s', (rule, _name, frame) => {
    const lab = guarded();
    expect(lab.bridge.explain(1, frame)).toEqual({ decision: 'drop', reason: rule });
    expect(lab.receive(1, frame)).toEqual([]);
    expect(lab.bridge.port(1)?.counters.drops[rule]).toBe(1);
    expect([...lab.bridge.entries()]).toEqual([]);
    lab.bridge.hub = true;
    expect(lab.receive(1, frame)).toEqual([]);
  });

  it('lets all others pass, and another port all frames', () => {
    const lab = guarded();
    for (const [, frame] of harmless) lab.receive(1, frame);
    for (const [, , frame] of everyHostile) lab.receive(2, frame);
    // Of a double tag in VLAN 0, bridging itself has something to say.
    const dropped = [1, 2].map((port) => Object.entries(lab.bridge.port(port)?.counters.drops ?? {}).filter(([, count]) => count > 0));
    expect(dropped).toEqual([[['double-tagged', 1]], [['double-tagged', 2]]]);
    expect(lab.bridge.port(2)?.counters.receivedFrames).toBe(everyHostile.length);
  });

  it('is guarded until the guard is disposed, and then as before', () => {
    const lab = guarded();
    const frame = frameOf(0x88b5, new Uint8Array(46), { source: macFromNumber(0x0200_0000_0001) });
    const second = lab.bridge.guard(1, { ...policy, mayUse: () => false });
    expect(lab.receive(1, frame)).toEqual([]);
    second[Symbol.dispose]();
    expect(lab.receive(1, frame)).toHaveLength(1);
    expect(lab.bridge.port(1)?.guarded).toBe(true);
    expect(lab.bridge.port(2)?.guarded).toBe(false);
  });

  it('refuses one frame among others with its header in one breath', () => {
    const lab = guarded();
    lab.receive(2, frameOf(0x88b5, new Uint8Array(46), { source: victim, destination: thief }));
    const to = (source: typeof victimAddress): Uint8Array =>
      Uint8Array.from([...frameOf(0, new Uint8Array(0), { destination: victim }).subarray(0, 12), ...ipv4({ source }).subarray(12)]);
    const [good, bad] = [to((victimAddress + 1) as typeof victimAddress), to(victimAddress)];
    lab.bridge.beginBreath();
    for (const frame of [good, good, good, bad, good]) lab.bridge.receive(1, frame);
    expect(lab.sent.map(({ frame }) => frame)).toEqual([good, good, good, good]);
    expect(lab.bridge.port(1)?.counters.drops['forged-ipv4']).toBe(1);
  });

  it('keeps frames of bridges from the spanning tree, unless it is open', () => {
    const lab = guarded({ mac: macFromNumber(0x00ff_0000_0001) });
    lab.bridge.fstp.enabled = true;
    lab.sent.splice(0);
    const frame = frameOf(38, new Uint8Array(46), { destination: bridgeGroupMac });
    expect(lab.bridge.explain(1, frame)).toEqual({ decision: 'drop', reason: 'bridge-frame' });
    lab.receive(1, frame);
    expect(lab.bridge.port(1)?.counters.drops).toMatchObject({ 'bridge-frame': 1, 'bad-bpdu': 0 });
    lab.bridge.guard(1, { ...policy, open: true });
    lab.receive(1, frame);
    expect(lab.bridge.port(1)?.counters.drops).toMatchObject({ 'bridge-frame': 1, 'bad-bpdu': 1 });
    lab.bridge[Symbol.dispose]();
  });

  it('keeps the reserved addresses of the switch, whatever its policy', () => {
    const lab = new TestSwitch({ 1: { trunk: true }, 2: { trunk: true } });
    lab.bridge.guard(1, { ...strangersPolicy, open: true });
    const reserved = lab.bridge.senders.reserve({ vid: vid(5), address: serverAddress, mac: server });
    const asServer = everyHostile.filter(([, name]) => name.includes('server'));
    const refused = (): string[] => asServer.filter(([, , frame]) => lab.receive(1, frame).length === 0).map(([, name]) => name);
    expect(refused()).toEqual(asServer.map(([, name]) => name));
    expect(asServer).toHaveLength(9);
    reserved[Symbol.dispose]();
    expect(refused()).toEqual([]);
  });

  it('shows observers the claims of reserved addresses alone', () => {
    const seen: unknown[] = [];
    const lab = guarded({ observe: (...one) => seen.push(one) });
    lab.bridge.senders.reserve({ vid: vid(0), address: serverAddress, mac: server });
    lab.receive(1, arp({ senderAddress: victimAddress }));
    lab.receive(1, arp({ senderAddress: serverAddress }));
    expect(seen).toEqual([[1, 0, arp({ senderAddress: serverAddress })]]);
  });
});

describe('flooding from a guarded port', () => {
  const kinds = {
    broadcasts: frameOf(0x88b5, new Uint8Array(46), { destination: broadcastMac }),
    multicasts: frameOf(0x88b5, new Uint8Array(46), { destination: macFromNumber(0x0100_5e00_0001) }),
    'frames to unknown stations': frameOf(0x88b5, new Uint8Array(46), { destination: macFromNumber(0x0200_0000_0099) }),
  };

  it.each(Object.entries(kinds))('is limited, and recovers in time: %s', (_kind, frame) => {
    const lab = new TestSwitch({ 1: {}, 2: {} });
    lab.bridge.guard(1, { ...policy, floodRate: 10 });
    const burst = (count: number): number => Array.from({ length: count }, () => lab.receive(1, frame).length).reduce((a, b) => a + b, 0);
    expect(burst(30)).toBe(10);
    expect(lab.bridge.explain(1, frame)).toEqual({ decision: 'drop', reason: 'flooding' });
    expect(lab.bridge.port(1)?.counters.drops.flooding).toBe(20);
    lab.clock.advance(500);
    expect(lab.bridge.explain(1, frame)?.decision).toBe('flood');
    expect(burst(30)).toBe(5);
    lab.clock.advance(60_000);
    expect(burst(30)).toBe(10);
    for (const other of Object.values(kinds)) if (other !== frame) expect(lab.receive(1, other)).toHaveLength(1);
  });

  it('costs frames to known stations nothing', () => {
    const lab = new TestSwitch({ 1: {}, 2: {} });
    lab.bridge.guard(1, { ...policy, floodRate: 1 });
    lab.receive(2, frameOf(0x88b5, new Uint8Array(46), { source: victim, destination: thief }));
    const frame = frameOf(0x88b5, new Uint8Array(46), { destination: victim });
    for (let i = 0; i < 50; i++) expect(lab.receive(1, frame)).toHaveLength(1);
  });

  it('is not limited at an open port', () => {
    const lab = new TestSwitch({ 1: {}, 2: {} });
    lab.bridge.guard(1, { ...policy, floodRate: 1, open: true });
    for (let i = 0; i < 50; i++) expect(lab.receive(1, kinds.broadcasts)).toHaveLength(1);
  });
});

test('a limit never lets more pass than its rate, and a burst of a second', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.array(fc.nat(400), { minLength: 1, maxLength: 200 }), (rate, pauses) => {
      const limit = new FloodLimit(rate, 0);
      let [now, passed] = [0, 0];
      for (const pause of pauses) {
        now += pause;
        const allowed = limit.allows(frameOf(0, new Uint8Array(0)), now);
        expect(limit.take(frameOf(0, new Uint8Array(0)), now)).toBe(allowed);
        passed += Number(allowed);
        expect(passed).toBeLessThanOrEqual(rate + (now * rate) / 1000 + 1e-6);
      }
    }),
  );
});
