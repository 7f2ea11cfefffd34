import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { guestNeeds } from './peers.ts';
import type { Running } from './running.ts';
import { useStage } from './stage.ts';
import { guestImage } from './star.ts';

describe('a QEMU of the user, attached by the words that a node prints', { timeout: 120_000 }, () => {
  const stage = useStage(guestNeeds);

  /** Starts a QEMU by the line `qemu …` of a node, and waits until its guest has that address. */
  const boot = async (node: Running, address: string): Promise<Running> => {
    const [, words = ''] = await node.line(/^qemu (.*)$/);
    const image = await guestImage(stage);
    const machine = `-M pc -accel tcg -m 96 -nodefaults -display none -serial stdio -no-reboot`;
    const system = `-kernel ${join(image, 'vmlinuz')} -initrd ${join(image, 'initrd.gz')} -append 'console=ttyS0 quiet g_mode=client'`;
    const guest = stage.start(['/bin/sh', '-c', `exec qemu-system-x86_64 ${machine} ${system} ${words}`]);
    await guest.line(new RegExp(`LEASE ${address}`), { timeout: 60_000 });
    return guest;
  };

  it.each(['vde', 'dgram'] as const)('by %s gets the address of its node', async (attach) => {
    const master = await stage.etherloom(...stage.masterWords(), '--attach', attach);
    await boot(master, '10.77.0.10');
    const [, libvirt = ''] = await master.line(/^libvirt (.*)$/);
    expect(libvirt).toContain(`<qemu:arg value="virtio-net-pci,netdev=net,mac=02:65:6c:00:00:00,host_mtu=1500,romfile="/>`);
  });

  it('by dgram lives on when its switch is killed and started again', async () => {
    const words = [...stage.masterWords(), '--attach', 'dgram'];
    const master = await stage.etherloom(...words);
    const guest = await boot(master, '10.77.0.10');
    await master.end('SIGKILL');
    await stage.etherloom(...words);
    const station = await stage.etherloom('station', '--sock', stage.path('m'), '--id', '7', '--ping', '10.77.0.10');
    await station.line(/"event":"ping".*"milliseconds":\d/);
    expect(guest.ended).toBeUndefined();
  });
});
