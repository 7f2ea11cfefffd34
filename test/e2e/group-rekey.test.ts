import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryFiles } from '../../src/star/memory-files.ts';
import type { Hello } from '../../src/star/messages.ts';
import { identityFile, nextIdentityFile, openIdentity, type Identity } from '../../src/star/node/identity-files.ts';
import type { SlaveMemory } from '../../src/star/slave-memory.ts';
import { eventually } from '../eventually.ts';
import { DoorStage, welcome } from '../star/node/door-stage.ts';
import { OneUser } from './group-rig.ts';
import { useStage } from './stage.ts';

/** The pin that the thief tells. */
const ofThief = 'x'.repeat(32);
const pinsOf = (line: string): readonly string[] => line.split('/').at(-1)?.split('.').slice(0, -2) ?? [];
const portOf = (line: string): number => Number(/:(\d+)\//.exec(line)?.[1]);
const membershipOf = (user: OneUser, name: string): SlaveMemory =>
  JSON.parse(readFileSync(join(user.state(name), 'membership.json'), 'utf8')) as SlaveMemory;

/** Returns the key in a state directory, as a thief copies it. */
async function stolen(user: OneUser): Promise<Identity> {
  const files = new MemoryFiles();
  await files.write(identityFile, readFileSync(join(user.state('m'), identityFile), 'utf8'));
  return openIdentity(files);
}

/** Listens at the master's place with its old key, welcomes members as the master does, and tells them another pin. */
function thiefAt(port: number, identity: Identity, heard: Hello[]): Promise<DoorStage> {
  const masters = [{ pin: identity.fingerprint, addresses: [`127.0.0.1:${port}`] }];
  return DoorStage.open(
    {
      listen: { host: '127.0.0.1', port },
      control: (_, channel) => ({
        heard: () => undefined,
        closed: () => undefined,
        message: (message) => {
          if (message.type !== 'hello') return;
          heard.push(message);
          const { last = 1, group, incarnation } = message;
          channel.send({ ...welcome(last), software: '0.3.0', group, incarnation, name: 'host', masters });
          channel.send({ type: 'next-pin', pin: ofThief });
        },
      }),
    },
    undefined,
    identity,
  );
}

describe('a master whose key was stolen', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  it('gives its members a new pin, and a thief with the old key gets none of them afterwards', async () => {
    const user = new OneUser(stage);
    const master = await user.master();
    const [first] = [user.line()];
    const port = portOf(first);
    const key = await stolen(user);
    const a = await user.join('a', first);
    const b = await user.join('b', await user.newLine());
    await b.end();
    const before = await user.newLine();
    const said = await user.do('m', 'group', 'rekey');
    expect(said).toMatch(/^the next pin of this master is [a-z2-7]{32}; 1 of the members does not have it yet$/m);
    expect(said).toMatch(/^member 2, .*: it is not connected$/m);
    expect(statSync(join(user.state('m'), nextIdentityFile)).mode & 0o777).toBe(0o600);
    await a.line(/the master tells that it will change its key/);
    expect(await user.do('m', 'group')).toMatch(/^member 2, .*, does not have the next pin: it is not connected$/m);
    expect(await user.do('a', 'group')).toContain('the master has told its next pin');

    // A line of now is good now, and after the change.
    const during = await user.newLine();
    const later = await user.newLine();
    const [old = '', next = ''] = pinsOf(during);
    expect([old, said]).toEqual([key.fingerprint, expect.stringContaining(next)]);
    const c = await user.join('c', during);
    const backAgain = await user.join('b', first);
    await master.line(/this master has a new key/);
    for (const slave of [a, c]) await slave.line(/the master has a new key, with the pin .*counts no more/);
    for (const name of ['a', 'b', 'c'])
      await eventually(() => expect(membershipOf(user, name)).toMatchObject({ pin: next, formerPins: [old] }), 20_000);
    await user.do('m', 'group', 'wait', '--members', '3', '--timeout', '20');
    expect(pinsOf(await user.newLine())).toEqual([next]);
    expect(await user.run('join', later, '--only', ...user.place('d'))).toMatchObject({ status: 0 });
    const late = user.start('e', 'join', before);
    const [refused = ''] = await late.line(/no master at .*/);
    for (const part of [old, next, 'token new', '--new-master']) expect(refused).toContain(part);
    await late.end();

    await master.end();
    const heard: Hello[] = [];
    const thief = await thiefAt(port, key, heard);
    const [warning] = await a.line(/no master at .* is not this master.*/);
    expect(warning).toContain('; trying again once a minute');
    expect(warning).toContain(`its key has the pin ${old}, and this host expects ${next}`);
    expect(heard).toEqual([]);
    await thief.door[Symbol.asyncDispose]();
    await user.master('m', '--listen', `127.0.0.1:${port}`);
    // One that met the thief dials within a minute; one that is started again does so at once.
    for (const slave of [a, backAgain, c]) await slave.end();
    for (const name of ['a', 'b', 'c']) await user.start(name, 'slave').line(/^ready$/);
    await user.do('m', 'group', 'wait', '--members', '3', '--timeout', '20');
    // Another change, with all members there.
    await user.do('m', 'group', 'kick', '4');
    const done = await user.do('m', 'group', 'rekey');
    expect(done).toMatch(/^this master has a new key: its pin is [a-z2-7]{32}$/m);
    expect(done).not.toContain(next);
  });

  it('loses no member to a thief who tells another pin: it takes neither, says so, and joins by a new line', async () => {
    const user = new OneUser(stage);
    const master = await user.master();
    const port = portOf(user.line());
    const key = await stolen(user);
    const a = await user.join('a', user.line());
    const b = await user.join('b', await user.newLine());
    await b.end();
    await user.do('m', 'group', 'rekey');
    await a.line(/the master tells that it will change its key/);
    const events = await user.events('a');
    await master.end();
    const heard: Hello[] = [];
    const thief = await thiefAt(port, key, heard);
    await a.line(/different new pins of the master were told/);
    await events.logged({ kind: 'member', change: 'disputed' });
    await thief.door[Symbol.asyncDispose]();
    for (const command of ['group', 'status']) {
      const text = await user.do('a', command);
      expect(text).toContain('was told different new pins of its master');
      expect(text).toContain(ofThief);
    }
    const again = await user.master('m', '--listen', `127.0.0.1:${port}`);
    await again.line(/was told different new pins of this master/);
    const changed = await user.do('m', 'group', 'rekey', '--now');
    for (const id of [1, 2]) expect(changed).toMatch(new RegExp(`^member ${id}, .*--new-master$`, 'm'));
    expect(membershipOf(user, 'a').pin).toBe(key.fingerprint);
    await a.end();
    const line = await user.newLine();
    expect((await user.run('join', line, ...user.place('a'))).text).toContain('--new-master');
    await (await user.join('a', line, '--new-master')).line(/^id 1$/);
    expect(membershipOf(user, 'a')).toMatchObject({ pin: pinsOf(line)[0] });
    expect(membershipOf(user, 'a').nextPins).toBeUndefined();
  });
});
