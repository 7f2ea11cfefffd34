import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { asBareUser } from './peers.ts';
import type { Running } from './running.ts';
import { bin, freePort, useStage, type Output } from './stage.ts';

const ended = { status: 0, signal: null };

// The home directory, the user's name and the temporary directory are unknown or useless, and were not asked for.
describe.each([
  ['no HOME', []],
  ['HOME=/proc', ['HOME=/proc']],
  ['a HOME and a TMPDIR that do not exist', ['HOME=/nonexistent', 'TMPDIR=/nonexistent']],
])('a user without a line in the passwd file and with %s', { timeout: 60_000 }, (_, env) => {
  const stage = useStage(['users']);

  const start = async (...command: string[]): Promise<Running> => {
    const running = stage.start([...asBareUser(env), ...command]);
    await running.line(/^ready$/);
    return running;
  };
  const run = (...command: string[]): Promise<Output> => stage.run([...asBareUser(env), ...command]);

  it('runs a vde_switch, and plugs and wires into it', async () => {
    const service = await start(bin('vde_switch'), '--nostdin', '-s', stage.path('v'), '-M', stage.path('mgmt'));
    expect(await run(bin('vde_plug'), stage.path('v'))).toMatchObject(ended);
    expect(await run(bin('dpipe'), bin('vde_plug'), stage.path('v'), '=', 'true')).toMatchObject(ended);
    const wire = stage.start([...asBareUser(env), bin('wirefilter'), '-v', `${stage.path('v')}:${stage.path('v')}`]);
    await wire.line(/starting/);
    await service.line(/port 2: unix prog wirefilter/);
    expect(await wire.end()).toMatchObject({ signal: null });
    expect(await service.end()).toEqual(ended);
  });

  it('runs a switch with a console, and reaches that', async () => {
    const service = await start(bin('etherloom'), 'switch', '--sock', stage.path('s'), '-M', stage.path('mgmt'));
    for (const tool of ['vdecmd', 'unixcmd'] as const) {
      const { status, text } = await run(bin(tool), '-s', stage.path('mgmt'), 'showinfo');
      expect([status, text]).toEqual([0, expect.stringContaining('VDE switch')]);
    }
    for (const tool of ['unixterm', 'vdeterm'] as const) {
      const terminal = stage.start([...asBareUser(env), bin(tool), stage.path('mgmt')]);
      terminal.stdin.write('ds/showinfo\n');
      await terminal.line(/ctl dir/);
      terminal.stdin.end();
      expect(await terminal.exit).toMatchObject({ signal: null });
    }
    expect(await service.end()).toEqual(ended);
  });

  it('runs a star with a station in it', async () => {
    const port = await freePort();
    const own = (name: string): string[] => ['--sock', stage.path(name), '--state', stage.path(`${name}.state`)];
    const master = await start(bin('etherloom'), 'master', '--listen', `127.0.0.1:${port}`, '--subnet', '10.77.0.0/24', ...own('m'));
    const slave = await start(bin('etherloom'), 'slave', '--master', `127.0.0.1:${port}`, ...own('s'));
    const station = await start(bin('etherloom'), 'station', '--sock', stage.path('s'), '--id', '1');
    await station.line(/ready, 10\.77\.0\.11/);
    for (const one of [station, slave, master]) expect(await one.end()).toEqual(ended);
    expect((await run(bin('etherloom'), 'guest', 'stop', '--state', stage.path('m.state'))).text).toBe('no guest runs');
  });
});

describe('a user without a line in the passwd file and without HOME', { timeout: 60_000 }, () => {
  const stage = useStage(['users']);

  it('has the state of a master beside its sockets, and is warned of that', async () => {
    const env = [`XDG_RUNTIME_DIR=${stage.path()}`];
    const master = stage.start([...asBareUser(env), bin('etherloom'), 'master', '--listen', '127.0.0.1:0', '--subnet', '10.77.0.0/24']);
    await master.line(/^ready$/);
    await master.line(/no home directory.*--state/);
    expect(existsSync(stage.path('etherloom', 'master.state', 'server-mac'))).toBe(true);
    expect(await master.end()).toEqual(ended);
  });

  it('is asked where to build a guest', async () => {
    const { status, text } = await stage.run([...asBareUser(), bin('etherloom'), 'guest', 'build']);
    expect([status, text]).toEqual([1, expect.stringMatching(/no home directory.*etherloom guest build DIR$/)]);
  });
});
