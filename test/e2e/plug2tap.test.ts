import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { card, Host } from './host.ts';
import { bin, until, useStage, type Stage } from './stage.ts';

const plug2tap = { ours: bin('vde_plug2tap'), 'the original': 'vde_plug2tap' };
type Whose = keyof typeof plug2tap;
const whose = Object.keys(plug2tap) as Whose[];

async function twoHosts(stage: Stage): Promise<[Host, Host]> {
  return Promise.all([
    Host.open(stage, { mac: '02:00:00:00:02:01', address: '10.9.0.1/24' }),
    Host.open(stage, { mac: '02:00:00:00:02:02', address: '10.9.0.2/24' }),
  ]);
}

describe('vde_plug2tap', { timeout: 60_000 }, () => {
  const stage = useStage(['namespaces', 'ping', 'vde_plug2tap', 'vde_plug', 'dpipe']);

  it.each(whose)('joins a tap interface to a switch, at the port that is asked for, beside the original: %s', async (side) => {
    const [one, other] = await twoHosts(stage);
    const running = await stage.vdeSwitch('-s', stage.path('sw'), '--nostdin');
    await one.plug(stage.path('sw'), plug2tap[side], ['-p', '7']);
    await running.line(/port 7: unix prog vde_plug2tap: user=\S+ pid=\d+/);
    await other.plug(stage.path('sw'));
    expect(await one.ping('10.9.0.2', { count: 20, interval: 0.01 })).toBe(0);
  });

  it.each(whose)('carries frames on standard input and output with -s -: %s', async (side) => {
    const [one, other] = await twoHosts(stage);
    await stage.vdeSwitch('-s', stage.path('sw'), '--nostdin');
    await other.plug(stage.path('sw'));
    one.start(['dpipe', 'vde_plug', stage.path('sw'), '=', plug2tap[side], '-s', '-', card], { group: true });
    await until('the card has its carrier', async () => (await one.run(['ip', 'link', 'show', card])).text.includes('LOWER_UP'));
    expect(await one.ping('10.9.0.2', { count: 20, interval: 0.01 })).toBe(0);
  });

  it.each(whose)('goes to the background, with a pid file that goes with it, and removes an interface that it made: %s', async (side) => {
    const [host] = await twoHosts(stage);
    await stage.vdeSwitch('-s', stage.path('sw'), '--nostdin');
    const pidfile = stage.path('pid');
    const started = await host.run([plug2tap[side], '-d', '-s', stage.path('sw'), '-P', pidfile, 'made0']);
    expect([started.status, started.text]).toEqual([0, '']);
    await until('the pid file is written', () => existsSync(pidfile));
    expect((await host.run(['ip', 'link', 'show', 'made0'])).status).toBe(0);
    process.kill(Number(readFileSync(pidfile, 'utf8')), 'SIGTERM');
    await until('the pid file is gone', () => !existsSync(pidfile));
    expect((await host.run(['ip', 'link', 'show', 'made0'])).status).not.toBe(0);
  });

  it.each(whose)('ends with the switch: %s', async (side) => {
    const [host] = await twoHosts(stage);
    const running = await stage.vdeSwitch('-s', stage.path('sw'), '--nostdin');
    const plug = await host.plug(stage.path('sw'), plug2tap[side]);
    await running.end();
    // The original ends with 1 where it notices by a frame that it cannot send.
    expect(side === 'ours' ? [0] : [0, 1]).toContain((await plug.exit).status);
  });
});

describe('vde_plug2tap that cannot run', { timeout: 60_000 }, () => {
  const stage = useStage(['vde_plug2tap']);

  it.each([
    [[], 255, /^usage:/],
    [['-h'], 255, /^usage:/],
    [['-x', 'tap0'], 255, /unrecognized option '-x'\nusage:/],
    [['-p', 'x', 'tap0'], 255, /x is not a port number/],
    [['-s', '/nonexistent', 'tap0'], 1, /no switch is at \/nonexistent: .*start one/],
  ] as const)('says what is wrong, and ends with the code of the original: %j', async (args, status, text) => {
    const ours = await stage.run([bin('vde_plug2tap'), ...args]);
    expect([ours.status, ours.text]).toEqual([status, expect.stringMatching(text)]);
    expect((await stage.run(['vde_plug2tap', ...args])).status).toBe(status);
  });

  it('refuses a second interface, and names one that it cannot open', async () => {
    await stage.vdeSwitch('-s', stage.path('sw'), '--nostdin');
    expect((await stage.run([bin('vde_plug2tap'), '-s', stage.path('sw'), 'tap0', 'tap1'])).status).toBe(255);
    const refused = await stage.run([bin('vde_plug2tap'), '-s', stage.path('sw'), 'a-name-that-is-too-long']);
    expect([refused.status, refused.text]).toEqual([1, expect.stringContaining('a-name-that-is-too-long')]);
    const help = await stage.run([bin('etherloom'), 'plug2tap', '-h']);
    expect([help.status, help.text]).toEqual([255, (await stage.run([bin('vde_plug2tap'), '-h'])).text]);
  });
});
