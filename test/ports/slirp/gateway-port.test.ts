import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { copyFileSync, existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { GatewayPort, type GatewayOptions } from '../../../src/ports/slirp/gateway-port.ts';
import type { PortForward } from '../../../src/ports/slirp/slirp-address.ts';
import { checkSlirp, findSlirpProgram } from '../../../src/ports/slirp/slirp-program.ts';
import { decodeArp, encodeArp } from '../../../src/wire/arp.ts';
import { decodeEthernet, encodeEthernet, etherTypes } from '../../../src/wire/ethernet.ts';
import { broadcastMac, formatMac, macFromNumber } from '../../../src/wire/mac.ts';
import { eventually } from '../../eventually.ts';
import type { Collector } from '../rig.ts';
import { collect, newDirectory, Rig, using } from '../rig.ts';
import { ip, needsSlirp, net } from './slirp-peer.ts';

const options: GatewayOptions = {
  network: net('10.77.0.0/24'),
  router: ip('10.77.0.2'),
  dns: ip('10.77.0.3'),
  allow: [],
  hostLoopback: false,
  forwards: [],
};

const guestMac = macFromNumber(0x0265_6c00_0001);

function ask(address: string): Uint8Array {
  const [zero, sender] = [macFromNumber(0), ip('10.77.0.11')];
  const arp = { operation: 'request', senderMac: guestMac, senderAddress: sender, targetMac: zero, targetAddress: ip(address) } as const;
  return encodeEthernet({ destination: broadcastMac, source: guestMac, etherType: etherTypes.arp, payload: encodeArp(arp) });
}

/** Resolves with the MAC address that answers. */
async function answerTo(rig: Rig, port: GatewayPort, collector: Collector, address: string): Promise<string> {
  collector.frames = [];
  rig.send(port, ask(address));
  return eventually(() => {
    const replies = collector.frames.map((frame) => decodeArp(decodeEthernet(frame)?.payload ?? new Uint8Array()));
    const reply = replies.find((arp) => arp?.operation === 'reply' && arp.senderAddress === ip(address));
    if (!reply) throw new Error(`nothing answers for ${address}`);
    return formatMac(reply.senderMac);
  });
}

/** Returns the processes that this one has started by that path. */
function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('pgrep', ['-P', String(pid), '-x', 'vde_plug'], { encoding: 'utf8' });
  return stdout.split('\n').filter(Boolean).map(Number);
}

async function listener(host: string): Promise<{ server: Server; port: number }> {
  const server = createServer().listen({ host, port: 0 });
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { server, port: (server.address() as AddressInfo).port };
}

const forward = (port: number, more: Partial<PortForward> = {}): PortForward => ({
  protocol: 'tcp',
  host: ip('127.0.0.1'),
  port,
  guest: ip('10.77.0.11'),
  guestPort: 22,
  ...more,
});

describe('a gateway on the real libslirp', () => {
  beforeEach(needsSlirp);

  it('answers at the addresses of router and DNS, by MAC addresses that follow from them', async () => {
    const rig = new Rig();
    const port = using(await GatewayPort.open(options, rig.environment));
    const collector = collect(port);
    await collector.carrierIs(true);
    expect(await answerTo(rig, port, collector, '10.77.0.2')).toBe('52:55:0a:4d:00:02');
    expect(await answerTo(rig, port, collector, '10.77.0.3')).toBe('52:55:0a:4d:00:03');
    expect(port.counters.receivedFrames).toBeGreaterThanOrEqual(2);
  });

  it('is down while libslirp is, starts it again, says so, and ends with it', async () => {
    const rig = new Rig();
    const before = childrenOf(process.pid);
    const port = await GatewayPort.open(options, rig.environment);
    const collector = collect(port);
    const [child = 0] = childrenOf(process.pid).filter((pid) => !before.includes(pid));
    process.kill(child, 'SIGKILL');
    await collector.carrierIs(false);
    rig.send(port, ask('10.77.0.2'));
    expect(port.counters.drops['no-carrier']).toBe(1);
    await collector.carrierIs(true);
    await answerTo(rig, port, collector, '10.77.0.2');
    expect(rig.logged).toEqual(['the gateway is down: libslirp ended: signal SIGKILL; starting it again', 'the gateway is up again']);
    expect(collector.reason).toBeUndefined();
    await port[Symbol.asyncDispose]();
    await eventually(() => expect(childrenOf(process.pid)).toEqual(before));
  });

  it('counts what its filter drops', async () => {
    const rig = new Rig();
    const port = using(await GatewayPort.open(options, rig.environment));
    collect(port);
    rig.send(
      port,
      new Uint8Array(60),
      encodeEthernet({ destination: broadcastMac, source: guestMac, etherType: 0x86dd, payload: new Uint8Array(60) }),
    );
    expect(port.counters.drops).toMatchObject({ 'other-station': 1, ipv6: 1, forbidden: 0, dhcp: 0, spoofed: 0 });
    expect(port.counters.sentFrames).toBe(1); // the question whether it answers
  });

  it('forwards ports of TCP and UDP, and only where it is said', async () => {
    const rig = new Rig();
    const { server, port: number } = await listener('127.0.0.1');
    server.close();
    await once(server, 'close');
    using(await GatewayPort.open({ ...options, forwards: [forward(number), forward(number, { protocol: 'udp' })] }, rig.environment));
    await expect(GatewayPort.open({ ...options, forwards: [forward(number)] }, rig.environment)).rejects.toThrow(
      new RegExp(`^cannot forward 127\\.0\\.0\\.1:${number}: vde_plug \\(pid \\d+\\) has that port; choose another`),
    );
    await expect(GatewayPort.open({ ...options, forwards: [forward(number, { protocol: 'udp' })] }, rig.environment)).rejects.toThrow(
      new RegExp(`^cannot forward udp:127\\.0\\.0\\.1:${number}: vde_plug \\(pid \\d+\\) has that port`),
    );
    using(await GatewayPort.open({ ...options, forwards: [forward(number, { host: ip('127.0.0.2') })] }, rig.environment));
  });

  it('says who has a port, of whatever address, and that an address is not of this machine', async () => {
    const rig = new Rig();
    const { port: everywhere } = await listener('0.0.0.0');
    const socket = createSocket('udp4').bind(0, '0.0.0.0');
    await once(socket, 'listening');
    onTestFinished(() => void socket.close());
    const us = String.raw`\S+ \(pid ${process.pid}\) has that port; choose another port, or stop that process$`;
    const opening = (one: PortForward): Promise<GatewayPort> => GatewayPort.open({ ...options, forwards: [one] }, rig.environment);
    await expect(opening(forward(everywhere))).rejects.toThrow(new RegExp(us));
    await expect(opening(forward(socket.address().port, { protocol: 'udp' }))).rejects.toThrow(new RegExp(us));
    const { port: here } = await listener('127.0.0.1');
    await expect(opening(forward(here, { host: undefined }))).rejects.toThrow(new RegExp(`^cannot forward 0.0.0.0:${here}: ${us}`));
    await expect(opening(forward(here, { host: ip('192.0.2.77') }))).rejects.toThrow(/this machine does not have that address; choose/);
  });

  it('names both packages when the plug-in is not installed', async () => {
    vi.stubEnv('VDEPLUGIN_PATH', '/nonexistent');
    onTestFinished(() => void vi.unstubAllEnvs());
    await expect(GatewayPort.open(options, new Rig().environment)).rejects.toThrow(
      /\/vde_plug has no plug-in for slirp:\/\/; install vdeplug and libvdeplug-slirp/,
    );
  });

  it('gives the words of libslirp for an address that it refuses', async () => {
    const refused = checkSlirp(findSlirpProgram(), 'slirp:///bogus');
    await expect(refused).rejects.toThrow(/vde_plug refuses slirp:\/\/\/bogus: .*bogus.*; see man libvdeplug_slirp/);
  });
});

describe('the program of libslirp', () => {
  it('may crash at its end when it is tried, and not at its start', async () => {
    const directory = newDirectory();
    const program = (name: string, script: string): string => {
      writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      return join(directory, name);
    };
    await checkSlirp(program('crashing', 'kill -SEGV $$'), 'slirp:///v4');
    await expect(checkSlirp(program('refusing', 'echo no >&2; exit 1'), 'slirp:///v4')).rejects.toThrow(
      /refuses slirp:\/\/\/v4: no; see man/,
    );
  });

  it('is neither ours, by whatever name, nor any other script', (context) => {
    needsSlirp(context);
    const [ours, wrapper, real] = [newDirectory(), newDirectory(), newDirectory()];
    symlinkSync(join(import.meta.dirname, '../../../bin/vde_plug'), join(ours, 'vde_plug'));
    writeFileSync(join(wrapper, 'vde_plug'), '#!/bin/sh\nexec vde_plug "$@"\n', { mode: 0o755 });
    copyFileSync('/usr/bin/vde_plug', join(real, 'vde_plug'));
    expect(existsSync(join(ours, 'vde_plug'))).toBe(true);
    expect(findSlirpProgram([ours, wrapper, '/nonexistent', real])).toBe(join(real, 'vde_plug'));
    expect(() => findSlirpProgram([ours, wrapper, '/nonexistent'])).toThrow(
      /vde_plug of the package vdeplug is not installed; install vdeplug and libvdeplug-slirp/,
    );
  });
});
