import { describe, expect, it } from 'vitest';
import { nextTurn } from '../../src/clock.ts';
import type { JoinMessage } from '../../src/star/messages.ts';
import { HandKeys, HandSlave, keyOf, masterRig, type MasterRig } from './master-rig.ts';

const [old, next] = [keyOf('m'), keyOf('n')];
const holds = { type: 'holds-pin', pin: next } as const;

interface Scene {
  readonly rig: MasterRig;
  readonly keys: HandKeys;
  /** Joins with a key of that letter. */
  readonly join: (letter: string, more?: object) => Promise<HandSlave>;
  /** Starts the master again, on the same disk. */
  readonly restart: () => Promise<Scene>;
}

async function scene(rig?: MasterRig, keys = new HandKeys()): Promise<Scene> {
  const master = await masterRig({}, rig?.store, rig?.clock, keys);
  const join = async (letter: string, more: object = {}): Promise<HandSlave> => {
    const { token } = await master.engine.newToken();
    const slave = await master.slave(letter).hello({ token, ...more });
    const incarnation = slave.last('welcome')?.incarnation;
    return incarnation === undefined ? slave : slave.send({ type: 'confirm', incarnation });
  };
  return { rig: master, keys, join, restart: () => scene(master, keys) };
}

const toldPins = ({ heard }: HandSlave): readonly JoinMessage[] => heard.filter(({ type }) => type === 'next-pin');
/** Comes back with the state that it confirmed. */
const comeBack = ({ rig }: Scene, letter: string, before: HandSlave): Promise<HandSlave> =>
  rig.slave(letter).hello({ run: 'again', incarnation: before.last('welcome')?.incarnation });
const missing = ({ rig }: Scene): unknown => rig.engine.pinChange?.missing.map(({ id, why }) => [id, why]);

describe('a master whose key was stolen', () => {
  it('tells the next pin, notes each member that has it, and presents the new key when all have', async () => {
    const one = await scene();
    const { rig, keys } = one;
    const slaves = [await one.join('a'), await one.join('b')];
    expect(await rig.engine.changePin()).toMatchObject({ state: 'telling', pin: next, revoked: 0, missing: [{ id: 1 }, { id: 2 }] });
    for (const slave of slaves) expect(slave.last('next-pin')).toEqual({ type: 'next-pin', pin: next });
    await slaves[0]?.send(holds);
    expect(missing(one)).toEqual([[2, 'unconfirmed']]);
    expect(rig.store.changes.at(-1)).toMatchObject({ type: 'member', member: { id: 1, holds: next } });
    expect(keys.current).toBe(old);
    await slaves[1]?.send(holds);
    expect(keys.current).toBe(next);
    expect(rig.engine.pinChange).toBeUndefined();
    for (const slave of slaves) {
      expect(slave.last('masters')).toMatchObject({ masters: [{ pin: next }] });
      expect(slave.closed).toBeUndefined();
    }
    expect(rig.events.filter(({ type }) => type.endsWith('-pin'))).toEqual([
      { type: 'next-pin', pin: next },
      { type: 'holds-pin', id: 1, name: 'node-1', key: keyOf('a') },
      { type: 'holds-pin', id: 2, name: 'node-2', key: keyOf('b') },
      { type: 'new-pin', pin: next, before: old, missing: [], revoked: 0 },
    ]);
  });

  it('knows after each restart who has the pin, tells the others when they come, and finishes what was begun', async () => {
    const one = await scene();
    const first = await (await one.join('a')).send(holds);
    await one.join('b');
    await one.rig.engine.changePin();
    const second = await one.restart();
    expect(missing(second)).toEqual([
      [1, 'away'],
      [2, 'away'],
    ]);
    const back = await comeBack(second, 'a', first);
    expect(toldPins(back)).toEqual([{ type: 'next-pin', pin: next }]);
    await back.send(holds);
    expect(missing(second)).toEqual([[2, 'away']]);
    // The process ends behind the promotion, before that is noted.
    await second.keys.promote();
    const third = await second.restart();
    expect(third.rig.engine.pinChange).toBeUndefined();
    expect(third.rig.store.changes.at(-1)).toEqual({ type: 'next-pin-over', pin: next });
    // It ends before the promotion, when all have the pin.
    const other = await scene();
    const slave = await other.join('a');
    await other.rig.engine.changePin();
    other.keys.fails = true;
    await slave.send(holds);
    expect([other.keys.current, missing(other)]).toEqual([old, []]);
    other.keys.fails = false;
    await other.restart();
    expect(other.keys.current).toBe(next);
  });

  it('changes at once by "now", names those that do not have the pin, and leaves their connections alone', async () => {
    const one = await scene();
    await expect(one.rig.engine.changePin('now')).rejects.toThrow('etherloom group rekey');
    const slaves = [await one.join('a'), await one.join('b'), await one.join('c')];
    await one.rig.engine.changePin();
    await slaves[0]?.send(holds);
    slaves[1]?.drop();
    await slaves[2]?.send({ type: 'disputes-pin', pins: [next, keyOf('x')] });
    expect(await one.rig.engine.changePin('now')).toMatchObject({
      state: 'changed',
      missing: [
        { id: 2, why: 'away' },
        { id: 3, why: 'disputed' },
      ],
    });
    expect(one.keys.current).toBe(next);
    expect(slaves[2]?.closed).toBeUndefined();
    expect(one.rig.events.find(({ type }) => type === 'new-pin')).toMatchObject({ missing: [2, 3] });
  });

  it('keeps its key by "cancel", and uses the same next one later: members must never be told two', async () => {
    const one = await scene();
    const slave = await one.join('a');
    await expect(one.rig.engine.changePin('cancel')).rejects.toThrow('does not change its key');
    await one.rig.engine.changePin();
    expect(await one.rig.engine.changePin('cancel')).toMatchObject({ state: 'cancelled', pin: next });
    await slave.send(holds);
    expect([one.keys.current, one.rig.engine.pinChange]).toEqual([old, undefined]);
    const back = await comeBack(await one.restart(), 'a', slave);
    expect(back.answer?.type).toBe('welcome');
    expect(toldPins(back)).toEqual([]);
    expect(await one.rig.engine.changePin()).toMatchObject({ state: 'telling', pin: next });
  });

  it('does not ask plain members and those of version 0.2.0, and waits for the former of neither', async () => {
    const one = await scene();
    const plain = await new HandSlave(one.rig.engine, { plain: true }, '127.0.0.1:1').send({ type: 'hello', key: '1'.repeat(32) });
    const silent = await one.join('a', { software: undefined });
    expect(await one.rig.engine.changePin()).toMatchObject({ state: 'telling', missing: [{ id: 2, why: 'unconfirmed' }] });
    for (const slave of [plain, silent]) expect(toldPins(slave)).toEqual([]);
    await one.rig.engine.kick(2);
    expect(await one.rig.engine.changePin()).toMatchObject({ state: 'changed', missing: [] });
  });

  it('tells members again that have not confirmed, and changes once the last of them is gone', async () => {
    const one = await scene();
    const slave = await one.join('a');
    await one.rig.engine.changePin();
    one.rig.store.fails = true;
    await slave.send(holds);
    expect(missing(one)).toEqual([[1, 'unconfirmed']]);
    one.rig.store.fails = false;
    one.rig.clock.advanceSeconds(4);
    await slave.send({ type: 'alive' });
    one.rig.clock.advanceSeconds(4);
    await slave.send({ type: 'alive' });
    one.rig.clock.advanceSeconds(3);
    await nextTurn();
    expect(toldPins(slave)).toHaveLength(2);
    await one.rig.engine.kick(1);
    await one.rig.engine.changePin();
    expect(one.keys.current).toBe(next);
  });

  it('revokes at the change the tokens whose lines have the old pin alone', async () => {
    const one = await scene();
    const slave = await one.join('a');
    const before = await one.rig.engine.newToken();
    await one.rig.engine.changePin();
    const during = await one.rig.engine.newToken();
    await slave.send(holds);
    expect(one.keys.current).toBe(next);
    const states = one.rig.engine.tokens().map(({ id, revoked }) => [id, revoked !== undefined]);
    expect(states).toContainEqual([before.token.id, true]);
    expect(states).toContainEqual([during.token.id, false]);
    expect((await one.rig.slave('b').hello({ token: before.token })).answer).toMatchObject({ code: 'token' });
    // It came in by the old key in the moment of the change: it is told which one counts.
    const late = await one.rig.slave('b').hello({ token: during.token });
    expect(toldPins(late)).toEqual([{ type: 'next-pin', pin: next }]);
    one.rig.clock.advanceSeconds(11);
    await nextTurn();
    expect(toldPins(await one.join('c'))).toEqual([]);
  });

  it('says what to do if the next key is lost', async () => {
    const one = await scene();
    await one.join('a');
    await one.rig.engine.changePin();
    await one.keys.drop();
    for (const how of [undefined, 'now'] as const) await expect(one.rig.engine.changePin(how)).rejects.toThrow(/restore.*--cancel/);
    await one.rig.engine.changePin('cancel');
    expect(await one.rig.engine.changePin()).toMatchObject({ state: 'telling' });
  });

  it('needs keys, and a group that has not ended', async () => {
    await expect((await masterRig()).engine.changePin()).rejects.toThrow('none of its own');
    const one = await scene();
    await one.rig.engine.end();
    await expect(one.rig.engine.changePin()).rejects.toThrow('the group was ended');
  });
});
