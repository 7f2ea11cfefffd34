import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Network, overlayNeeds } from './overlay-rig.ts';
import { bin, until, useStage } from './stage.ts';
import { senderOf, serialOf, Traffic, VdeStation } from './vde-station.ts';

const [one, other] = ['10.9.1.1', '10.9.1.2'];

describe('two switches with two tunnels between them', { timeout: 60_000 }, () => {
  const stage = useStage(['networks', ...overlayNeeds]);

  async function command(name: string, ...words: readonly string[]): Promise<string> {
    const { status, text } = await stage.run([bin('vdecmd'), '-s', stage.path(`${name}.mgmt`), ...words]);
    if (status !== 0) throw new Error(`${words.join(' ')}: ${text}`);
    return text;
  }

  /** Returns how many frames have come by the first tunnel of a switch. */
  async function arrived(name: string): Promise<number> {
    return Number(/IN: +pkts +(\d+)/.exec(await command(name, 'port/allprint', '1'))?.[1]);
  }

  it('bear the frames that circle, serve their other ports, and cut the loop by FSTP', async () => {
    const network = await Network.open(stage);
    const machine = await network.add();
    await network.cable([network.first, 'c1', `${one}/24`], [machine, 'c1', `${other}/24`]);
    const running = await network.first.switch('a', [`vxlan://${other}?vni=1`, `vxlan://${other}?vni=2`]);
    await machine.switch('b', [`vxlan://${one}?vni=1`, `vxlan://${one}?vni=2`]);
    // A network of its own for two stations, which the tunnels do not carry.
    await command('a', 'vlan/create', '5');
    for (const port of ['1', '2']) await command('a', 'vlan/trunk', port, '0');
    for (const port of ['10', '11']) {
      await command('a', 'port/create', port);
      await command('a', 'vlan/trunk', port, '0');
      await command('a', 'port/setvlan', port, '5');
    }
    const [left, right] = [await VdeStation.plug(stage.path('a'), 10), await VdeStation.plug(stage.path('a'), 11)];
    right.send([right.frame('all', 0)]);
    left.hear((frame) => serialOf(frame) === 0);

    const starter = await VdeStation.plug(stage.path('b'));
    starter.send(Array.from({ length: 40 }, (_, serial) => starter.frame('all', serial)));
    await until('frames circle', async () => (await arrived('a')) > 5_000);
    const frames = Array.from({ length: 500 }, (_, serial) => left.frame(right.number, serial));
    const traffic = new Traffic([{ from: left, frames }]);
    traffic.runUntil([right], frames.length);
    expect(traffic.heardBy(right).map(serialOf)).toEqual(frames.map(serialOf));
    const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${running.pid}/status`, 'utf8'))?.[1]);
    expect(kilobytes).toBeLessThan(300_000);

    for (const name of ['a', 'b']) await command(name, 'fstp/setfstp', '1');
    await until('no frame circles', async () => {
      const before = await arrived('a');
      return (await arrived('a')) < before + 5;
    });
    const [near, far] = [await VdeStation.plug(stage.path('a')), await VdeStation.plug(stage.path('b'))];
    near.send([1, 2, 3].map((serial) => near.frame('all', serial)));
    const isNears = (frame: Uint8Array): boolean => senderOf(frame) === near.number;
    const heard = far.hear((frame) => isNears(frame) && serialOf(frame) === 3);
    expect(heard.filter(isNears).map(serialOf)).toEqual([1, 2]);
    for (const station of [left, right, starter, near, far]) station.unplug();
  });
});
