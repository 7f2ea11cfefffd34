import { describe, expect, it } from 'vitest';
import type { SlaveMemory } from '../../src/star/slave-memory.ts';
import { joinByLine } from '../../src/star/slave-memory.ts';
import { otherPin as next, key, member, pin, rig, token, welcome, type Call } from './slave-rig.ts';

const thief = 'x'.repeat(32);
const line = { host: 'host', port: 7378, token };
const told = (of = next) => ({ type: 'next-pin', pin: of }) as const;

/** A slave that has joined, and its call. */
async function joined(memory: SlaveMemory = member) {
  const slave = rig(memory);
  const call = (await slave.dialled()).open();
  await call.say(welcome());
  const types = (): readonly string[] => slave.events.map(({ type }) => type).filter((type) => type.includes('pin') || type === 'disputed');
  /** Drops a call, and returns the next dial. */
  const again = async (lost: Call): Promise<Call> => {
    lost.close('reset');
    return slave.dialled(100);
  };
  return { slave, call, types, again };
}

describe('a slave whose master changes its key', () => {
  it('confirms the next pin once it is stored, holds both, and drops the old one for good when it has seen the new one proven', async () => {
    const { slave, call, types, again } = await joined();
    await call.say(told());
    expect(call.of('holds-pin')).toEqual({ type: 'holds-pin', pin: next });
    expect(slave.saved.at(-1)).toMatchObject({ pin, nextPins: [next] });
    expect(slave.engine.linkTargets[0]).toEqual({ address: '192.0.2.9:7378', pin, nextPin: next, identity: 'current' });
    const old = await again(call);
    expect(old.target).toMatchObject({ pin, nextPin: next });
    await old.open(pin).say(welcome());
    const changed = await again(old);
    changed.open(next);
    await slave.pass(0);
    // It is on the disk before the first message.
    expect(slave.saved.at(-1)).toMatchObject({
      pin: next,
      formerPins: [pin],
      welcome: { masters: [{ pin: next, addresses: ['192.0.2.9:7378'] }] },
    });
    expect(slave.saved.at(-1)?.nextPins).toBeUndefined();
    expect(changed.of('hello')).toMatchObject({ last: 3, incarnation: 'one' });
    await changed.say(welcome({ masters: [{ pin: next, addresses: ['192.0.2.9:7378'] }] }));
    expect(slave.engine.standing).toBe('joined');
    expect(types()).toEqual(['next-pin', 'new-pin']);
    const last = await again(changed);
    expect(last.target).toEqual({ address: '192.0.2.9:7378', pin: next, identity: 'current' });
    // The thief's key is neither believed nor told to be the next one.
    await last.open(next).say(welcome());
    await last.say(told(pin));
    expect(slave.engine.nextPins).toEqual([]);
    expect(slave.engine.notePin(pin)).toBe(false);
  });

  it('takes none of two next pins, says so, and keeps the old one, whatever is told afterwards', async () => {
    const { slave, call, types, again } = await joined();
    await call.say(told());
    await call.say(told(thief));
    expect(call.of('disputes-pin')).toEqual({ type: 'disputes-pin', pins: [next, thief] });
    expect(slave.saved.at(-1)).toMatchObject({ pin, nextPins: [next, thief] });
    expect(slave.engine.nextPins).toEqual([next, thief]);
    const later = await again(call);
    expect(later.target).toEqual({ address: '192.0.2.9:7378', pin, identity: 'current' });
    await later.open().say(welcome({ masters: [{ pin: next, addresses: [] }] }));
    for (const one of [next, thief, 'y'.repeat(32)]) await later.say(told(one));
    expect(slave.engine.nextPins).toEqual([next, thief]);
    expect(types()).toEqual(['next-pin', 'disputed']);
    expect(later.of('holds-pin')).toBeUndefined();
    // The next process says it again as soon as it is told one.
    const process = await joined({ ...member, nextPins: [next, thief] });
    await process.call.say(told());
    expect(process.types()).toEqual(['disputed']);
  });

  it('confirms nothing that is not on its disk, and believes the new key alone though the disk does not take it', async () => {
    const { slave, call, again } = await joined();
    slave.disk.fails = true;
    await call.say(told());
    expect(call.of('holds-pin')).toBeUndefined();
    slave.disk.fails = false;
    await call.say(told());
    expect(call.of('holds-pin')).toBeDefined();
    slave.disk.fails = true;
    const changed = await again(call);
    changed.open(next);
    await slave.pass(0);
    expect(slave.saved.at(-1)).toMatchObject({ pin });
    expect(changed.of('hello')).toBeDefined();
    await changed.say(welcome());
    const last = await again(changed);
    expect(last.target).toMatchObject({ pin: next });
    expect(last.target.nextPin).toBeUndefined();
    slave.disk.fails = false;
    await last.open(next).say(welcome());
    expect(slave.saved.at(-1)).toMatchObject({ pin: next, formerPins: [pin] });
  });

  it('dials again at once when its master says that the next key is the one now', async () => {
    const { slave, call } = await joined();
    await call.say(told());
    await call.say({ type: 'masters', term: 1, masters: [{ pin: next, addresses: ['192.0.2.9:7378'] }] });
    expect(call.ended).toBe(true);
    const changed = (await slave.dialled(100)).open(next);
    await slave.pass(0);
    expect(changed.of('hello')).toMatchObject({ last: 3 });
    expect(slave.events.map(({ type }) => type)).not.toContain('lost');
  });

  it('drops a control connection under the old key once a link has proven the new one', async () => {
    const { slave, call } = await joined();
    await call.say(told());
    expect(slave.engine.notePin(pin)).toBe(true);
    expect(call.isDisposed).toBe(false);
    expect(slave.engine.notePin(next)).toBe(true);
    expect(call.isDisposed).toBe(true);
    // A handshake with the old key that was under way then ends in nothing.
    const late = rig({ ...member, nextPins: [next] });
    const dialled = await late.dialled();
    late.engine.notePin(next);
    dialled.open(pin);
    expect(dialled.of('hello')).toBeUndefined();
    expect(dialled.isDisposed).toBe(true);
  });

  it('holds the next pin also while it waits to be accepted', async () => {
    const slave = rig({ pin, addresses: ['host:7378'], token });
    const call = (await slave.dialled()).open();
    await call.say({ type: 'wait', reason: 'wait' });
    await call.say(told());
    expect(call.of('holds-pin')).toEqual({ type: 'holds-pin', pin: next });
    await call.say(welcome());
    expect(slave.saved.at(-1)).toEqual({ pin, nextPins: [next], formerPins: undefined, addresses: ['host:7378'], key, welcome: welcome() });
  });
});

describe('a line of a master that changes its key', () => {
  it('has both pins during the change: a new host joins by either', () => {
    expect(joinByLine(undefined, { ...line, pin, nextPin: next })).toEqual({ addresses: ['host:7378'], token, pin, nextPins: [next] });
    expect(joinByLine(member, { ...line, pin, nextPin: next })).toMatchObject({ pin, nextPins: [next] });
    expect(joinByLine({ ...member, pin: next }, { ...line, pin, nextPin: next })).toMatchObject({ pin: next });
  });

  it('decides between the pins that a member was told', () => {
    const disputed = { ...member, nextPins: [next, thief] };
    expect(joinByLine(disputed, { ...line, pin, nextPin: next }).nextPins).toEqual([next]);
    expect(() => joinByLine(disputed, { ...line, pin: next })).toThrow('--new-master');
    const decided = joinByLine(disputed, { ...line, pin: next }, { newMaster: true });
    expect(decided).toMatchObject({ pin: next, newMaster: true });
    expect(decided.nextPins).toBeUndefined();
  });

  it('is taken after the change by a member that holds the pin, and refused with the old pin, with --new-master too', () => {
    const changed = joinByLine({ ...member, nextPins: [next] }, { ...line, pin: next });
    expect(changed).toMatchObject({ pin: next, formerPins: [pin] });
    expect(changed.newMaster).toBeUndefined();
    for (const newMaster of [false, true])
      expect(() => joinByLine(changed, { ...line, pin }, { newMaster })).toThrow(/gave up that key.*token new/);
  });
});
