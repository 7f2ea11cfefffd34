import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answers, bindFile, connectPath, datagramSocket, listen, streamSocket } from '../../src/system/unix-socket.ts';
import { bin, poisoned, until, useStage, type Stage } from './stage.ts';
import { VdeStation } from './vde-station.ts';

/** A switch that was started in `home` as `-s a`, and the places from which it is named. */
const places = [
  { from: 'home', name: 'a' },
  { from: 'home/child', name: '../a' },
  { from: 'elsewhere', name: '../home/a' },
] as const;

interface Client {
  readonly command: (name: string) => readonly string[];
  /** The console's line about the client, besides its process id where that is shown. */
  readonly shown: string;
}

/** Each program of ours that plugs into a switch, by the name that it is given. */
const clients: Readonly<Record<string, Client>> = {
  vde_plug: { command: (name) => [bin('vde_plug'), '-D', 'plug', name], shown: 'plug user=' },
  'vde_plug in dpipe': {
    command: (name) => [bin('dpipe'), bin('vde_plug'), '-D', 'piped', name, '=', 'sleep', '1000'],
    shown: 'piped user=',
  },
  'wirefilter -v': { command: (name) => [bin('wirefilter'), '-v', `${name}:-`], shown: 'wirefilter: user=' },
  'etherloom station': { command: (name) => [bin('etherloom'), 'station', '--sock', name, '--id', '7'], shown: 'station 02:65:6c' },
  'etherloom switch --port': {
    command: (name) => [bin('etherloom'), 'switch', '--sock', './own', '--port', `vde://${name}`],
    shown: 'etherloom pid=',
  },
  'the original vde_plug': { command: (name) => ['vde_plug', '-D', 'original', name], shown: 'original user=' },
};

/** Starts a switch in `home`, by relative names. */
async function serve(stage: Stage, program: string, how: readonly string[]): Promise<void> {
  for (const directory of ['home', 'home/child', 'elsewhere']) mkdirSync(stage.path(directory), { recursive: true });
  const command = [program, '-s', 'a', '-n', '64', '-M', stage.path('console'), ...how];
  const running = stage.start(command, { ...poisoned, cwd: stage.path('home') });
  await until('the switch serves', () => answers(stage.path('home/a/ctl'), 'stream') && answers(stage.path('console'), 'stream'));
  if (how.includes('-d')) {
    const pid = Number(readFileSync(stage.path('pid'), 'utf8'));
    onTestFinished(() => void process.kill(pid, 'SIGTERM'));
  } else expect(running.ended, running.lines.join()).toBeUndefined();
}

/** Each has a switch of its own: the original one keeps the port of a client that ends before it has read its reply. */
const cases = ['ours', 'the original'].flatMap((whose) =>
  ['in the foreground', 'in the background'].flatMap((where) => places.map((place) => ({ whose, where, ...place }))),
);

describe('a switch that was started by a relative name', { timeout: 60_000 }, () => {
  const stage = useStage(['vde_switch', 'vde_plug']);

  it.each(cases)('is reached by relative names: $whose, $where, from $from', async ({ whose, where, from, name }) => {
    const how = where === 'in the background' ? ['-d', '-p', stage.path('pid')] : [];
    await serve(stage, whose === 'ours' ? bin('vde_switch') : 'vde_switch', how);
    const running = Object.values(clients).map(({ command, shown }) => {
      const process = stage.start(command(name), { ...poisoned, cwd: stage.path(from) });
      return { process, shown };
    });
    const missing = async (): Promise<string[]> => {
      const { text } = await stage.run([bin('vdecmd'), '-s', stage.path('console'), 'port/print']);
      return Object.keys(clients).filter((_, i) => !text.includes(running[i]?.shown ?? ''));
    };
    let last: readonly string[] = [];
    await until('all are plugged in', async () => (last = await missing()).length === 0).catch(() => undefined);
    expect(last).toEqual([]);
    await Promise.all(running.map(({ process }) => process.end()));
  });
});

describe('our switch in the background, with relative names', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  it.each(['vde_switch', 'etherloom'] as const)('keeps its files in the directory in which it was started: %s', async (program) => {
    const cwd = stage.path('home');
    mkdirSync(cwd);
    writeFileSync(join(cwd, 'rc'), 'vlan/create 7\n');
    const command = [bin(program), ...(program === 'etherloom' ? ['switch'] : [])];
    const started = await stage.run([...command, '-d', '-s', 'a', '-M', 'm', '-p', 'p', '-f', 'rc'], { ...poisoned, cwd });
    expect([started.status, started.text]).toEqual([0, program === 'etherloom' ? expect.any(String) : '']);
    expect((await stage.run([bin('vdecmd'), '-s', 'm', 'showinfo'], { cwd })).text).toContain(`mgmt ${cwd}/m perm 0600`);
    expect((await stage.run([bin('vdecmd'), '-s', 'm', 'vlan/allprint'], { cwd })).text).toContain('VLAN 0007');
    expect(existsSync(join(cwd, 'p'))).toBe(true);
    await stage.run([bin('vdecmd'), '-s', '../home/m', 'shutdown'], { cwd });
    await until('its files are gone', () => ['m', 'p', 'a'].every((name) => !existsSync(join(cwd, name))));
  });

  it('reaches by its ports what comes later, and leaves no socket behind', async () => {
    const cwd = stage.path('home');
    mkdirSync(cwd);
    const ports = ['qemu://local,remote', 'qemu-stream://./dialled', 'qemu-stream-listen://./listening'];
    const options = ['-d', '-s', 'a', '-M', 'm', ...ports.flatMap((port) => ['--port', port])];
    expect((await stage.run([bin('etherloom'), 'switch', ...options], { ...poisoned, cwd })).status).toBe(0);
    // The socket that QEMU makes, after the switch has left the directory.
    const datagrams = datagramSocket();
    bindFile(datagrams, { path: join(cwd, 'remote'), mode: 0o600 });
    connectPath(datagrams, join(cwd, 'local'));
    const listener = streamSocket();
    bindFile(listener, { path: join(cwd, 'dialled'), mode: 0o600 });
    listen(listener, 1);
    const printed = async (): Promise<string> => (await stage.run([bin('vdecmd'), '-s', 'm', 'port/print'], { cwd })).text;
    await until('it reaches both', async () => /qemu +: .*remote[^]*qemu +: .*dialled/.test(await printed()));
    const station = await VdeStation.plug(join(cwd, 'a'));
    station.send([station.frame('all', 1)]);
    await stage.run([bin('vdecmd'), '-s', 'm', 'shutdown'], { cwd });
    await until('its sockets are gone', () => ['m', 'local', 'listening', 'a/ctl'].every((name) => !existsSync(join(cwd, name))));
  });
});
