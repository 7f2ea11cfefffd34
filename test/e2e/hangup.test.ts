import { existsSync, readFileSync, renameSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Running } from './running.ts';
import { bin, freePort, poisoned, until, useStage } from './stage.ts';
import { VdeStation } from './vde-station.ts';

const ended = { status: 0, signal: null };
const managers = { INVOCATION_ID: 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff', NOTIFY_SOCKET: '/run/systemd/notify' };

describe('SIGHUP', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  const masterAt = (port: number): string[] => [bin('etherloom'), ...stage.masterWords({ port })];
  const switchAt = (...more: string[]): string[] => [bin('etherloom'), 'switch', '--sock', stage.path('sw'), ...more];

  /** Without a terminal, whether the tests have one or not, and with standard error in a file. */
  const detached = (command: readonly string[], env: Readonly<Record<string, string>>): Running =>
    stage.start(['setsid', 'sh', '-c', `exec "$0" "$@" 2>>${stage.path('log')}`, ...command], { env: { ...poisoned.env, ...env } });

  async function serves(directory: string): Promise<void> {
    const [left, right] = [await VdeStation.plug(directory), await VdeStation.plug(directory)];
    left.send([left.frame('all', 0)]);
    right.awaitFrame();
  }

  it('ends a master in the foreground, also one in a terminal that a service manager started', async () => {
    const alone = detached(masterAt(await freePort()), {});
    await alone.line(/^ready$/);
    expect(await alone.end('SIGHUP')).toEqual(ended);
    expect(existsSync(stage.path('m'))).toBe(false);
    const env = { ...poisoned.env, ...managers };
    const terminal = stage.start(['script', '-qec', `exec ${switchAt('--pidfile', stage.path('pid')).join(' ')}`, '/dev/null'], { env });
    await terminal.line(/^ready/);
    process.kill(Number(readFileSync(stage.path('pid'), 'utf8')), 'SIGHUP');
    expect(await terminal.exit).toEqual(ended);
    expect(existsSync(stage.path('sw'))).toBe(false);
  });

  it.each(Object.entries(managers))('lets a master under a service manager (%s) open its log again', async (name, value) => {
    const port = await freePort();
    const master = detached(masterAt(port), { [name]: value });
    await master.line(/^ready$/);
    renameSync(stage.path('log'), stage.path('log.1'));
    master.signal('SIGHUP');
    await until('it has a new log', () => existsSync(stage.path('log')));
    connect(port + 1, '127.0.0.1').end('{}\n');
    await until('it logs there', () => readFileSync(stage.path('log'), 'utf8').includes('ended without a hello'));
    expect(readFileSync(stage.path('log.1'), 'utf8')).not.toContain('ended without a hello');
    await serves(stage.path('m'));
    expect(await master.end()).toEqual(ended);
  });

  it('lets a switch go on under nohup', async () => {
    const node = stage.start(['setsid', 'nohup', ...switchAt()], poisoned);
    await node.line(/^ready$/);
    node.signal('SIGHUP');
    await serves(stage.path('sw'));
    expect(await node.end()).toEqual(ended);
  });

  it('lets a switch in the background go on', async () => {
    expect((await stage.run(switchAt('--daemon', '--pidfile', stage.path('pid')), poisoned)).status).toBe(0);
    const pid = Number(readFileSync(stage.path('pid'), 'utf8'));
    process.kill(pid, 'SIGHUP');
    await serves(stage.path('sw'));
    process.kill(pid, 'SIGTERM');
    await until('it has ended', () => !existsSync(stage.path('pid')));
  });
});
