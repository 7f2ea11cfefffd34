import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bin, until, useStage } from './stage.ts';
import { startSystemLog } from './system-log.ts';

describe('our vde_switch in the background', { timeout: 60_000 }, () => {
  const stage = useStage(['mounts', 'socat', 'vde_plug']);

  it('tells the system log who comes, under its name and process id', async () => {
    const [directory, pidfile] = [stage.path('sw'), stage.path('pid')];
    const { logged, enter } = await startSystemLog(stage);
    const started = await stage.run([...enter, bin('vde_switch'), '-s', directory, '-d', '-p', pidfile]);
    expect([started.status, started.text]).toEqual([0, '']);
    const pid = Number(readFileSync(pidfile, 'utf8'));
    const plug = stage.start(['vde_plug', directory], { binary: true });
    await until('the log knows of the client', () => existsSync(logged) && readFileSync(logged, 'utf8').includes('unix prog'));
    expect(readFileSync(logged, 'utf8')).toMatch(new RegExp(`<30>.* vde_switch\\[${pid}\\]: port 1: unix prog vdeplug`));
    plug.stdin.end();
    await plug.exit;
    process.kill(pid, 'SIGTERM');
    await until('it has ended', () => !existsSync(pidfile));
  });

  it('says what is wrong where it was started, and with which code it ended', async () => {
    const used = await stage.vdeSwitch('-s', stage.path('used'), '--nostdin');
    const refused = await stage.run([bin('vde_switch'), '-s', stage.path('used'), '-d']);
    expect(refused.status).toBe(255);
    expect(refused.text).toMatch(/a switch is already serving/);
    const wrong = await stage.run([bin('vde_switch'), '-s', stage.path('sw'), '-d', '-n', '0']);
    expect([wrong.status, wrong.text]).toEqual([1, expect.stringContaining('The switch must have at least 1 port')]);
    await used.end();
  });
});
