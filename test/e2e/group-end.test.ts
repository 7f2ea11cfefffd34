import { describe, expect, it } from 'vitest';
import { bin, freePort, poisoned, useStage, type Output } from './stage.ts';

const ended = { status: 0, signal: null };

describe('a membership that is over', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  const line = (): string => stage.path('line');
  const place = (name: string): string[] => ['--sock', stage.path(name), '--state', stage.path(`${name}s`)];
  const run = (...args: string[]): Promise<Output> => stage.run([bin('etherloom'), ...args], poisoned);
  const master = (port: number): ReturnType<typeof stage.etherloom> =>
    stage.etherloom(...stage.masterWords({ port }), '--line-file', line());
  const join = async (name: string): ReturnType<typeof stage.etherloom> => {
    const slave = stage.start(['sh', '-c', `exec "$@" < ${line()}`, '-', bin('etherloom'), 'join', '-', ...place(name)], poisoned);
    await slave.line(/linked to/);
    return slave;
  };

  it('is forgotten by a slave that leaves: it ends, and joins again by a line alone, with another id', async () => {
    await master(await freePort());
    const slave = await join('s');
    expect(await run('group', 'leave', '--state', stage.path('ss'))).toMatchObject({ status: 0, text: 'this host has left the group' });
    expect(await slave.exit).toEqual(ended);
    for (const command of ['slave', 'join']) {
      expect(await run(command, ...place('s'))).toMatchObject({
        status: 1,
        text: expect.stringMatching(/this state has not joined a group; give the line/) as string,
      });
    }
    const again = await join('s');
    expect(again.lines).toContain('id 2');
  });

  it('is told to all when the group is ended, also to those that come later', async () => {
    const port = await freePort();
    const first = await master(port);
    const [there, late] = [await join('s1'), await join('s2')];
    expect(await late.end('SIGKILL')).toMatchObject({ signal: 'SIGKILL' });
    expect(await run('group', 'end', '--state', stage.path('ms'))).toMatchObject({ status: 0, text: 'the group has ended' });
    expect([await first.exit, await there.exit]).toEqual([ended, ended]);
    const second = await master(port);
    await second.line(/the group of this state was ended/);
    expect(await run('token', 'new', '--state', stage.path('ms'))).toMatchObject({ status: 1 });
    const returned = stage.start([bin('etherloom'), 'join', ...place('s2')], poisoned);
    await returned.line(/the group was ended/);
    await returned.exit;
    expect(await run('join', ...place('s2'))).toMatchObject({
      status: 1,
      text: expect.stringContaining('has not joined a group') as string,
    });
  });
});
