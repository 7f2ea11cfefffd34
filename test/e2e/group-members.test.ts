import { describe, expect, it } from 'vitest';
import { OneUser } from './group-rig.ts';
import { onSlowDisk } from './slow-disk.ts';
import { bin, freePort, until, useStage } from './stage.ts';

const done = { status: 0, signal: null };
const failed = { status: 1, signal: null };

describe('a host that waits, at a master with --approve', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  it('neither serves nor is linked until it is accepted, and all of that is told', async () => {
    const user = new OneUser(stage);
    const master = await user.master('m', '--approve');
    const events = await user.events();
    const slave = user.start('s', 'join', user.line(), '--name', 'web');
    await slave.line(/"level":40.*node 1 \(web\) waits until it is accepted: run \\"etherloom group accept 1\\" at the master/);
    await master.line(/"level":40.*slave 1 \(web\) at .* waits until it is accepted: run \\"etherloom group accept 1\\"/);
    expect((await user.members()).get(1)).toMatchObject({ state: 'waiting' });
    expect(await user.do('m', 'group')).toContain('member 1, web, waits: etherloom group accept 1');
    expect(slave.lines.filter((line) => /^ready$|linked to/.test(line))).toEqual([]);
    expect(await user.do('m', 'group', 'accept', '1')).toBe('member 1 is accepted');
    await slave.line(/^ready$/);
    await slave.line(/"msg":"linked to /);
    await master.line(/"level":40.*slave 1 at .* joined as web by token [a-z2-7]{8}: it is new/);
    for (const change of ['waiting', 'accepted', 'joined', 'linked']) await events.logged({ kind: 'member', change, id: 1 });
    // It waits once: neither a restart nor the line again makes it wait.
    await slave.end();
    await user.join('s', user.line());
    expect(await user.run('group', 'accept', '1', '--state', user.state('m'))).toMatchObject({
      ...failed,
      text: expect.stringContaining('does not wait') as string,
    });
  });

  it('is kicked as any other', async () => {
    const user = new OneUser(stage);
    await user.master('m', '--approve');
    const slave = user.start('s', 'join', user.line());
    await slave.line(/waits until it is accepted/);
    await user.do('m', 'group', 'kick', '1');
    expect(await slave.exit).toEqual(failed);
    expect(slave.lines.at(-1)).toMatch(/refused this slave: it was kicked out of the group/);
    expect([...(await user.members()).keys()]).toEqual([0]);
  });
});

describe('a kick', { timeout: 60_000 }, () => {
  const stage = useStage(['strace']);

  it('ends a member that is linked, away or stopped, and keeps its host out: by the key, and with a new key by the line', async () => {
    const user = new OneUser(stage);
    const master = await user.master();
    const line = user.line();
    const [linked, away, stopped] = await Promise.all(
      ['linked', 'away', 'stopped'].map(async (name) => user.join(name, line, '--name', name)),
    );
    const idOf = async (name: string): Promise<string> =>
      String([...(await user.members()).values()].find((member) => member.name === name)?.id);
    await user.run('group', 'wait', '--members', '3', '--state', user.state('m'));
    await away?.end();
    stopped?.signal('SIGSTOP');
    const kicked = await user.do('m', 'group', 'kick', await idOf('linked'));
    expect(kicked).toMatch(
      /^member \d, linked, is kicked, and its key is barred; the token [a-z2-7]{8}, by which 2 other members came, is revoked$/,
    );
    expect(await linked?.exit).toEqual(failed);
    await user.do('m', 'group', 'kick', await idOf('away'));
    await user.do('m', 'group', 'kick', await idOf('stopped'));
    stopped?.signal('SIGCONT');
    expect(await stopped?.exit).toEqual(failed);
    expect([...(await user.members()).keys()]).toEqual([0]);

    // The key is barred, whether its host comes again with the line or without.
    for (const words of [['slave'], ['join', line]]) {
      const again = user.start('away', ...words);
      await again.line(/the master refused: the key of node \d \(away\) was kicked out of the group; run \\"etherloom identity new\\"/);
      expect(again.lines).not.toContain('ready');
      await again.end();
    }
    // And the token is revoked: a new key does not help.
    await user.do('away', 'identity', 'new');
    const renewed = await user.run('join', line, '--only', ...user.place('away'));
    expect(renewed).toMatchObject({
      ...failed,
      text: expect.stringMatching(/token [a-z2-7]{8} was revoked; join by a new line/) as string,
    });
    expect(await user.run('join', await user.newLine(), '--only', ...user.place('away'))).toMatchObject({
      ...done,
      text: expect.stringMatching(/^id 4$/m) as string,
    });
    expect(master.ended).toBeUndefined();
  });

  it('leaves the token to others by --keep-token, and says how many came by it', async () => {
    const user = new OneUser(stage);
    await user.master();
    for (const name of ['a', 'b']) expect(await user.run('join', user.line(), '--only', ...user.place(name))).toMatchObject(done);
    expect(await user.do('m', 'group', 'kick', '1', '--keep-token')).toMatch(
      /; the token [a-z2-7]{8}, by which 1 other member came, is kept$/,
    );
    expect(await user.run('join', user.line(), '--only', ...user.place('c'))).toMatchObject(done);
    expect(await user.run('group', 'kick', '1', '--state', user.state('m'))).toMatchObject({
      ...failed,
      text: expect.stringContaining('there is no member 1') as string,
    });
  });

  it('keeps out a host whose welcome is being written', async () => {
    const user = new OneUser(stage);
    const words = ['master', '--listen', `127.0.0.1:${await freePort()}`, '--line-file', user.lineFile(), ...user.place('m')];
    const first = stage.start([bin('etherloom'), ...words], { env: user.env });
    await first.line(/^ready$/);
    await first.end();
    const journal = `${user.state('m')}/group.journal`;
    const master = stage.start(onSlowDisk([bin('etherloom'), ...words], 'pwrite64', journal, 1500), { env: user.env });
    await master.line(/^ready$/);
    const slave = user.start('s', 'join', user.line());
    await until('the join is being written', async () => (await user.members()).has(1), 20_000);
    expect(master.lines.join('\n')).not.toContain('joined');
    await user.do('m', 'group', 'kick', '1');
    expect(await slave.exit).toEqual(failed);
    expect(slave.lines.at(-1)).toMatch(/refused this slave: the key of node 1 \(.*\) was kicked out of the group/);
    expect([...(await user.members()).keys()]).toEqual([0]);
  });

  it('keeps out a host that is storing its welcome', async () => {
    const user = new OneUser(stage);
    const master = await user.master();
    const membership = `${user.state('s')}/membership.json.next`;
    const words = [bin('etherloom'), 'join', user.line(), ...user.place('s')];
    const slave = stage.start(onSlowDisk(words, 'rename', membership, 1500), { env: user.env });
    await master.line(/slave 1 at .* joined/);
    await user.do('m', 'group', 'kick', '1');
    expect(await slave.exit).toEqual(failed);
    expect(slave.lines).not.toContain('ready');
    expect(slave.lines.at(-1)).toMatch(/refused this slave: it was kicked out of the group/);
  });
});
