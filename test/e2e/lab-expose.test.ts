import { describe, expect, it, onTestFinished } from 'vitest';
import { assertHasLease, lab, type Network } from '../../src/lab/lab.ts';
import { expose } from '../../src/lab/node/node.ts';
import { card, Host } from './host.ts';
import { guestNeeds, missing } from './peers.ts';
import { guestImage } from './star.ts';
import { until, useStage } from './stage.ts';

/** Two switches in a lab, 20 ms apart, with a host at the second. */
function simulated(): Network {
  const net = lab({ poison: true });
  onTestFinished(() => net[Symbol.dispose]());
  const [s1, s2] = [net.switch('s1'), net.switch('s2')];
  net.link(s1, s2, { latency: 20 });
  net.host('a', s2, { ip: '10.9.0.1/24' });
  return net;
}

describe('a switch of the lab that the real world may join', { timeout: 60_000 }, () => {
  const stage = useStage(['vde_plug']);

  it('lets a kernel and a simulated host ping each other, over a link that takes its time', async ({ skip }) => {
    const reason = missing(['vde_plug2tap', 'ping', 'namespaces']);
    skip(reason !== undefined, reason);
    const net = simulated();
    await using exposure = await expose(net, 's1', { vde: stage.path('sw') });
    const kernel = await Host.open(stage, { mac: '02:00:00:00:09:02', address: '10.9.0.2/24' });
    await kernel.plug(exposure.directory);
    const { text } = await kernel.run(['ping', '-c', '5', '-i', '0.05', '10.9.0.1']);
    expect(text).toContain(' 0% packet loss');
    const [, least = ''] = /min\/avg\/max\/mdev = ([\d.]+)/.exec(text) ?? [];
    expect(Number(least)).toBeGreaterThan(40);
    const time = await net.hostNamed('a').ping('10.9.0.2', { timeout: 5000 });
    expect(time).toBeGreaterThan(40);
    const cut = net.linkNamed('s1-s2').cut();
    expect(await kernel.ping('10.9.0.1', { count: 1 })).toBe(100);
    cut[Symbol.dispose]();
    expect(await kernel.ping('10.9.0.1', { count: 1 })).toBe(0);
    const neighbours = await kernel.run(['ip', 'neigh', 'show', 'dev', card]);
    expect(neighbours.text).toContain('lladdr 02:00:00:00:00:01');
  });

  it('gives clients the ports that they ask for, and takes them back', async () => {
    const net = simulated();
    const s1 = net.switchNamed('s1');
    const said: string[] = [];
    const exposure = await expose(net, 's1', { vde: stage.path('sw'), mode: 0o600, log: (message) => said.push(message) });
    const plug = stage.start(['vde_plug', exposure.directory], { binary: true });
    await until('it has the next port', () => s1.freePort() === 3);
    const fixed = stage.start(['vde_plug', `vde://${exposure.directory}[7]`], { binary: true });
    await until('it has port 7', () => s1.freePort(6) === 8);
    const refused = await stage.run(['vde_plug', `vde://${exposure.directory}[7]`]);
    expect(refused.status).not.toBe(0);
    plug.stdin.end();
    await plug.exit;
    await until('its port is free', () => s1.freePort() === 2);
    await exposure[Symbol.asyncDispose]();
    await exposure[Symbol.asyncDispose]();
    expect(s1.freePort(6)).toBe(7);
    await fixed.exit;
    await net.run({ minutes: 5 });
  });

  it('is refused where it cannot be', async () => {
    using recorded = lab({ record: true });
    recorded.switch('s1');
    await expect(expose(recorded, 's1', { vde: stage.path('sw') })).rejects.toThrow('make the network without { record: true }');
    const net = simulated();
    await expect(expose(net, 's9', { vde: stage.path('sw') })).rejects.toThrow('there is no s9 in this network');
    const misspelt = { vde: stage.path('sw'), mod: 0o666 };
    await expect(expose(net, 's1', misspelt)).rejects.toThrow('unknown option "mod"; use one of: vde, log, mode, directoryMode, gid');
    await expect(expose(net, 's1', { vde: stage.path('no', 'where') })).rejects.toThrow(/no.where/);
    expect(net.fabric.pacer).toBeUndefined();
  });
});

describe('a guest by QEMU', { timeout: 120_000 }, () => {
  const stage = useStage(guestNeeds);

  it('joins a simulated topology, has a lease of its DHCP server, and is pinged by a simulated host', async () => {
    const image = await guestImage(stage);
    using net = lab();
    net.ring(3, { host: { dhcp: true }, link: { latency: 2 } });
    const h2 = net.hostNamed('h2');
    net.dhcp(net.switchNamed('s1'), { network: '10.77.0.0/24', range: '10.77.0.10-10.77.0.99' });
    await using exposure = await expose(net, 's3', { vde: stage.path('sw') });
    const x64 = process.arch === 'x64';
    const qemu = stage.start(
      [
        x64 ? ['qemu-system-x86_64', '-machine', 'pc'] : ['qemu-system-aarch64', '-machine', 'virt', '-cpu', 'cortex-a57'],
        ['-accel', 'tcg,tb-size=32', '-m', '96', '-nodefaults', '-display', 'none', '-serial', 'stdio'],
        ['-kernel', `${image}/vmlinuz`, '-initrd', `${image}/initrd.gz`],
        ['-append', `console=${x64 ? 'ttyS0 no_timer_check' : 'ttyAMA0'} quiet`],
        ['-netdev', `vde,id=n,sock=${exposure.directory}`, '-device', 'virtio-net-pci,netdev=n,mac=52:54:00:77:00:09,romfile='],
      ].flat(),
    );
    const [, address = ''] = await qemu.line(/^LEASE (\S+) 52:54:00:77:00:09/, { timeout: 60_000 });
    expect(address).toMatch(/^10\.77\.0\.\d+$/);
    await assertHasLease(h2);
    expect(await h2.ping(address, { timeout: 5000 })).toBeGreaterThan(4);
  });
});
