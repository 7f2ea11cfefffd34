import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asBareUser, guestNeeds } from './peers.ts';
import type { Running } from './running.ts';
import { bin, useStage } from './stage.ts';
import { guestImage } from './star.ts';

const qemu = 'qemu-system-x86_64';

type Four = [string, string, string, string];

describe('a QEMU of the user, attached by the words that a node prints', { timeout: 120_000 }, () => {
  const stage = useStage(guestNeeds);

  /** Starts a QEMU by such words, with a guest in that mode. */
  const start = async (words: string, mode: 'client' | 'none'): Promise<Running> => {
    const image = await guestImage(stage);
    const machine = `-M pc -accel tcg -m 96 -nodefaults -display none -serial stdio -no-reboot`;
    const system = `-kernel ${join(image, 'vmlinuz')} -initrd ${join(image, 'initrd.gz')} -append 'console=ttyS0 quiet g_mode=${mode}'`;
    return stage.start(['/bin/sh', '-c', `exec ${qemu} ${machine} ${system} ${words}`]);
  };

  /** Starts a QEMU by the line `qemu …` of a node, and waits until its guest has that address. */
  const boot = async (node: Running, address: string): Promise<Running> => {
    const [, words = ''] = await node.line(/^qemu (.*)$/);
    const guest = await start(words, 'client');
    await guest.line(new RegExp(`LEASE ${address}`), { timeout: 60_000 });
    return guest;
  };

  it.each(['vde', 'dgram'] as const)('by %s gets the address of its node', async (attach) => {
    const master = await stage.etherloom(...stage.masterWords(), '--attach', attach);
    await boot(master, '10.77.0.10');
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

  it('has the MAC address and the MTU of a host that joined, by --print-qemu', async () => {
    const line = stage.path('line');
    const master = await stage.etherloom(...stage.masterWords(), '--mtu', '1400', '--line-file', line, '--advertise', '127.0.0.1:1');
    const [, port = ''] = await master.line(/^link 127\.0\.0\.1:(\d+)$/);
    const place = ['--sock', stage.path('s'), '--state', stage.path('ss')];
    const pasted = readFileSync(line, 'utf8').trim().replace(':1/', `:${port}/`);
    const slave = await stage.etherloom('join', pasted, ...place);
    const printed = await stage.run([bin('etherloom'), 'slave', '--print-qemu', ...place]);
    const [words = '', element = ''] = printed.text.split('\n');
    expect(printed).toEqual({ status: 0, signal: null, text: `${words}\n${element}` });
    await slave.line(/^ready$/);
    expect(slave.lines).toEqual(expect.arrayContaining([`qemu ${words}`, `libvirt ${element}`]));

    const guest = await start(words, 'none');
    await guest.line(/READY/, { timeout: 60_000 });
    // The card alone informs the guest, before DHCP does.
    guest.stdin.write('cd /sys/class/net/e*; echo "card $(cat address) $(cat mtu)"; udhcpc -n -q -i ${PWD##*/} -s /etc/lease\n');
    await guest.line(/card 02:65:6c:00:00:01 1400/);
    await guest.line(/LEASE 10\.77\.0\.11 02:65:6c:00:00:01/);
  });
});

describe('a domain of libvirt, with the element that a node prints', { timeout: 120_000 }, () => {
  const stage = useStage([...guestNeeds, 'virt-qemu-run', 'users']);

  /** Starts a domain of libvirt with such an element, as a user's session does. Returns it, and its console. */
  const startDomain = async (element: string): Promise<{ readonly domain: Running; readonly console: Running }> => {
    const [root, home, file, serial] = ['libvirt', 'home', 'domain.xml', 'serial'].map((name) => stage.path(name)) as Four;
    const image = await guestImage(stage);
    mkdirSync(join(root, 'etc'), { recursive: true });
    mkdirSync(home);
    writeFileSync(join(root, 'etc/qemu.conf'), 'stdio_handler = "file"\n');
    writeFileSync(
      file,
      `<domain type="qemu"><name>own</name><memory unit="MiB">96</memory><os><type machine="pc">hvm</type>
        <kernel>${join(image, 'vmlinuz')}</kernel><initrd>${join(image, 'initrd.gz')}</initrd><cmdline>console=ttyS0 quiet</cmdline></os>
      <devices><emulator>/usr/bin/${qemu}</emulator><serial type="file"><source path="${serial}"/></serial></devices>${element}</domain>`,
    );
    writeFileSync(serial, '');
    const console = stage.start(['tail', '-f', serial]);
    return { domain: stage.start([...asBareUser([`HOME=${home}`]), 'virt-qemu-run', '-v', '-r', root, file]), console };
  };

  it('gets the address of its node', async () => {
    const master = await stage.etherloom(...stage.masterWords());
    const [, element = ''] = await master.line(/^libvirt (.*)$/);
    const { domain, console } = await startDomain(element);
    await console.line(/LEASE 10\.77\.0\.10 02:65:6c:00:00:00/, { timeout: 60_000 });
    await domain.end();
  });
});
