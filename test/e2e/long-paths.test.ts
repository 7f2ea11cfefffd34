import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bin, freePort, until, useStage, type Stage } from './stage.ts';
import { Plug } from './plug.ts';

/** Returns a broadcast frame from a station. */
function broadcast(station: number): Buffer {
  return Buffer.concat([Buffer.alloc(6, 0xff), Buffer.from([2, 0, 0, 0, 0, station, 0x88, 0xb5]), Buffer.alloc(46)]);
}

const from = (station: number) => (frame: Uint8Array) => frame[11] === station;

/** Returns a path of that many octets on the stage. */
function pathOf(stage: Stage, octets: number): string {
  const short = stage.path('');
  return join(short, 'x'.repeat(octets - join(short, 'x').length + 1));
}

describe('a switch whose directory has a long path', { timeout: 60_000 }, () => {
  const stage = useStage(['vde_plug']);

  it('serves our plugs and consoles, its own clients, and warns of others', async () => {
    const directory = pathOf(stage, 200);
    const console = join(directory, 'mgmt');
    const ours = await stage.vdeSwitch('-s', directory, '-M', console, '--nostdin');
    await ours.line(
      /ctl has 204 octets, and the address of a unix socket holds 107: .*QEMU with -netdev vde .*cannot; .*at most 98 octets/,
    );
    const plugs = [new Plug(stage, directory, bin('vde_plug')), new Plug(stage, directory, bin('vde_plug'))];
    for (const port of [1, 2]) await ours.line(new RegExp(`port ${port}: unix prog`));
    plugs[0]?.send(broadcast(1));
    await plugs[1]?.hears('the frame', from(1));
    const { text } = await stage.run([bin('vdecmd'), '-s', console, 'port/print', '1']);
    expect(text).toContain('endpoint ID');
    // Another switch as its client, and a wire between the two.
    const other = await stage.etherloom('switch', '--sock', stage.path('s'), '--port', `vde://${directory}`);
    await ours.line(/port 3: unix prog etherloom/);
    const third = new Plug(stage, stage.path('s'));
    await other.line(/unix prog/);
    third.send(broadcast(3));
    await plugs[0]?.hears('the frame from behind the link', from(3));
    const wire = stage.start([bin('wirefilter'), '-v', `${directory}:${stage.path('s')}`]);
    await ours.line(/port 4: unix prog/);
    await wire.end();
    expect(await ours.end()).toEqual({ status: 0, signal: null });
    await until('its directory is gone', () => !existsSync(directory));
  });

  it('is for clients of libvdeplug up to 103 octets, and one that cannot connect ends', async () => {
    for (const octets of [98, 103]) {
      const directory = pathOf(stage, octets);
      const ours = await stage.vdeSwitch('-s', directory, '--nostdin');
      const plugs = [new Plug(stage, directory), new Plug(stage, directory)];
      for (const port of [1, 2]) await ours.line(new RegExp(`port ${port}: unix prog`));
      plugs[1]?.send(broadcast(2));
      await plugs[0]?.hears(`the frame at ${octets} octets`, from(2));
      await ours.end();
    }
    const directory = pathOf(stage, 104);
    await stage.vdeSwitch('-s', directory, '--nostdin');
    const { status, text } = await stage.run(['vde_plug', directory]);
    expect([status, text]).not.toEqual([0, '']);
    expect(readdirSync(directory)).toEqual(['ctl']);
  });

  it('says which clients of other users cannot follow its reply', async ({ skip }) => {
    skip(process.geteuid?.() !== 0, 'only root can act as other users');
    const directory = pathOf(stage, 103);
    chmodSync(stage.path(''), 0o711);
    const ours = await stage.vdeSwitch('-s', directory, '-m', '666', '--nostdin');
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const refused = await stage.run([...nobody, 'vde_plug', directory]);
    expect(refused.status).not.toBe(null);
    await ours.line(
      /the client of uid 65534, pid \d+ was told \/proc\/.*, since the path of its port's socket .*only as the switch's user or root/,
    );
    const plug = new Plug(stage, directory, ...nobody, bin('vde_plug'));
    await ours.line(/port 1: unix prog .*\bvdeplug: .*$/, { from: ours.lines.length });
    const other = new Plug(stage, directory);
    await ours.line(/port 2: unix prog/);
    plug.send(broadcast(1));
    await other.hears('the frame of our plug', from(1));
  });
});

describe('a star whose directories have long paths', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  it('has stations at master and slave that reach each other', async () => {
    const port = await freePort();
    const long = stage.path('x'.repeat(120));
    mkdirSync(long);
    const at = (node: string): string[] => [
      '--sock',
      join(long, node),
      '--state',
      join(long, `${node}-state`),
      '--mgmt',
      join(long, `${node}-mgmt`),
    ];
    await stage.etherloom('master', '--listen', `127.0.0.1:${port}`, '--subnet', '10.77.0.0/24', ...at('m'));
    const slave = await stage.etherloom('slave', '--master', `127.0.0.1:${port}`, ...at('s'));
    const station = stage.start([bin('etherloom'), 'station', '--sock', join(long, 's'), '--id', '1']);
    await station.line(/ready, 10\.77\.0\.\d+/);
    const { text } = await stage.run([bin('vdecmd'), '-s', join(long, 's-mgmt'), 'showinfo']);
    expect(text).toContain('etherloom');
    expect(await slave.end()).toEqual({ status: 0, signal: null });
  });
});
