import { describe, expect, it } from 'vitest';
import { nextTurn } from '../../src/clock.ts';
import { maxId } from '../../src/star/identity.ts';
import { HandSlave, HeldStore, keyOf, masterRig, type MasterRig } from './master-rig.ts';

const hour = 3_600_000;

/** Joins a new key, confirms, and leaves it connected. */
async function joined(rig: MasterRig, letter: string, more: object = {}): Promise<HandSlave> {
  const { token } = await rig.engine.newToken();
  const slave = await rig.slave(letter).hello({ token, ...more });
  const welcome = slave.last('welcome');
  if (!welcome) throw new Error(JSON.stringify(slave.heard));
  if (welcome.incarnation !== undefined) await slave.send({ type: 'confirm', incarnation: welcome.incarnation });
  return slave;
}

describe('a master', () => {
  it('lets in a new key by a token, once, and tells it everything', async () => {
    const rig = await masterRig();
    const { token } = await rig.engine.newToken({ name: 'web' });
    const slave = await rig.slave('a').hello({ token, host: 'lap.example' });
    expect(slave.answer).toMatchObject({
      type: 'welcome',
      id: 1,
      name: 'web',
      software: '0.3.0',
      group: rig.engine.group?.id,
      term: 1,
      masters: [{ pin: keyOf('m'), addresses: ['192.0.2.9:7378'] }],
      incarnation: expect.stringMatching(/^[a-z2-7]{16}$/) as string,
    });
    const second = await rig.slave('b').hello({ token });
    expect(second.answer).toMatchObject({
      type: 'refusal',
      code: 'token',
      retry: false,
      reason: expect.stringContaining('used already') as string,
    });
    expect(second.closed).toBeDefined();
    expect(rig.events.map(({ type }) => type)).toEqual(['token-made', 'joined', 'refused']);
    expect(JSON.stringify(rig.store.changes)).not.toContain(token.secret);
  });

  it('lets in the same key again without a token, with the same id', async () => {
    const rig = await masterRig();
    const { token } = await rig.engine.newToken();
    const first = await rig.slave('a').hello({ token });
    // The welcome was lost: nothing was stored, and the slave says its token again.
    first.drop();
    const again = await rig.slave('a').hello({ token, run: 'other' });
    expect(again.last('welcome')?.id).toBe(1);
    expect(rig.engine.tokens()[0]).toMatchObject({ used: 1 });
    const reopened = await masterRig({}, rig.store);
    const { incarnation } = again.last('welcome') ?? {};
    expect((await reopened.slave('a').hello({ incarnation })).last('welcome')?.id).toBe(1);
  });

  it('counts a join only when it is on the disk, and takes it back if that fails', async () => {
    const rig = await masterRig();
    const { token } = await rig.engine.newToken();
    rig.store.hold();
    const slave = await rig.slave('a').hello({ token });
    expect(slave.answer).toBeUndefined();
    rig.store.fails = true;
    await rig.store.release();
    expect(slave.answer).toMatchObject({ code: 'store', retry: true });
    expect(rig.engine.size).toBe(0);
    rig.store.fails = false;
    expect((await rig.slave('a').hello({ token })).last('welcome')?.id).toBe(1);
  });

  it.each([
    ['no token', {}, 'unknown'],
    ['a group that is not its own', { group: 'other' }, 'group'],
    ['a token that nothing knows', { token: { id: 'aaaaaaaa', secret: 'a'.repeat(26) } }, 'token'],
  ] as const)('refuses a stranger with %s', async (_, hello, code) => {
    const rig = await masterRig();
    expect((await rig.slave('a').hello(hello)).answer).toMatchObject({ type: 'refusal', code, retry: false });
    expect(rig.engine.size).toBe(0);
  });

  it('refuses a wrong secret, a revoked and an expired token by its own clock alone', async () => {
    const rig = await masterRig();
    const { token } = await rig.engine.newToken({ uses: 'any' });
    const wrong = { ...token, secret: token.secret.replace(/^./, token.secret.startsWith('a') ? 'b' : 'a') };
    expect((await rig.slave('a').hello({ token: wrong })).answer).toMatchObject({
      code: 'token',
      reason: expect.stringContaining('not valid') as string,
    });
    rig.clock.turnWall(25 * 3600);
    expect((await rig.slave('a').hello({ token })).answer).toMatchObject({ reason: expect.stringContaining('expired') as string });
    rig.clock.turnWall(-25 * 3600);
    await rig.engine.revokeToken(token.id);
    expect((await rig.slave('a').hello({ token })).answer).toMatchObject({ reason: expect.stringContaining('revoked') as string });
  });

  it('names both versions to a slave of another one, and passes over what it does not know', async () => {
    const rig = await masterRig();
    const slave = await rig.slave('a').send({ type: 'other-version', of: 'hello', version: '2', software: '9.0' });
    const reason = expect.stringMatching(/version 2 \(etherloom 9\.0\).*version 1 \(etherloom 0\.3\.0\)/) as string;
    expect(slave.answer).toMatchObject({ code: 'version', reason });
    const other = await joined(rig, 'b');
    await other.send({ type: 'unknown' });
    expect(other.closed).toBeUndefined();
    await other.send({ type: 'end' });
    expect(other.last('refusal')).toMatchObject({ code: 'message' });
  });

  it('tells of connections that end without a hello, and of refused ones only that', async () => {
    const rig = await masterRig();
    rig.slave('a').drop('it sent "SSH-2.0", which is not the control protocol');
    const silent = rig.slave('b', '192.0.2.2:5000');
    rig.clock.advanceSeconds(6);
    expect(silent.closed).toBe('it sent nothing');
    silent.drop();
    (await rig.slave('c', '192.0.2.3:5000').send({ type: 'leave' })).drop();
    (await rig.slave('d', '192.0.2.4:5000').hello()).drop();
    expect(rig.events.map((event) => [event.type, 'from' in event && event.from, 'reason' in event && event.reason])).toEqual([
      ['stranger', '192.0.2.1:5000', 'it sent "SSH-2.0", which is not the control protocol'],
      ['stranger', '192.0.2.2:5000', 'it sent nothing'],
      ['refused', '192.0.2.3:5000', 'it did not begin with a hello'],
      ['refused', '192.0.2.4:5000', expect.stringContaining('the group does not know') as string],
    ]);
  });

  it('refuses the second of two that live, names the first, and ends nothing of it', async () => {
    const rig = await masterRig();
    const first = await joined(rig, 'a', { host: 'lap' });
    const copy = await rig.slave('a', '198.51.100.7:1').hello({ run: 'copy', incarnation: first.last('welcome')?.incarnation });
    expect(copy.answer).toMatchObject({ code: 'alive', reason: expect.stringContaining('lap at 192.0.2.1:5000') as string });
    expect(first.closed).toBeUndefined();
    // A new connection of the same process replaces the one that the master believes in.
    const again = await rig.slave('a').hello({ incarnation: first.last('welcome')?.incarnation });
    expect(again.last('welcome')?.id).toBe(1);
    expect(first.closed).toBeDefined();
  });

  it('finds a copy when the original is off, whichever comes first', async () => {
    const rig = await masterRig();
    const original = await joined(rig, 'a');
    const copied = original.last('welcome')?.incarnation;
    original.drop();
    const again = await rig.slave('a').hello({ incarnation: copied, run: '2' });
    const next = again.last('welcome')?.incarnation;
    await again.send({ type: 'confirm', incarnation: next ?? '' });
    again.drop();
    const copy = await rig.slave('a').hello({ incarnation: copied, run: 'copy' });
    expect(copy.answer).toMatchObject({
      code: 'copied',
      retry: false,
      reason: expect.stringMatching(/takeover 1.*identity new/) as string,
    });
    expect((await rig.slave('a').hello({ incarnation: next, run: '3' })).last('welcome')?.id).toBe(1);
  });

  it.each([0, -1, NaN, Infinity, 1e16])('makes no token that expires after %s ms', async (expiresIn) => {
    const rig = await masterRig();
    await expect(rig.engine.newToken({ expiresIn })).rejects.toMatchObject({ code: 'bad-option' });
    expect(rig.engine.tokens()).toEqual([]);
  });

  it('accepts the incarnation that was offered but never confirmed, and that of before', async () => {
    const rig = await masterRig();
    const { token } = await rig.engine.newToken();
    const first = (await rig.slave('a').hello({ token })).last('welcome')?.incarnation;
    const second = (await rig.slave('a').hello({ incarnation: first })).last('welcome')?.incarnation;
    const third = (await rig.slave('a').hello({ incarnation: first })).last('welcome')?.incarnation;
    expect((await rig.slave('a').hello({ incarnation: second })).answer).toMatchObject({ code: 'copied' });
    expect((await rig.slave('a').hello({ incarnation: third })).last('welcome')?.id).toBe(1);
  });

  it('lets members in as they were while its disk takes nothing, offers them nothing new, and refuses new ones', async () => {
    const rig = await masterRig();
    const { token } = await rig.engine.newToken({ uses: 5 });
    const first = await joined(rig, 'a', { token });
    const told = first.last('welcome')?.incarnation;
    first.drop();
    rig.store.fails = true;
    const again = await rig.slave('a').hello({ incarnation: told, run: '2' });
    expect(again.last('welcome')).toMatchObject({ id: 1, incarnation: told });
    expect(rig.engine.mayLink(keyOf('a'))).toMatchObject({ admit: true, id: 1 });
    expect((await rig.slave('b').hello({ token })).answer).toMatchObject({
      code: 'store',
      retry: true,
      reason: expect.stringContaining('the master cannot keep the id: cannot keep a change of the group: no space') as string,
    });
    // It asks for another id, which could be given to a second one after a crash.
    again.drop();
    expect((await rig.slave('a').hello({ incarnation: told, run: '3', demanded: 7 })).answer).toMatchObject({ code: 'store', retry: true });
    expect(rig.engine.member(keyOf('a'))?.id).toBe(1);
    // A master that reads the disk again knows the member by the same incarnation.
    const reopened = await masterRig({}, rig.store);
    expect((await reopened.slave('a').hello({ incarnation: told })).last('welcome')).toMatchObject({ id: 1, incarnation: told });
    rig.store.fails = false;
    const offered = (await rig.slave('a').hello({ incarnation: told, run: '4' })).last('welcome')?.incarnation;
    expect(offered).not.toBe(told);
    expect((await rig.slave('b').hello({ token })).last('welcome')?.id).toBe(2);
  });

  it.each([
    ['has confirmed', true],
    ['tells at its next hello', false],
  ])('finds a copy while its disk takes nothing, by the incarnation that the original %s', async (_, confirms) => {
    const rig = await masterRig();
    const original = await joined(rig, 'a');
    const copied = original.last('welcome')?.incarnation;
    original.drop();
    const second = await rig.slave('a').hello({ incarnation: copied, run: '2' });
    const offered = second.last('welcome')?.incarnation;
    rig.store.fails = true;
    if (confirms) await second.send({ type: 'confirm', incarnation: offered ?? '' });
    second.drop();
    if (!confirms) {
      const third = await rig.slave('a').hello({ incarnation: offered, run: '3' });
      expect(third.last('welcome')?.incarnation).toBe(offered);
      third.drop();
    }
    expect((await rig.slave('a').hello({ incarnation: copied, run: 'copy' })).answer).toMatchObject({ code: 'copied' });
    expect((await rig.slave('a').hello({ incarnation: offered, run: '4' })).last('welcome')?.incarnation).toBe(offered);
    // The disk has both: a next master accepts the original, and finds the copy then.
    rig.store.fails = false;
    const reopened = await masterRig({}, rig.store);
    const again = await reopened.slave('a').hello({ incarnation: offered, run: '5' });
    expect(again.last('welcome')?.id).toBe(1);
    again.drop();
    expect((await reopened.slave('a').hello({ incarnation: copied, run: 'copy' })).answer).toMatchObject({ code: 'copied' });
  });

  it('lets no member back in that was kicked while its return could not be written', async () => {
    const rig = await masterRig();
    const slave = await joined(rig, 'a');
    slave.drop();
    rig.store.hold();
    const again = await rig.slave('a').hello({ incarnation: slave.last('welcome')?.incarnation, run: '2' });
    const kicked = rig.engine.kick(1);
    rig.store.failing = 1;
    await rig.store.release();
    await kicked;
    expect(again.last('welcome')).toBeUndefined();
    expect(again.closed).toBeDefined();
    expect(rig.engine.mayLink(keyOf('a')).admit).toBe(false);
  });

  it('lets the chosen one of two copies make a new key, and bars the old one only then', async () => {
    const rig = await masterRig();
    const first = await joined(rig, 'a', { host: 'lap' });
    await rig.slave('a', '198.51.100.7:1').hello({ run: 'copy', host: 'clone' });
    const list = rig.engine.contenders(1);
    expect(list).toMatchObject([
      { number: 1, host: 'lap', living: true },
      { number: 2, host: 'clone', living: false },
    ]);
    await rig.engine.takeover(1, 2);
    expect(first.closed).toBeUndefined();
    const copy = await rig.slave('a', '198.51.100.7:2').hello({ run: 'copy', host: 'clone' });
    const token = copy.last('rekey')?.token;
    expect(first.closed).toBeUndefined();
    const rekeyed = await rig.slave('b', '198.51.100.7:3').hello({ run: 'copy', host: 'clone', token });
    expect(rekeyed.last('welcome')).toMatchObject({ id: 1 });
    expect(first.last('kicked')).toBeDefined();
    expect(rig.expelled).toEqual([keyOf('a')]);
    expect((await rig.slave('a').hello()).answer).toMatchObject({ code: 'barred' });
    expect(rig.engine.mayLink(keyOf('a')).admit).toBe(false);
    expect(rig.engine.mayLink(keyOf('b'))).toEqual({ admit: true, id: 1, name: 'lap' });
  });

  it('tells a copy from a living original that tells the same host and state, and knows it after a restart', async () => {
    const rig = await masterRig();
    const incarnation = (await joined(rig, 'a')).last('welcome')?.incarnation;
    const told = { host: 'lap', incarnation };
    const original = await rig.slave('a').hello({ ...told, run: 'run' });
    for (const run of ['copy', 'again']) await rig.slave('a').hello({ ...told, run });
    expect(rig.engine.contenders(1)).toMatchObject([
      { number: 1, host: 'lap', living: true },
      { number: 2, host: 'lap', living: false },
    ]);
    await rig.engine.takeover(1, 2);
    expect(original.last('rekey')).toBeUndefined();
    expect((await rig.slave('a').hello({ ...told, run: 'third' })).last('rekey')).toBeDefined();
  });

  it('kicks in each state of a join', async () => {
    const rig = await masterRig();
    const { token } = await rig.engine.newToken({ uses: 'any' });
    // While the change is written.
    rig.store.hold();
    const joining = await rig.slave('a').hello({ token });
    const kick = rig.engine.kick(1);
    expect(joining.answer).toBeUndefined();
    await rig.store.release();
    expect(await kick).toEqual({ id: 1, name: 'node-1', token: { id: token.id, revoked: true, others: 0 } });
    expect(joining.answer).toMatchObject({ type: 'refusal', code: 'barred' });
    expect(joining.last('welcome')).toBeUndefined();
    // Welcomed, and gone.
    for (const [letter, isGone] of [
      ['b', false],
      ['c', true],
    ] as const) {
      const slave = await joined(rig, letter);
      if (isGone) slave.drop();
      await rig.engine.kick(slave.last('welcome')?.id ?? 0);
      if (!isGone) expect(slave.last('kicked')).toBeDefined();
      expect((await rig.slave(letter).hello()).answer).toMatchObject({ code: 'barred' });
      expect(rig.engine.mayLink(keyOf(letter)).admit).toBe(false);
    }
    // The same host with the same line and a new key.
    expect((await rig.slave('d').hello({ token })).answer).toMatchObject({ code: 'token' });
    // Ids of removed members are given on request only.
    expect((await joined(rig, 'e')).last('welcome')?.id).toBe(4);
    expect((await joined(rig, 'f', { demanded: 1 })).last('welcome')?.id).toBe(1);
    const reopened = await masterRig({}, rig.store);
    expect((await reopened.slave('a').hello({ token })).answer).toMatchObject({ code: 'barred' });
  });

  it('keeps the token of a kick if asked, and tells how many others used it', async () => {
    const rig = await masterRig();
    const { token } = await rig.engine.newToken({ uses: 'any' });
    for (const letter of ['a', 'b', 'c']) await rig.slave(letter).hello({ token });
    expect((await rig.engine.kick(2, { keepToken: true })).token).toEqual({ id: token.id, revoked: false, others: 2 });
    expect((await rig.slave('d').hello({ token })).last('welcome')?.id).toBe(4);
  });

  it('refuses the joins under way by a token that is revoked', async () => {
    const rig = await masterRig();
    const { token } = await rig.engine.newToken({ uses: 'any' });
    rig.store.hold();
    const slave = await rig.slave('a').hello({ token });
    const revoked = rig.engine.revokeToken(token.id);
    await rig.store.release();
    await revoked;
    expect(slave.answer).toMatchObject({ code: 'token', reason: expect.stringContaining('revoked') as string });
    expect(rig.engine.size).toBe(0);
  });

  it('replaces a machine: the new key takes over id and name', async () => {
    const rig = await masterRig();
    const old = await joined(rig, 'a', { host: 'lap' });
    const { token } = await rig.engine.replace(1);
    expect(old.closed).toBeUndefined();
    const slave = await rig.slave('b').hello({ token, host: 'new' });
    expect(slave.last('welcome')).toMatchObject({ id: 1, name: 'lap' });
    expect(old.closed).toBeDefined();
    expect((await rig.slave('a').hello()).answer).toMatchObject({ code: 'barred' });
  });

  it('lets a new key wait until it is accepted', async () => {
    const rig = await masterRig({ approve: true });
    const { token } = await rig.engine.newToken();
    const slave = await rig.slave('a').hello({ token });
    expect(slave.answer).toMatchObject({ type: 'wait' });
    expect(rig.engine.mayLink(keyOf('a')).admit).toBe(false);
    await rig.engine.acceptMember(1);
    expect(slave.last('welcome')?.id).toBe(1);
    expect(rig.engine.mayLink(keyOf('a')).admit).toBe(true);
    expect(rig.events.map(({ type }) => type)).toEqual(['token-made', 'waiting', 'accepted', 'joined']);
  });

  it('gives names once, and renames', async () => {
    const rig = await masterRig({ domain: 'star' });
    const names: (string | undefined)[] = [];
    for (const [letter, host] of [
      ['a', 'vm'],
      ['b', 'VM.example'],
      ['c', 'localhost'],
      ['d', 'star'],
    ] as const) {
      names.push((await joined(rig, letter, { host })).last('welcome')?.name);
    }
    expect(names).toEqual(['vm', 'vm-2', 'node-3', 'node-4']);
    expect(await rig.engine.rename(4, 'vm')).toBe('vm-3');
    await expect(rig.engine.rename(4, 'master')).rejects.toThrow('reserved');
    const { token } = await rig.engine.newToken();
    expect((await rig.slave('e').hello({ token, name: 'master' })).answer).toMatchObject({ code: 'name' });
  });

  it('forgets ephemeral members, and those that never linked, and their tokens', async () => {
    const rig = await masterRig();
    const { token } = await rig.engine.newToken({ ephemeral: true, uses: 'any' });
    expect((await rig.slave('z').hello({ token })).answer).toMatchObject({
      code: 'token',
      reason: expect.stringContaining('--ephemeral') as string,
    });
    const ephemeral = await rig.slave('a').hello({ token, ephemeral: true });
    const idle = await joined(rig, 'b');
    const linked = await joined(rig, 'c');
    rig.engine.noteLink(keyOf('c'), true);
    rig.engine.noteLink(keyOf('c'), false);
    for (const slave of [ephemeral, idle, linked]) slave.drop();
    for (let seconds = 0; seconds < 80; seconds += 10) {
      rig.clock.advanceSeconds(10);
      await nextTurn();
    }
    expect(rig.engine.members().map(({ id }) => id)).toEqual([2, 3]);
    expect(rig.expelled).toEqual([keyOf('a')]);
    rig.clock.turnWall(25 * 3600);
    rig.clock.advanceSeconds(20);
    await nextTurn();
    expect(rig.engine.members().map(({ id }) => id)).toEqual([3]);
    // That of the linked member is used up and forgotten, that of the idle one was given back.
    expect(rig.engine.tokens().map(({ used }) => used)).toEqual([1, 0]);
    expect((await joined(rig, 'd')).last('welcome')?.id).toBe(1);
  });

  it('warns before ids run out, and then takes those that never linked, the oldest first', async () => {
    const store = new HeldStore();
    store.changes.push({ type: 'group', id: 'g', since: 0 });
    for (let id = 1; id < maxId; id++) {
      const member = {
        key: `k${id}`,
        id,
        name: `m${id}`,
        since: id,
        seen: Date.UTC(2026, 0, 1),
        ...(id > 2 && { linked: true as const }),
      };
      store.changes.push({ type: 'member', member });
    }
    const rig = await masterRig({}, store);
    expect((await joined(rig, 'a')).last('welcome')?.id).toBe(maxId);
    expect(rig.events).toContainEqual({ type: 'ids-short', left: 0 });
    expect((await joined(rig, 'b')).last('welcome')?.id).toBe(1);
    expect((await joined(rig, 'c')).last('welcome')?.id).toBe(2);
    const { token } = await rig.engine.newToken();
    expect((await rig.slave('d').hello({ token })).answer).toMatchObject({ code: 'full', retry: true });
  });

  it('writes as little for a join with 50,000 members as with one', async () => {
    const sizes: number[] = [];
    for (const members of [1, 50_000]) {
      const store = new HeldStore();
      store.changes.push({ type: 'group', id: 'g', since: 0 });
      for (let id = 1; id <= members; id++) {
        store.changes.push({ type: 'member', member: { key: `k${id}`, id, name: `m${id}`, since: id, seen: id, linked: true } });
      }
      const rig = await masterRig({}, store);
      const before = store.changes.length;
      await joined(rig, 'a', { host: 'm7' });
      sizes.push(JSON.stringify(store.changes.slice(before)).replace(/\d+/g, '').length);
    }
    expect(sizes[1]).toBeLessThanOrEqual((sizes[0] ?? 0) + 4);
  });

  it('bounds new joins for each address, and not the return of members', async () => {
    const rig = await masterRig({ rates: { addressBurst: 3, addressRate: 1 } });
    const { token } = await rig.engine.newToken({ uses: 'any' });
    const codes: string[] = [];
    for (const letter of 'abcde') codes.push((await rig.slave(letter, '203.0.113.1:9').hello({ token })).answer?.type ?? '');
    expect(codes).toEqual(['welcome', 'welcome', 'welcome', 'refusal', 'refusal']);
    expect((await rig.slave('e', '203.0.113.2:9').hello({ token })).answer?.type).toBe('welcome');
    expect((await rig.slave('a', '203.0.113.1:9').hello()).answer?.type).toBe('welcome');
  });

  it('knows after a restart from which addresses its members last came, and forgets those of members that are gone', async () => {
    const rig = await masterRig();
    const { token } = await rig.engine.newToken({ uses: 'any' });
    for (const letter of ['a', 'b']) await rig.slave(letter, '192.0.2.1:5000').hello({ token });
    await rig.slave('c', '[2001:db8::7]:5000').hello({ token });
    await new HandSlave(rig.engine, { plain: true }, '192.0.2.66:1').send({ type: 'hello', key: '1'.repeat(32) });
    (await rig.slave('b', '192.0.2.2:5001').hello({ run: 'run' })).drop();
    await rig.engine.kick(1);
    const { engine } = await masterRig({}, rig.store);
    expect([...engine.origins()]).toEqual([
      [keyOf('b'), '192.0.2.2'],
      [keyOf('c'), '2001:db8::7'],
    ]);
  });

  it('forgets with its process a choice that was not heard, and keeps one that was', async () => {
    const rig = await masterRig();
    const first = await joined(rig, 'a', { host: 'lap' });
    await rig.slave('a', '198.51.100.7:1').hello({ run: 'copy', host: 'clone' });
    await rig.engine.takeover(1, 2);
    const restarted = await masterRig({}, rig.store);
    expect(restarted.engine.contenders(1)).toEqual([]);
    const stored = first.last('welcome')?.incarnation;
    expect((await restarted.slave('a').hello({ incarnation: stored, run: 'run', host: 'lap' })).last('welcome')?.id).toBe(1);
    const clone = { run: 'copy', host: 'clone' };
    expect((await restarted.slave('a', '198.51.100.7:2').hello(clone)).answer).toMatchObject({ code: 'alive' });
    await restarted.engine.takeover(1, 2);
    const { token } = (await restarted.slave('a', '198.51.100.7:3').hello(clone)).last('rekey') ?? {};
    // Heard: the next process of the master takes the new key.
    const last = await masterRig({}, rig.store);
    expect((await last.slave('b').hello({ ...clone, token })).last('welcome')?.id).toBe(1);
    expect((await last.slave('a').hello({ incarnation: stored })).answer).toMatchObject({ code: 'barred' });
  });

  it('says that a member is suspect, hears it by its link, and ends it after five seconds', async () => {
    const rig = await masterRig();
    const slave = await joined(rig, 'a');
    rig.clock.advanceSeconds(3);
    expect(rig.events.at(-1)?.type).toBe('suspect');
    rig.engine.heard(keyOf('a'));
    expect(rig.events.at(-1)?.type).toBe('back');
    rig.clock.advanceSeconds(6);
    expect(slave.closed).toContain('nothing was received');
    expect(rig.events.at(-1)?.type).toBe('disconnected');
    expect(slave.heard.filter(({ type }) => type === 'alive').length).toBeGreaterThan(5);
  });

  it('tells the description to those that are here, and to those that come later', async () => {
    const rig = await masterRig();
    const early = await joined(rig, 'a');
    rig.engine.describe({ vlan: 5 });
    const late = await joined(rig, 'b');
    for (const slave of [early, late]) expect(slave.last('news')).toEqual({ type: 'news', serial: 1, description: { vlan: 5 } });
  });

  it('lets a member leave, and ends the group for all', async () => {
    const rig = await masterRig();
    const leaver = await joined(rig, 'a');
    const other = await joined(rig, 'b');
    await leaver.send({ type: 'leave' });
    expect(leaver.last('left')).toBeDefined();
    expect(rig.engine.members().map(({ id }) => id)).toEqual([2]);
    await rig.engine.end();
    expect(other.last('end')).toBeDefined();
    expect((await rig.slave('b').hello()).answer).toEqual({ type: 'end' });
    await expect(rig.engine.newToken()).rejects.toMatchObject({ code: 'refused' });
  });
});

describe('a master with plain slaves', () => {
  const plainKey = (digit: string): string => digit.repeat(32);

  it('serves slaves of 0.2.0 as before, and sends them no message that they do not know', async () => {
    const rig = await masterRig();
    const slave = new HandSlave(rig.engine, { plain: true });
    await slave.send({ type: 'hello', key: plainKey('1') });
    expect(slave.last('welcome')?.id).toBe(1);
    rig.engine.describe({ vlan: 5 });
    await rig.engine.rename(1, 'web');
    rig.clock.advanceSeconds(4);
    await rig.engine.kick(1);
    expect(new Set(slave.heard.map(({ type }) => type))).toEqual(new Set(['welcome', 'alive', 'refusal']));
  });

  it('gives the living slave an id by its key, whatever a stranger says', async () => {
    const rig = await masterRig();
    const stranger = new HandSlave(rig.engine, { plain: true });
    await stranger.send({ type: 'hello', key: plainKey('f'), last: 1 });
    const living = new HandSlave(rig.engine, { plain: true });
    await living.send({ type: 'hello', key: plainKey('1'), last: 1, software: '0.3.0' });
    expect(stranger.last('welcome')?.id).toBe(1);
    expect(living.last('welcome')?.id).toBe(2);
    const late = new HandSlave(rig.engine, { plain: true });
    await late.send({ type: 'hello', key: plainKey('2'), last: 2 });
    expect(late.last('welcome')?.id).toBe(3);
  });

  it('keeps plain and secured keys apart', async () => {
    const rig = await masterRig();
    await joined(rig, 'a');
    const thief = new HandSlave(rig.engine, { plain: true });
    await thief.send({ type: 'hello', key: keyOf('a'), software: '0.3.0', run: 'run' });
    expect(thief.answer).toMatchObject({ code: 'unknown' });
  });

  it('forgets none within a day', async () => {
    const rig = await masterRig();
    const slave = new HandSlave(rig.engine, { plain: true });
    await slave.send({ type: 'hello', key: plainKey('1') });
    slave.drop();
    rig.clock.advance(20 * hour);
    await nextTurn();
    expect(rig.engine.size).toBe(1);
  });
});
