import { mkdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NotifySocket } from '../daemon/notify-socket.ts';
import { bin, useStage, type Output } from './stage.ts';
import type { Running } from './running.ts';

describe('the services of groups on one host', { timeout: 90_000 }, () => {
  const stage = useStage([]);
  const env = (more: Readonly<Record<string, string>> = {}): { readonly env: Readonly<Record<string, string>> } => ({
    env: { XDG_RUNTIME_DIR: stage.path('run'), ...more },
  });
  const run = (...words: string[]): Promise<Output> => stage.run([bin('etherloom'), ...words], env());
  const start = (words: readonly string[], more?: Readonly<Record<string, string>>): Running =>
    stage.start([bin('etherloom'), ...words], env(more));

  it('are listed with their groups and names, and the service manager is told when each has joined and is linked', async () => {
    mkdirSync(stage.path('run'), { mode: 0o700 });
    for (const [name, subnet] of [
      ['m1', '10.77.0.0/24'],
      ['m2', '10.78.0.0/24'],
    ] as const) {
      const place = ['--sock', stage.path(name), '--state', stage.path(`${name}s`)];
      const words = ['master', '--listen', '127.0.0.1:0', '--subnet', subnet, ...place, '--line-file', stage.path(`${name}.line`)];
      await start(words).line(/^ready$/);
    }
    const socket = new NotifySocket(stage.path('notify'));
    const words = ['join', '-', '--name', 'web', '--sock', stage.path('s'), '--state', stage.path('ss')];
    const slave = start(words, { NOTIFY_SOCKET: socket.path });
    const token = await run('token', 'new', '--state', stage.path('m1s'), '--json');
    slave.stdin.end((JSON.parse(token.text) as { lines: readonly string[] }).lines[0]);
    await slave.line(/^ready$/);
    await socket.says(/^STATUS=seeks the master at 127/);
    await socket.says(/^STATUS=joined as slave 1 \(web\)/);
    await socket.says(/^READY=1$/);
    await socket.says(/^STATUS=joined as slave 1 \(web\); linked$/);
    expect(await run('group', 'wait', '--members', '1', '--timeout', '20', '--state', stage.path('m1s'))).toMatchObject({ status: 0 });
    expect(await run('group', 'wait', '--members', '1', '--timeout', '20', '--state', stage.path('ss'))).toMatchObject({ status: 0 });
    const late = await run('group', 'wait', '--members', '2', '--timeout', '1', '--state', stage.path('m1s'));
    expect(late).toMatchObject({ status: 1 });
    expect(late.text).toContain('1 of 2 members are linked after 1 s');

    const groups = await Promise.all(
      ['m1s', 'm2s', 'ss'].map(async (state) => {
        return (JSON.parse((await run('group', '--json', '--state', stage.path(state))).text) as { group: string }).group;
      }),
    );
    expect(groups[2]).toBe(groups[0]);
    const { status, text } = await run('group');
    expect(status).toBe(1);
    expect(text).toMatch(new RegExp(`master --state ${stage.path('m1s')} \\(pid \\d+, group ${groups[0]}\\)`));
    expect(text).toMatch(new RegExp(`master --state ${stage.path('m2s')} \\(pid \\d+, group ${groups[1]}\\)`));
    expect(text).toMatch(new RegExp(`slave --state ${stage.path('ss')} \\(pid \\d+, web of group ${groups[0]}\\)`));
    expect(await run('group', 'rename', '1', 'api', '--state', stage.path('m1s'))).toMatchObject({ status: 0 });
    await socket.says(/^STATUS=joined as slave 1 \(api\)/);
    expect((await run('group')).text).toContain(`api of group ${groups[0]}`);
  });
});
