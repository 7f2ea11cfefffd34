import { describe, expect, it } from 'vitest';
import type { NodeId } from '../../src/star/identity.ts';
import { decodeJoinMessage, encodeJoinMessage } from '../../src/star/message-codec.ts';
import { maxJoinLine } from '../../src/star/messages.ts';
import type { ShortcutMessage } from '../../src/star/shortcut-messages.ts';
import { RuleParts } from '../../src/star/shortcut-rules.ts';
import { vid } from '../../src/wire/dot1q.ts';
import { macFromNumber } from '../../src/wire/mac.ts';
import { keyOf, masterRig, type HandSlave, type MasterRig } from './master-rig.ts';

const station = { vid: vid(0), mac: macFromNumber(0x0200_0000_0007) };

/** Starts a master with two slaves, `a` and `b`; the station is behind `b`. */
async function pair(where: { readonly id: NodeId | undefined } = { id: 2 }): Promise<{ rig: MasterRig; a: HandSlave; b: HandSlave }> {
  const rig = await masterRig({ whereIs: () => where.id });
  const made = await rig.engine.newToken({ uses: 9 });
  const [a, b] = [rig.slave('a'), rig.slave('b')];
  for (const slave of [a, b]) await slave.hello({ token: made.token });
  return { rig, a, b };
}

const reach = (address: string): ShortcutMessage => ({ type: 'reach', addresses: [address] });

describe('a master of slaves with shortcuts', () => {
  it('tells two members of each other when one seeks a station behind the other', async () => {
    const { a, b } = await pair();
    await a.send(reach('a:1'));
    await b.send(reach('b:1'));
    await a.send({ type: 'seek', ...station });
    expect(a.last('neighbour')).toEqual({ type: 'neighbour', id: 2, key: keyOf('b'), addresses: ['b:1'], station });
    expect(b.last('neighbour')).toEqual({ type: 'neighbour', id: 1, key: keyOf('a'), addresses: ['a:1'], station: undefined });
  });

  it.each<[string, NodeId | undefined]>([
    ['is not known', undefined],
    ['is behind the one that asks', 1],
    ['is behind one that is away', 7],
  ])('tells nothing if the station %s', async (_, id) => {
    const { a, b } = await pair({ id });
    for (const slave of [a, b]) await slave.send(reach('x:1'));
    await a.send({ type: 'seek', ...station });
    expect([a.last('neighbour'), b.last('neighbour')]).toEqual([undefined, undefined]);
  });

  it('tells nothing of a slave that takes no shortcuts, nor to it', async () => {
    const { a, b } = await pair();
    await a.send(reach('a:1'));
    await a.send({ type: 'seek', ...station });
    await b.send({ type: 'seek', ...station });
    expect([a.last('neighbour'), b.last('neighbour')]).toEqual([undefined, undefined]);
  });

  it('bounds the questions of one slave', async () => {
    const { a, b } = await pair();
    for (const slave of [a, b]) await slave.send(reach('x:1'));
    for (let at = 0; at < 100; at++) await a.send({ type: 'seek', ...station });
    expect(a.heard.filter(({ type }) => type === 'neighbour').length).toBe(20);
  });

  it('tells all members of a key that was kicked', async () => {
    const { rig, a, b } = await pair();
    await rig.engine.kick(2);
    expect(a.last('barred')).toEqual({ type: 'barred', key: keyOf('b') });
    expect(b.last('kicked')).toBeDefined();
  });

  it('tells a slave that was away of the keys among its shortcuts that are none any more', async () => {
    const { rig, a } = await pair();
    a.drop();
    await rig.engine.kick(2);
    const back = await rig.slave('a').hello({ run: 'other' });
    await back.send({ type: 'shortcuts', peers: [{ id: 2, key: keyOf('b') }] });
    expect(back.last('barred')).toEqual({ type: 'barred', key: keyOf('b') });
  });

  it('tells its rules to a slave that takes shortcuts, and again when the members have changed', async () => {
    const own = { reserved: [], taken: [], macs: [], addresses: [], trustDhcp: [2], open: [] };
    const rig = await masterRig({ whereIs: () => 2, rules: () => own });
    const made = await rig.engine.newToken({ uses: 9 });
    const a = await rig.slave('a').hello({ token: made.token });
    const c = await rig.slave('c').hello({ token: made.token });
    rig.clock.advance(1000);
    await a.send(reach('a:1'));
    expect(a.heard.filter(({ type }) => type === 'rules')).toEqual([
      { type: 'rules', part: 0, parts: 1, rules: ['member 1-2', 'trust-dhcp 2'] },
    ]);
    await a.send(reach('a:2'));
    await rig.slave('b').hello({ token: made.token });
    rig.clock.advance(1000);
    expect(a.heard.filter(({ type }) => type === 'rules').slice(1)).toEqual([
      { type: 'rules', part: 0, parts: 1, rules: ['member 1-3', 'trust-dhcp 2'] },
    ]);
    expect(c.last('rules')).toBeUndefined();
  });

  it('cuts long rules to lines', async () => {
    const open = Array.from({ length: 1000 }, (_, i) => 65_535 - 2 * i);
    const rig = await masterRig({ rules: () => ({ reserved: [], taken: [], macs: [], addresses: [], trustDhcp: [], open }) });
    const a = await rig.slave('a').hello({ token: (await rig.engine.newToken({ uses: 9 })).token });
    await a.send(reach('a:1'));
    const parts = new RuleParts();
    const taken = a.heard.flatMap((message) => {
      if (message.type !== 'rules') return [];
      const line = encodeJoinMessage(message);
      expect(line.length).toBeLessThan(maxJoinLine);
      const decoded = decodeJoinMessage(line);
      return decoded?.type === 'rules' ? [parts.take(decoded)] : [];
    });
    expect(taken.at(-1)?.open).toEqual(open);
    expect(taken.slice(0, -1).every((one) => one === undefined)).toBe(true);
  });

  it('shows which pairs have a shortcut, as both report it, and tells when that changes', async () => {
    const { rig, a, b } = await pair();
    const told: string[] = [];
    rig.engine.events.subscribe((event) => {
      if (event.type === 'shortcut-opened' || event.type === 'shortcut-closed') told.push(`${event.type} ${event.id} ${event.peer.id}`);
    });
    for (const slave of [a, b]) await slave.send(reach('x:1'));
    expect([...rig.engine.takesShortcuts()]).toEqual([1, 2]);
    await a.send({ type: 'shortcuts', peers: [{ id: 2, key: keyOf('b') }] });
    rig.clock.advance(1000);
    expect(rig.engine.shortcuts()).toEqual([]);
    await b.send({ type: 'shortcuts', peers: [{ id: 1, key: keyOf('a') }] });
    rig.clock.advance(1000);
    a.drop();
    rig.clock.advance(1000);
    expect(told).toEqual(['shortcut-opened 1 2', 'shortcut-closed 1 2']);
  });

  it('refuses a slave that sends what only a master sends', async () => {
    const { a } = await pair();
    await a.send({ type: 'barred', key: keyOf('b') });
    expect(a.last('refusal')?.code).toBe('message');
  });
});

describe('the messages about shortcuts', () => {
  const messages: readonly ShortcutMessage[] = [
    { type: 'reach', addresses: ['192.0.2.1:5', '2001:db8::1:5'] },
    { type: 'seek', ...station },
    { type: 'neighbour', id: 5, key: keyOf('a'), addresses: [], station },
    { type: 'neighbour', id: 5, key: keyOf('a'), addresses: ['x:1'], station: undefined },
    { type: 'barred', key: keyOf('a') },
    { type: 'rules', part: 1023, parts: 1024, rules: Array.from({ length: 64 }, () => 'x'.repeat(40)) },
    { type: 'shortcuts', peers: Array.from({ length: 32 }, (_, at) => ({ id: at + 1, key: keyOf('c') })) },
  ];

  it.each(messages)('are lines that fit: $type', (message) => {
    const line = encodeJoinMessage(message);
    expect(line.length).toBeLessThanOrEqual(maxJoinLine);
    expect(decodeJoinMessage(line.trimEnd())).toEqual(message);
  });

  it.each([
    '{"type":"reach","addresses":["1","2","3","4","5","6","7","8","9"]}',
    '{"type":"reach","addresses":[7]}',
    `{"type":"reach","addresses":["${'x'.repeat(256)}"]}`,
    '{"type":"seek","vid":4095,"mac":"02:00:00:00:00:01"}',
    '{"type":"seek","vid":1.5,"mac":"02:00:00:00:00:01"}',
    '{"type":"seek","vid":1,"mac":"02"}',
    '{"type":"seek","vid":1,"mac":{}}',
    `{"type":"neighbour","id":0,"key":"${keyOf('a')}","addresses":[]}`,
    '{"type":"neighbour","id":1,"key":"a","addresses":[]}',
    `{"type":"neighbour","id":1,"key":"${keyOf('a')}","addresses":[],"station":null}`,
    '{"type":"barred","key":7}',
    '{"type":"rules","part":1,"parts":1,"rules":[]}',
    '{"type":"rules","part":-1,"parts":1,"rules":[]}',
    '{"type":"rules","part":0,"parts":1025,"rules":[]}',
    '{"type":"rules","part":0,"parts":1,"rules":[7]}',
    `{"type":"rules","part":0,"parts":1,"rules":["${'x'.repeat(41)}"]}`,
    '{"type":"shortcuts","peers":[null]}',
    '{"type":"shortcuts"}',
  ])('are none with wrong fields: %s', (line) => {
    expect(decodeJoinMessage(line)).toBeUndefined();
  });
});
