import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeEthernet, encodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { broadcastMac, macFromNumber } from '../../src/wire/mac.ts';
import { Host } from './host.ts';
import { guestNeeds } from './peers.ts';
import { Plug } from './plug.ts';
import { freePort, useStage } from './stage.ts';
import { guestImage } from './star.ts';

const clientMac = (n: number): string => `02:00:00:00:00:0${n}`;

describe("Debian's vde_plug on our vde_switch", { timeout: 60_000 }, () => {
  const stage = useStage(['vde_plug']);

  it('two vde_plug in pipes hear each other: frames of every size up to 1,514 octets, whole and in order', async () => {
    const directory = stage.path('sw');
    const ours = await stage.vdeSwitch('-s', directory, '--nostdin');
    const speaker = new Plug(stage, directory);
    await ours.line(/port 1: unix prog/);
    const listener = new Plug(stage, directory);
    await ours.line(/port 2: unix prog/);
    const source = macFromNumber(0x0200_0000_00aa);
    const sizes = Array.from({ length: 300 }, (_, n) => 5 * n);
    const payloads = sizes.map((size) => new Uint8Array(size).map((_, at) => (at * 7 + size) % 251));
    for (const payload of payloads) {
      speaker.send(encodeEthernet({ destination: broadcastMac, source, etherType: 0x88b5, payload }));
    }
    const last = 14 + (sizes.at(-1) ?? 0);
    await listener.hears('the last frame', (frame) => frame.length === last);
    const heard = listener.heard.map(({ frame }) => decodeEthernet(frame)).filter((frame) => frame?.etherType === 0x88b5);
    expect(heard.map((frame) => frame && Buffer.from(frame.payload).toString('hex'))).toEqual(
      payloads.map((payload) => Buffer.from(payload).toString('hex')),
    );
    await speaker.process.end();
    await listener.process.end();
    await ours.line(/port 2: .* is gone/);
  });

  it('twenty that are killed leave no port and no file behind', async () => {
    const ours = await stage.vdeSwitch('-s', stage.path('killed'), '--nostdin');
    const plugs = Array.from({ length: 20 }, () => new Plug(stage, stage.path('killed')));
    await ours.line(/port 20: unix prog/);
    for (const { process } of plugs) process.signal('SIGKILL');
    for (let port = 1; port <= 20; port++) await ours.line(new RegExp(`port ${port}: .* is gone`));
    expect(readdirSync(stage.path('killed')).filter((name) => /^\d/.test(name))).toEqual([]);
    const next = new Plug(stage, stage.path('killed'));
    await ours.line(/port 1: unix prog/, { from: ours.lines.length });
    await next.process.end();
    expect(await ours.end()).toEqual({ status: 0, signal: null });
    expect(readdirSync(stage.path()).includes('killed')).toBe(false);
  });
});

describe("Debian's vde_plug2tap and wirefilter on our vde_switch", { timeout: 60_000 }, () => {
  const stage = useStage(['vde_plug', 'vde_plug2tap', 'dpipe', 'wirefilter', 'iperf3', 'ping', 'namespaces'], { shared: true });
  const directory = (): string => stage.path('sw');

  it('two vde_plug2tap in namespaces ping each other and carry 10 s of TCP', async (context) => {
    await stage.vdeSwitch('-s', directory(), '--nostdin');
    const [a, b] = await Promise.all([
      Host.open(stage, { mac: clientMac(1), address: '10.9.0.1/24' }),
      Host.open(stage, { mac: clientMac(2), address: '10.9.0.2/24' }),
    ]);
    await a.plug(directory());
    await b.plug(directory());
    expect(await a.ping('10.9.0.2', { count: 50, interval: 0.01 })).toBe(0);
    const server = b.start(['iperf3', '-s', '-1', '--forceflush']);
    await server.line(/Server listening/);
    const { status, text } = await a.run(['iperf3', '-c', '10.9.0.2', '-t', '10', '-J']);
    expect(status, text).toBe(0);
    const { end } = JSON.parse(text) as { end: { sum_received: { bits_per_second: number; seconds: number } } };
    expect(end.sum_received.seconds).toBeGreaterThan(9);
    const megabits = end.sum_received.bits_per_second / 1e6;
    await context.annotate(`TCP between two vde_plug2tap: ${megabits.toFixed(0)} Mbit/s`);
    expect(megabits).toBeGreaterThan(20);
    expect(await a.ping('10.9.0.2')).toBe(0);
  });

  it('two of our switches joined by dpipe vde_plug = wirefilter = vde_plug are one network', async () => {
    const second = stage.path('sw2');
    await stage.vdeSwitch('-s', second, '--nostdin');
    const filter = ['dpipe', 'vde_plug', directory(), '=', 'wirefilter', '-d', '5', '=', 'vde_plug', second];
    const joint = stage.start(filter, { group: true });
    const [near, far] = await Promise.all([
      Host.open(stage, { mac: clientMac(3), address: '10.9.0.3/24' }),
      Host.open(stage, { mac: clientMac(4), address: '10.9.0.4/24' }),
    ]);
    await near.plug(directory());
    await far.plug(second);
    const { text } = await near.run(['ping', '-c', '5', '-i', '0.2', '-W', '2', '10.9.0.4']);
    expect(joint.ended, joint.lines.join()).toBeUndefined();
    expect(text).toContain(' 0% packet loss');
    // 5 ms there and 5 ms back.
    expect(Number(/rtt min\/avg\/max\/mdev = ([\d.]+)/.exec(text)?.[1])).toBeGreaterThan(9.9);
  });
});

describe('a guest by QEMU', { timeout: 120_000 }, () => {
  const stage = useStage([...guestNeeds, 'vde_plug']);

  /** How QEMU is plugged in, and the address of the port for it; none for a client of the switch's directory. */
  const ways: readonly { way: string; netdev: (at: string) => string; port?: (at: string) => string; tcp?: boolean }[] = [
    { way: 'vde', netdev: () => `vde,id=n,sock=${stage.path('sw')}` },
    {
      way: 'stream that listens at a socket file',
      netdev: (at) => `stream,id=n,server=on,addr.type=unix,addr.path=${at}`,
      port: (at) => `qemu-stream://${at}`,
    },
    {
      way: 'stream that dials a socket file',
      netdev: (at) => `stream,id=n,server=off,addr.type=unix,addr.path=${at}`,
      port: (at) => `qemu-stream-listen://${at}`,
    },
    {
      way: 'stream that listens at a TCP port',
      netdev: (at) => `stream,id=n,server=on,addr.type=inet,addr.host=127.0.0.1,addr.port=${at}`,
      port: (at) => `qemu-stream://127.0.0.1:${at}`,
      tcp: true,
    },
    {
      way: 'stream that dials a TCP port',
      netdev: (at) => `stream,id=n,server=off,addr.type=inet,addr.host=127.0.0.1,addr.port=${at}`,
      port: (at) => `qemu-stream-listen://127.0.0.1:${at}`,
      tcp: true,
    },
    {
      way: 'socket that dials a TCP port',
      netdev: (at) => `socket,id=n,connect=127.0.0.1:${at}`,
      port: (at) => `qemu-stream-listen://127.0.0.1:${at}`,
      tcp: true,
    },
  ];

  it.each(ways)('-netdev $way hears an ARP request from the switch and is heard to answer it', async ({ netdev, port, tcp = false }) => {
    const at = tcp ? String(await freePort()) : stage.path('nic');
    const ours =
      port === undefined
        ? await stage.vdeSwitch('-s', stage.path('sw'), '--nostdin')
        : await stage.etherloom('switch', '--sock', stage.path('sw'), '--port', port(at));
    const image = await guestImage(stage);
    // The guest serves addresses, so its own is known without any other server.
    const words = 'g_mode=server g_address=10.9.0.9 g_netmask=255.255.255.0 g_start=10.9.0.10 g_end=10.9.0.20';
    const x64 = process.arch === 'x64';
    const qemu = stage.start(
      [
        x64 ? ['qemu-system-x86_64', '-machine', 'pc'] : ['qemu-system-aarch64', '-machine', 'virt', '-cpu', 'cortex-a57'],
        ['-accel', 'tcg,tb-size=32', '-m', '96', '-nodefaults', '-display', 'none', '-serial', 'stdio'],
        ['-kernel', `${image}/vmlinuz`, '-initrd', `${image}/initrd.gz`],
        ['-append', `console=${x64 ? 'ttyS0 no_timer_check' : 'ttyAMA0'} quiet ${words}`],
        ['-netdev', netdev(at), '-device', 'virtio-net-pci,netdev=n,mac=52:54:00:77:00:09,romfile='],
      ].flat(),
    );
    await ours.line(port === undefined ? /port \d+: unix prog .*QEMU/i : /port \d+: qemu|linked to/);
    await qemu.line(/^SERVING/, { timeout: 60_000 });
    const plug = new Plug(stage, stage.path('sw'));
    await ours.line(/port \d+: unix prog vdeplug/);
    const ask = Buffer.from(
      'ffffffffffff0200000000aa08060001080006040001' + '0200000000aa' + '0a090063' + '000000000000' + '0a090009',
      'hex',
    );
    const answers = plug.hears('the answer', (frame) => decodeEthernet(frame)?.etherType === etherTypes.arp && frame[21] === 2);
    plug.send(ask);
    const { frame } = await answers;
    expect(Buffer.from(frame.subarray(22, 32)).toString('hex')).toBe('525400770009' + '0a090009');
  });
});
