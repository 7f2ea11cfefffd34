import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLine } from '../../src/star/line.ts';
import { decodeSlaveMemory, encodeSlaveMemory, joinByLine } from '../../src/star/slave-memory.ts';
import { fresh, key, member, otherPin, pin, rig, token, welcome } from './slave-rig.ts';

describe('a slave', () => {
  it('tells its token until it has joined, and confirms what is stored', async () => {
    const slave = rig(fresh, { name: 'web', demanded: 3 });
    const call = (await slave.dialled()).open();
    expect(call.target).toEqual({ address: 'host:7378', pin, identity: 'current' });
    expect(call.of('hello')).toMatchObject({
      token,
      name: 'web',
      demanded: 3,
      software: '0.3.0',
      host: 'lap',
      key: undefined,
      incarnation: undefined,
    });
    await call.say(welcome());
    expect(slave.saved).toEqual([{ pin, addresses: ['host:7378'], key, welcome: welcome() }]);
    expect(call.of('confirm')).toEqual({ type: 'confirm', incarnation: 'one' });
    expect(slave.events).toMatchObject([{ type: 'joined', before: undefined, address: 'host:7378' }]);
    call.close('reset');
    expect(slave.engine.standing).toBe('seeking');
    const again = (await slave.dialled(100)).open();
    expect(again.of('hello')).toMatchObject({ token: undefined, last: 3, incarnation: 'one', group: 'g' });
    expect((again.of('hello') as { run?: string }).run).toBe((call.of('hello') as { run?: string }).run);
  });

  it('does not confirm what could not be stored, and tells the incarnation that is stored', async () => {
    const slave = rig(member);
    const call = (await slave.dialled()).open();
    slave.disk.fails = true;
    await call.say(welcome({ incarnation: 'two' }));
    expect(call.of('confirm')).toBeUndefined();
    expect(slave.events.map(({ type }) => type)).toEqual(['not-stored', 'joined']);
    call.close();
    expect((await slave.dialled(100)).open().of('hello')).toMatchObject({ incarnation: 'one' });
  });

  it('stores the answer once the disk takes it, confirms it then, and tells of both once', async () => {
    const slave = rig(member);
    const call = (await slave.dialled()).open();
    slave.disk.fails = true;
    await call.say(welcome({ incarnation: 'two' }));
    await call.say({ type: 'renamed', name: 'shop' });
    await slave.alive(call, 20);
    expect(call.of('confirm')).toBeUndefined();
    slave.disk.fails = false;
    await slave.alive(call, 10);
    expect(call.of('confirm')).toEqual({ type: 'confirm', incarnation: 'two' });
    expect(slave.saved.at(-1)?.welcome).toMatchObject({ incarnation: 'two', name: 'shop' });
    expect(slave.events.map(({ type }) => type)).toEqual(['not-stored', 'joined', 'renamed', 'stored']);
    await slave.alive(call, 60);
    expect(slave.saved).toHaveLength(1);
  });

  it('stores no answer any more that came on a connection of before: the master may have offered another one since', async () => {
    const slave = rig(member);
    const call = (await slave.dialled()).open();
    slave.disk.fails = true;
    await call.say(welcome({ incarnation: 'two' }));
    call.close();
    slave.disk.fails = false;
    const again = (await slave.dialled(100)).open();
    await slave.alive(again, 30);
    expect(slave.saved).toEqual([]);
    await again.say(welcome({ incarnation: 'three' }));
    expect(again.of('confirm')).toEqual({ type: 'confirm', incarnation: 'three' });
  });

  it('makes its link with the new key from its welcome on, also while its disk does not take the change of keys', async () => {
    const disk = { fails: true };
    const promote = (): Promise<void> => (disk.fails ? Promise.reject(new Error('no space')) : Promise.resolve());
    const slave = rig({ ...member, rekey: { key: otherPin, token } }, {}, key, { next: otherPin, promote });
    const identities = (): readonly string[] => slave.engine.linkTargets.map(({ identity }) => identity);
    expect(identities()).toEqual(Array.from(identities(), () => 'current'));
    const call = (await slave.dialled()).open();
    expect(call.target.identity).toBe('next');
    await call.say(welcome({ incarnation: 'two' }));
    expect(slave.events.map(({ type }) => type)).toEqual(['not-stored', 'joined']);
    // The old key is barred now.
    expect(new Set(identities())).toEqual(new Set(['next']));
    disk.fails = false;
    await slave.alive(call, 10);
    expect(slave.events.at(-1)).toEqual({ type: 'stored' });
    expect(slave.saved.at(-1)).toMatchObject({ key: otherPin });
  });

  it('waits before it asks again for a key that its disk does not take', async () => {
    const slave = rig(member);
    const call = (await slave.dialled()).open();
    await call.say({ type: 'rekey', token });
    await slave.pass(999);
    expect([call.ended, slave.calls.length, slave.events.map(({ type }) => type)]).toEqual([true, 1, ['not-stored']]);
    await slave.pass(1);
    expect(slave.calls).toHaveLength(2);
  });

  it('tries the told addresses first, all in turn, and then waits ever longer', async () => {
    const slave = rig({
      ...member,
      welcome: welcome({
        masters: [
          { pin: otherPin, addresses: ['x:1'] },
          { pin, addresses: ['a:1', 'b:2'] },
        ],
      }),
    });
    const tried: string[] = [];
    for (let i = 0; i < 7; i++) {
      const call = await slave.dialled(0);
      tried.push(call.target.address);
      call.close();
      if (i % 3 === 2) await slave.pass(i < 3 ? 100 : 200);
    }
    expect(tried).toEqual(['a:1', 'b:2', 'host:7378', 'a:1', 'b:2', 'host:7378', 'a:1']);
    expect(slave.events.filter((event) => event.type === 'unreachable' && !event.again)).toHaveLength(3);
    expect(slave.engine.linkTargets.map(({ address }) => address)).toEqual(['a:1', 'b:2', 'host:7378']);
  });

  it('goes on to the next address when a dial takes too long', async () => {
    const slave = rig({ ...fresh, addresses: ['a:1', 'b:2'] });
    const call = await slave.dialled();
    await slave.pass(6000);
    expect(call.isDisposed).toBe(true);
    expect((await slave.dialled()).target.address).toBe('b:2');
  });

  it('says a refusal for good once, and tries once a minute', async () => {
    const slave = rig(fresh);
    for (let minute = 0; minute < 3; minute++) {
      const call = (await slave.dialled(minute === 0 ? 0 : 1)).open();
      await call.say({ type: 'refusal', reason: 'the token is not valid', retry: false, code: 'token' });
      call.close('it was refused');
      await slave.pass(59_999);
      expect(slave.calls).toHaveLength(minute + 1);
    }
    expect(slave.events.map((event) => event.type === 'refused' && event.again)).toEqual([false, true, true]);
    expect([slave.engine.mayServe, slave.engine.mayLink]).toEqual([true, false]);
    await (await slave.dialled(1)).open().say(welcome());
    expect([slave.engine.mayServe, slave.engine.mayLink]).toEqual([true, true]);
  });

  it('must not serve while another process does, until it is welcomed', async () => {
    const slave = rig(member);
    expect(slave.engine.mayServe).toBe(true);
    const call = (await slave.dialled()).open();
    await call.say({ type: 'refusal', reason: 'slave 3 is alive at lap', retry: true, code: 'alive' });
    expect(slave.engine.mayServe).toBe(false);
    expect(slave.events.at(-1)).toMatchObject({ type: 'refused', withdraw: true, permanent: false });
    call.close();
    await (await slave.dialled(1000)).open().say(welcome());
    expect(slave.engine.mayServe).toBe(true);
  });

  it('waits on its connection until it is accepted', async () => {
    const slave = rig(fresh);
    const call = (await slave.dialled()).open();
    await call.say({ type: 'wait', reason: 'be accepted' });
    expect([slave.engine.standing, slave.engine.mayServe]).toEqual(['waiting', false]);
    await call.say(welcome());
    expect([slave.engine.standing, slave.engine.mayServe]).toEqual(['joined', true]);
  });

  it('refuses another group, unless its user pasted a line of the same master', async () => {
    const slave = rig(member);
    const call = (await slave.dialled()).open();
    await call.say(welcome({ group: 'other' }));
    expect(slave.events.at(-1)).toMatchObject({
      type: 'refused',
      code: 'group',
      reason: expect.stringMatching(/group other.*group g/) as string,
    });
    expect(slave.saved).toEqual([]);
    const pasted = rig({ ...member, token });
    await (await pasted.dialled()).open().say(welcome({ group: 'other' }));
    expect(pasted.engine.standing).toBe('joined');
  });

  it('takes another pin only with --new-master, and then only for its group; it keeps key and id', async () => {
    const line = parseLine(`new:7378/${otherPin}.${token.id}.${token.secret}`);
    expect(() => joinByLine(member, line)).toThrow(new RegExp(`${otherPin}.*${pin}`));
    const memory = joinByLine(member, line, { newMaster: true });
    const slave = rig(memory);
    const call = (await slave.dialled()).open();
    expect(call.target).toEqual({ address: 'new:7378', pin: otherPin, identity: 'current' });
    expect(call.of('hello')).toMatchObject({ last: 3, group: 'g', incarnation: 'one' });
    await call.say(welcome({ masters: [{ pin: otherPin, addresses: ['new:7378'] }] }));
    expect(slave.saved.at(-1)).toMatchObject({ pin: otherPin });
    expect(slave.saved.at(-1)?.newMaster).toBeUndefined();
    const fooled = rig(memory);
    await (await fooled.dialled()).open().say(welcome({ group: 'other' }));
    expect(fooled.events.at(-1)).toMatchObject({ type: 'refused', code: 'group' });
  });

  it('does what its own options allow with news, and hears none twice', async () => {
    const slave = rig(member, { consent: new Set(['vlan']) });
    const call = (await slave.dialled()).open();
    // It may come while the welcome is being stored.
    void call.say(welcome());
    await call.say({ type: 'news', serial: 2, description: { vlan: 5, run: 'rm' } });
    await call.say({ type: 'news', serial: 1, description: { vlan: 6 } });
    expect(slave.events.filter(({ type }) => type === 'news')).toEqual([{ type: 'news', description: { vlan: 5 }, ignored: ['run'] }]);
  });

  it('speaks with a master of 0.2.0 in its own words', async () => {
    const plainKey = '0'.repeat(32);
    const slave = rig({ addresses: ['host:7001'] }, { plainKey });
    const call = (await slave.dialled()).open();
    expect(call.target.pin).toBeUndefined();
    expect(call.of('hello')).toMatchObject({ key: plainKey });
    slave.engine.tellState('ready');
    const { id, mac, network, mtu, linkPort } = welcome();
    await call.say({ type: 'welcome', id, mac, network, mtu, linkPort });
    await slave.pass(2000);
    expect(new Set(call.sent.map(({ type }) => type))).toEqual(new Set(['hello', 'alive']));
  });

  it('leaves a master that is silent, unless its link brings signs of life', async () => {
    const slave = rig(member);
    const call = (await slave.dialled()).open();
    await call.say(welcome());
    for (let second = 0; second < 8; second++) {
      slave.engine.heard();
      await slave.pass(1000);
    }
    expect(slave.engine.standing).toBe('joined');
    await slave.pass(3500);
    expect(slave.events.at(-1)?.type).toBe('suspect');
    await slave.pass(2000);
    expect(slave.events.at(-1)).toMatchObject({ type: 'lost', reason: 'nothing was received for 5 s' });
    expect(call.isDisposed).toBe(true);
  });

  it('measures the round trip by signs of life', async () => {
    const slave = rig(member);
    const call = (await slave.dialled()).open();
    await call.say(welcome());
    await slave.pass(1000);
    const sent = (call.of('alive') as { sent?: number }).sent ?? 0;
    await slave.pass(30);
    await call.say({ type: 'alive', sent: 7, echo: sent, held: 10 });
    expect(slave.engine.roundTrip).toBe(20);
  });

  it.each([
    [{ type: 'kicked', reason: 'kicked' } as const, 'kicked'],
    [{ type: 'end' } as const, 'ended'],
  ])('is over by %j', async (message, event) => {
    const slave = rig(member);
    const call = (await slave.dialled()).open();
    await call.say(welcome());
    await call.say(message);
    expect([slave.engine.standing, slave.engine.mayServe, slave.events.at(-1)?.type]).toEqual(['over', false, event]);
    await slave.pass(120_000);
    expect(slave.calls).toHaveLength(1);
    // A slave that was thrown out may be told so again; one whose group was ended joins another one by a line.
    expect(slave.saved.at(-1)?.pin).toBe(event === 'kicked' ? member.pin : undefined);
  });

  it('leaves once the master has said so, across connections', async () => {
    const slave = rig(member);
    const call = (await slave.dialled()).open();
    await call.say(welcome());
    let hasLeft = false;
    void slave.engine.leave().then(() => (hasLeft = true));
    expect(call.of('leave')).toBeDefined();
    call.close('reset');
    const again = (await slave.dialled(100)).open();
    await again.say({ type: 'refusal', reason: 'the group does not know this key', retry: false, code: 'unknown' });
    expect([hasLeft, slave.events.at(-1)?.type]).toEqual([true, 'left']);
    expect(slave.saved.at(-1)).toEqual({ addresses: [] });
  });

  it('names both versions when its master speaks another one', async () => {
    const slave = rig(member);
    await (await slave.dialled()).open().say({ type: 'other-version', of: 'welcome', version: '2', software: '9.0' });
    expect(slave.events.at(-1)).toMatchObject({ code: 'version', reason: expect.stringMatching(/9\.0.*0\.3\.0/) as string });
  });

  it('joins with a new identity without the incarnation of the old one', async () => {
    const slave = rig({ ...member, token }, {}, 'q'.repeat(32));
    expect((await slave.dialled()).open().of('hello')).toMatchObject({ token, last: undefined, incarnation: undefined });
  });
});

describe('the state of a slave', () => {
  it('is read as it was written', () => {
    const letters = (length: number): fc.Arbitrary<string> =>
      fc.string({ unit: fc.constantFrom('a', 'k', '7'), minLength: length, maxLength: length });
    const some = fc.record({ id: letters(8), secret: letters(26) });
    const memory = fc.record({
      pin: fc.option(letters(32), { nil: undefined }),
      addresses: fc.array(fc.string()),
      token: fc.option(some, { nil: undefined }),
      key: fc.option(letters(32), { nil: undefined }),
      welcome: fc.option(fc.constant(welcome()), { nil: undefined }),
      nextPins: fc.option(fc.array(letters(32), { maxLength: 2 }), { nil: undefined }),
      formerPins: fc.option(fc.array(letters(32)), { nil: undefined }),
      newMaster: fc.constantFrom(true as const, undefined),
      rekey: fc.option(fc.record({ key: letters(32), token: some }), { nil: undefined }),
    });
    fc.assert(
      fc.property(memory, (value) => {
        expect(decodeSlaveMemory(encodeSlaveMemory(value))).toEqual(value);
      }),
    );
  });

  it.each([
    '',
    '{}',
    '{"version":1}',
    '{"version":2,"addresses":[]}',
    '{"version":1,"addresses":[],"token":{}}',
    '{"version":1,"addresses":[],"welcome":{}}',
  ])('is damaged: %s', (text) => expect(decodeSlaveMemory(text)).toBeUndefined());
});
