import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Plug } from './plug.ts';
import type { Running } from './running.ts';
import { bin, freePort, until, useStage, type Stage } from './stage.ts';

/** Returns a broadcast frame from a station. */
function broadcast(station: number): Buffer {
  return Buffer.concat([Buffer.alloc(6, 0xff), Buffer.from([2, 0, 0, 0, 0, station, 0x88, 0xb5]), Buffer.alloc(46)]);
}

const from = (station: number) => (frame: Uint8Array) => frame[11] === station;

/** Resolves when the switch has said of so many clients that they came. */
async function clientsCame(ours: Running, count: number): Promise<void> {
  await until(
    `${count} clients of ${ours.command}`,
    () => ours.lines.filter((line) => /port \d+: unix prog .* pid=\d+(?:"|$)/.test(line)).length >= count,
  );
}

/** Two plugs of a switch, which hear each other. */
async function plugInto(stage: Stage, ours: Running, directory: string, ...command: string[]): Promise<readonly [Plug, Plug]> {
  const plugs = [new Plug(stage, directory, ...command), new Plug(stage, directory, ...command)] as const;
  await clientsCame(ours, 2);
  // A client looks for the name of its port's socket after the switch has told that it came.
  plugs[0].send(broadcast(7));
  await plugs[1].hears('the first one', from(7));
  return plugs;
}

/** Has one plug hear the other, and a third one that comes now. */
async function hearEachOther(
  stage: Stage,
  [a, b]: readonly [Plug, Plug],
  ours: Running,
  directory: string,
  ...command: string[]
): Promise<void> {
  a.send(broadcast(1));
  await b.hears('the other one', from(1));
  const third = new Plug(stage, directory, ...command);
  await clientsCame(ours, 3);
  third.send(broadcast(3));
  await a.hears('the one that came later', from(3));
}

describe('systemd-tmpfiles, with rules of age 0', { timeout: 60_000 }, () => {
  const stage = useStage(['systemd-tmpfiles', 'vde_plug', 'unixcmd']);

  async function clean(directory: string): Promise<void> {
    const rules = stage.path('rules.conf');
    writeFileSync(rules, `e ${directory} - - - 0\n`);
    // Without the directories that an ordinary user may not read.
    const { status, text } = await stage.run(['systemd-tmpfiles', '--clean', `--prefix=${directory}`, rules]);
    expect([status, text]).toEqual([0, '']);
  }

  it('removes nothing of a switch: not below their directory, nor in it', async () => {
    mkdirSync(stage.path('real'));
    symlinkSync('real', stage.path('link'));
    const [directory, management] = [stage.path('link', 'sw'), stage.path('link', 'mgmt')];
    const ours = await stage.vdeSwitch('-s', directory, '-M', management, '--nostdin', '-p', stage.path('real', 'pid'));
    writeFileSync(join(directory, 'old'), '');
    const plugs = await plugInto(stage, ours, directory);
    const before = readdirSync(directory).sort();
    await clean(stage.path('real'));
    // The directory is locked, and the console's socket is known to live by its real name.
    expect(readdirSync(stage.path('real')).sort()).toEqual(['mgmt', 'sw']);
    expect(readdirSync(directory).sort()).toEqual(before);
    await clean(stage.path('real', 'sw'));
    expect(readdirSync(directory).sort()).toEqual(before.filter((name) => name !== 'old'));
    await hearEachOther(stage, plugs, ours, directory);
    const { text } = await stage.run(['unixcmd', '-s', management, '-f', '/etc/vde2/vdecmd', 'showinfo']);
    expect(text).toContain('etherloom');
    expect(ours.lines.filter((line) => line.includes('removed'))).toEqual([]);
  });

  it('removes sockets with long paths from a directory that its rule names, and they are made again', async () => {
    const directory = stage.path('x'.repeat(150));
    const management = join(directory, 'mgmt');
    const ours = await stage.vdeSwitch('-s', directory, '-M', management, '--nostdin');
    const plugs = await plugInto(stage, ours, directory, bin('vde_plug'));
    await clean(directory);
    expect(readdirSync(directory)).toEqual([]);
    await ours.line(/ctl was removed, and is made again/);
    await ours.line(/mgmt was removed, and is made again/);
    await hearEachOther(stage, plugs, ours, directory, bin('vde_plug'));
    expect((await stage.run([bin('vdecmd'), '-s', management, 'showinfo'])).text).toContain('etherloom');
  });
});

describe('a directory that was removed', { timeout: 60_000 }, () => {
  const stage = useStage(['vde_plug']);
  const path = (name: string): string => stage.path(name);

  it.each([
    ['vde_switch', () => stage.vdeSwitch('-s', path('sw'), '-M', path('mgmt'), '--nostdin', '-p', path('pid'))],
    ['etherloom switch', () => stage.etherloom('switch', '--sock', path('sw'), '--mgmt', path('mgmt'))],
    [
      'etherloom master',
      async () => {
        const listen = `127.0.0.1:${await freePort()}`;
        return stage.etherloom(
          'master',
          '--listen',
          listen,
          '--subnet',
          '10.77.0.0/24',
          '--sock',
          path('sw'),
          '--state',
          path('st'),
          '--mgmt',
          path('mgmt'),
        );
      },
    ],
  ])('is made again by %s, and its clients stay', async (_name, start) => {
    const ours = await start();
    const plugs = await plugInto(stage, ours, path('sw'));
    rmSync(path('sw'), { recursive: true });
    rmSync(path('mgmt'));
    await ours.line(/sw was removed, and is made again for new clients; those that are connected stay/);
    await ours.line(/mgmt was removed, and is made again/);
    await hearEachOther(stage, plugs, ours, path('sw'));
    expect((await stage.run([bin('vdecmd'), '-s', path('mgmt'), 'showinfo'])).text).toContain('etherloom');
    expect((await ours.end()).status).toBe(0);
    expect(readdirSync(stage.path()).filter((name) => name !== 'st')).toEqual([]);
  });

  it('is no matter to a wire, whose console is made again, too', async () => {
    await stage.vdeSwitch('-s', path('sw'), '--nostdin');
    const wire = stage.start([bin('wirefilter'), '-v', `${path('sw')}:${path('sw')}`, '-M', path('wire')]);
    await until('its console is there', () => existsSync(path('wire')));
    rmSync(path('wire'));
    await wire.line(/wire was removed, and is made again/);
    const { text } = await stage.run([bin('vdecmd'), '-s', path('wire'), 'showinfo']);
    expect(text).toContain('WireFilter');
    expect((await wire.end()).status).toBe(0);
  });

  it('is left to a switch that was started meanwhile, and the old one ends without a trace', async () => {
    const old = await stage.vdeSwitch('-s', path('sw'), '-M', path('mgmt'), '--nostdin');
    const plugs = await plugInto(stage, old, path('sw'));
    rmSync(path('sw'), { recursive: true });
    rmSync(path('mgmt'));
    const young = await stage.vdeSwitch('-s', path('sw'), '-M', path('mgmt'), '--nostdin');
    const others = await plugInto(stage, young, path('sw'));
    await old.line(/sw is another process's now: this one goes on for the clients that it has/);
    await old.line(/mgmt is another process's now/);
    plugs[0].send(broadcast(9));
    await plugs[1].hears('the other one at the old switch', from(9));
    const before = readdirSync(path('sw')).sort();
    expect((await old.end()).status).toBe(0);
    expect(readdirSync(path('sw')).sort()).toEqual(before);
    await hearEachOther(stage, others, young, path('sw'));
    expect(
      readdirSync(stage.path())
        .map((name) => basename(name))
        .sort(),
    ).toEqual(['mgmt', 'sw']);
    expect(others[0].heard.some(({ frame }) => from(9)(frame))).toBe(false);
  });

  it('with its pid file ends the switch', async () => {
    const ours = await stage.vdeSwitch('-s', path('sw'), '--nostdin', '-p', path('pid'));
    rmSync(path('sw'), { recursive: true });
    rmSync(path('pid'));
    await ours.line(/pid and .*sw were removed: no client can reach this switch any more, and it ends/);
    expect((await ours.exit).status).toBe(0);
    expect(readdirSync(stage.path())).toEqual([]);
  });
});
