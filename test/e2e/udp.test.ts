import { describe, expect, it } from 'vitest';
import { frameOf } from '../ports/rig.ts';
import { Plug } from './plug.ts';
import type { Running } from './running.ts';
import { freePort, useStage } from './stage.ts';
import { Terminal } from './terminal.ts';

describe('virtual PCs of VPCS', { timeout: 60_000 }, () => {
  const stage = useStage(['vpcs', 'script']);

  it('two on UDP ports of a switch ping each other', async () => {
    const [one, two] = [await freePort(), await freePort()];
    const ports = [one, two].map((port) => ['--port', `udp://127.0.0.1:${port},127.0.0.1:${port + 1}`]);
    const ours = await stage.etherloom('switch', '--sock', stage.path('sw'), ...ports.flat());
    expect(ours.lines.filter((line) => /port \d: udp 127\.0\.0\.1:\d+/.test(line)).length).toBe(2);
    const pcs = await Promise.all([pc(one, 1), pc(two, 2)]);
    await pcs[0].type('ping 10.9.0.2 -c 1\r', /10\.9\.0\.2 icmp_seq=1 ttl=64/);
    await pcs[1].type('ping 10.9.0.1 -c 1 -l 1400\r', /10\.9\.0\.1 icmp_seq=1 ttl=64/);
  });

  /** Returns a virtual PC with an address, at the UDP port after that of the switch. Its number is the end of its addresses. */
  async function pc(port: number, number: number): Promise<Terminal> {
    const words = ['-i', '1', '-m', String(number), '-s', String(port + 1), '-c', String(port), '-t', '127.0.0.1'];
    const terminal = new Terminal(stage, 'vpcs', ...words);
    await terminal.shows(/VPCS(\[1\])?> $/);
    await terminal.type(`ip 10.9.0.${number}/24\r`, new RegExp(`: 10\\.9\\.0\\.${number} `));
    return terminal;
  }
});

describe("QEMU's network on UDP", { timeout: 60_000 }, () => {
  const stage = useStage(['qemu-system-x86_64', 'vde_plug']);

  it('carries frames between three switches, by -netdev dgram, socket,udp= and socket,mcast=', async () => {
    const [a, b, c] = [await freePort(), await freePort(), await freePort()];
    const group = `239.192.${c % 250}.${Math.floor(c / 250)}:${c}`;
    const dgram = (port: number): string =>
      `dgram,local.type=inet,local.host=127.0.0.1,local.port=${port + 1},remote.type=inet,remote.host=127.0.0.1,remote.port=${port}`;
    // Each QEMU joins two of its network back ends by a hub, without a machine.
    hub(dgram(a), `socket,udp=127.0.0.1:${b},localaddr=127.0.0.1:${b + 1}`);
    hub(dgram(c), `socket,mcast=${group},localaddr=127.0.0.1`);
    await switchAt('one', `udp://127.0.0.1:${a},127.0.0.1:${a + 1}`);
    await switchAt('two', `udp://:${b},127.0.0.1:${b + 1}`, `udp://127.0.0.1:${c},127.0.0.1:${c + 1}`);
    const far = await switchAt('three', `udp-multicast://${group}?if=lo`);
    const [near, end] = [new Plug(stage, stage.path('one')), new Plug(stage, stage.path('three'))];
    await far.line(/port \d+: unix prog vdeplug/);
    // Broadcasts: a QEMU hears its own frames of a group again, and a switch would take their senders for moved.
    const frames = [60, 61, 1000, 1514].map((size, i) => frameOf(size, i).fill(0xff, 0, 6).fill(2, 6, 7));
    const carries = async (from: Plug, to: Plug): Promise<void> => {
      for (const frame of frames) await crosses(from, to, frame);
    };
    await carries(near, end);
    await carries(end, near);
  });

  /** Sends a frame until it arrives: a QEMU that is not there yet loses it. */
  async function crosses(from: Plug, to: Plug, frame: Uint8Array): Promise<void> {
    const before = to.heard.length;
    const arrived = to.hears('a frame', (heard) => Buffer.compare(heard, frame) === 0, { from: before });
    const again = setInterval(() => from.send(frame), 100);
    from.send(frame);
    await arrived.finally(() => clearInterval(again));
  }

  function switchAt(name: string, ...ports: readonly string[]): Promise<Running> {
    return stage.etherloom('switch', '--sock', stage.path(name), ...ports.flatMap((port) => ['--port', port]));
  }

  function hub(...netdevs: readonly string[]): Running {
    const words = netdevs.flatMap((netdev, i) => {
      const [kind = '', ...rest] = netdev.split(',');
      const id = `n${i}`;
      return ['-netdev', [kind, `id=${id}`, ...rest].join(','), '-netdev', `hubport,id=h${i},hubid=0,netdev=${id}`];
    });
    return stage.start(['qemu-system-x86_64', '-machine', 'none', '-nodefaults', '-display', 'none', '-monitor', 'none', ...words]);
  }
});
