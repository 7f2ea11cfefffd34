import { describe, expect, it } from 'vitest';
import { OneUser } from './group-rig.ts';
import { until, useStage } from './stage.ts';

const done = { status: 0, signal: null };
const failed = { status: 1, signal: null };

describe('the operator of a group', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  it('renames a member, and replaces it: another machine gets its id and its name', async () => {
    const user = new OneUser(stage);
    const master = await user.master();
    const old = await user.join('old', user.line(), '--name', 'web');
    await user.join('other', user.line(), '--name', 'db');
    expect(await user.do('m', 'group', 'rename', '1', 'DB')).toBe('member 1 is db-2');
    await old.line(/the name of this slave is db-2 now/);
    const mac = (await user.members()).get(1)?.fingerprint;
    const line = await user.do('m', 'group', 'replace', '1');
    expect(line).toMatch(/good for one host, until /);
    // The old machine serves until the new one comes.
    expect(old.ended).toBeUndefined();
    const next = await user.join('next', line.split('\n')[0] ?? '', '--name', 'ignored');
    expect(next.lines).toContain('id 1');
    expect(await old.exit).toEqual(failed);
    expect(old.lines.at(-1)).toMatch(/refused this slave: another key has taken over its id/);
    const member = (await user.members()).get(1);
    expect(member).toMatchObject({ name: 'db-2' });
    expect(member?.fingerprint).not.toBe(mac);
    await master.line(/slave 1 \(db-2\) has a new key now: the old one is barred/);
    const again = user.start('old', 'slave');
    await again.line(/the master refused: the key of node 1 \(db-2\) was replaced by a new key/);
  });

  it('waits for members with an exit code, and hears why it waits in vain', async () => {
    const user = new OneUser(stage);
    const master = await user.master();
    const wait = (members: string, ...more: string[]): ReturnType<OneUser['run']> =>
      user.run('group', 'wait', '--members', members, '--state', user.state('m'), ...more);
    expect(await wait('1', '--timeout', '1')).toEqual({
      ...failed,
      text: 'etherloom: 0 of 1 members are linked after 1 s; list them by: etherloom group',
    });
    const waiting = wait('1');
    await user.join('s', user.line());
    expect(await waiting).toEqual({ ...done, text: '' });
    const reader = await user.events();
    const inVain = wait('2');
    await until('both hear the master', () => user.listeners() === 2);
    await master.end();
    expect(await inVain).toMatchObject({ ...failed, text: expect.stringMatching(/the service at .* has ended/) as string });
    expect(await reader.exit).toEqual(failed);
  });

  it('sees a member leave, which can join another group then', async () => {
    const user = new OneUser(stage);
    const master = await user.master();
    const slave = await user.join('s', user.line());
    const events = await user.events();
    await user.do('s', 'group', 'leave');
    expect(await slave.exit).toEqual(done);
    await events.logged({ kind: 'member', change: 'left', id: 1 });
    await master.line(/slave 1 \(.*\) left the group for good/);
    expect([...(await user.members()).keys()]).toEqual([0]);
    await user.master('n');
    expect((await user.join('s', user.line('n'))).lines).toContain('id 1');
  });
});
