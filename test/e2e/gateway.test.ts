import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeArp } from '../../src/wire/arp.ts';
import { internetChecksum, pseudoHeaderSum } from '../../src/wire/checksum.ts';
import { decodeEthernet, encodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { decodeIpv4, encodeIpv4, ipProtocols } from '../../src/wire/ipv4.ts';
import { broadcastMac, macFromNumber } from '../../src/wire/mac.ts';
import { readUint16, writeUint16 } from '../../src/wire/octets.ts';
import { ip } from '../ports/slirp/slirp-peer.ts';
import { gatewayNeeds, Guest, Machine, otherSite, site, siteName, tapGuestNeeds } from './internet.ts';
import { guestNeeds } from './peers.ts';
import { guestImage } from './star.ts';
import { bin, freePort, until, useStage, type Stage } from './stage.ts';
import { VdeStation } from './vde-station.ts';

/** 10,000 by hand: docs/proofs.md. */
const connections = Number(process.env['GATEWAY_CONNECTIONS'] ?? 100);
const octets = Number(process.env['GATEWAY_OCTETS'] ?? 10_000_000);

interface Scene {
  readonly machine: Machine;
  readonly guest: Guest;
  readonly sock: string;
  readonly pid: number;
}

/** Returns a machine with a switch that has a gateway, and a guest with a lease on it. */
async function open(stage: Stage, ...more: readonly string[]): Promise<Scene> {
  const machine = await Machine.open(stage);
  const sock = stage.path('sw');
  const { pid } = await machine.etherloom('switch', '--sock', sock, '--mgmt', stage.path('mgmt'), ...served, ...more);
  const guest = await Guest.open(stage, sock);
  expect(await guest.lease()).toMatch(/^ip 10\.77\.0\.\d+ router 10\.77\.0\.2 dns 10\.77\.0\.3 server 10\.77\.0\.1$/m);
  return { machine, guest, sock, pid };
}

const served = ['--dhcp', '10.77.0.0/24', '--gateway'];

/** Returns the console's report on frames that were dropped at the gateway's port. */
async function drops(stage: Stage): Promise<string> {
  return (await stage.run([bin('vdecmd'), '-s', stage.path('mgmt'), 'port/drops', '1'])).text;
}

/** Returns the libslirp of a switch. */
function slirpOf(pid: number): number {
  return Number(execFileSync('pgrep', ['-P', String(pid), '-x', 'vde_plug'], { encoding: 'utf8' }));
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

describe('a gateway', { timeout: 60_000 }, () => {
  const stage = useStage([...gatewayNeeds, ...tapGuestNeeds]);

  it('leads a guest that knows nothing to a page of the Internet, by its name', async () => {
    const { guest } = await open(stage);
    expect(await guest.fetch(`http://${siteName}/`)).toMatchObject({ status: 0, text: `a page of ${siteName}` });
    expect((await guest.host.run(['ping', '-c', '1', '-W', '3', '10.77.0.2'])).status).toBe(0);
    // The guest's question for a lease reached the gateway's port, too, and nothing came of it.
    expect(await drops(stage)).toMatch(/dhcp=\d/);
    expect((await guest.host.run(['ip', '-6', 'route', 'show', 'default'])).text).toBe('');
  });

  it('goes on to be reached, as the server does, while another station claims their addresses', async () => {
    const { guest, sock } = await open(stage);
    const thief = await VdeStation.plug(sock, 5);
    const senderMac = macFromNumber(0x0200_0000_0066);
    const targetAddress = ip('10.77.0.10');
    const claims = ['10.77.0.1', '10.77.0.2', '10.77.0.3'].flatMap((claimed) =>
      (['request', 'reply'] as const).map((operation) => {
        const payload = encodeArp({ operation, senderMac, senderAddress: ip(claimed), targetMac: broadcastMac, targetAddress });
        return encodeEthernet({ destination: broadcastMac, source: senderMac, etherType: etherTypes.arp, payload });
      }),
    );
    const dropped = async (): Promise<string> => (await stage.run([bin('vdecmd'), '-s', stage.path('mgmt'), 'port/drops', '5'])).text;
    thief.send(claims);
    await until('all are dropped', async () => (await dropped()).includes('forged-arp=6'));
    for (const address of ['10.77.0.1', '10.77.0.2']) {
      expect((await guest.host.run(['ping', '-c', '1', '-W', '3', address])).status).toBe(0);
      expect((await guest.host.run(['ip', 'neigh', 'show', address])).text).not.toContain('02:00:00:00:00:66');
    }
    expect(await guest.fetch(`http://${siteName}/`)).toMatchObject({ status: 0 });
  });

  it('leads to what is listed, and to nothing of the machine but its DNS', async () => {
    const { machine, guest } = await open(stage, '--gateway-allow', `${site}:80`, '--gateway-allow', '64.0.0.0/2');
    const port = await freePort();
    await machine.web('0.0.0.0', port);
    expect((await guest.fetch(`http://${siteName}/`)).status).toBe(0);
    const forbidden = [otherSite, `${machine.address}:${port}`, `10.77.0.2:${port}`, `10.77.0.3:${port}`];
    const fetched = await Promise.all(forbidden.map((url) => guest.fetch(`http://${url}/`)));
    expect(fetched.map(({ status }) => status)).toEqual([1, 1, 1, 1]);
    expect(await drops(stage)).toMatch(/forbidden=\d/);
  });

  it('keeps the loopback of the machine to itself, where libslirp would not, and opens it when it is told to', async () => {
    const { machine, guest, sock } = await open(stage, '--gateway-loopback');
    await machine.web('127.0.0.1', 8000);
    expect(await guest.fetch('http://10.77.0.2:8000/')).toMatchObject({ status: 0, text: 'a page of 10.77.0.2:8000' });
    // Without a list, what the machine serves at its other addresses is reachable.
    await machine.web(machine.address, 8001);
    expect((await guest.fetch(`http://${machine.address}:8001/`)).status).toBe(0);
    const station = await VdeStation.plug(sock);
    const reached = ['127.0.0.1', '127.1.2.3', '0.0.0.0', '10.77.0.3', '10.77.0.2'].filter((address, i) => {
      const [asked, control] = [40_000 + i, 50_000 + i];
      // The machine itself answers sooner than the site does.
      station.send([question(), syn(address, 8000, asked), syn(site, 80, control)]);
      return station.hear((frame) => isSynAck(frame, site, control)).some((frame) => isSynAck(frame, address, asked));
    });
    station.unplug();
    expect(reached).toEqual(['10.77.0.2']);
  });

  it('leads a port of the machine to a guest, at the loopback alone, and says who has a port', async () => {
    const { machine, guest } = await open(stage, '--forward', '2222=10.77.0.11:22', '--gateway-allow', otherSite);
    const lease = await guest.host.address();
    expect(lease).not.toBe('10.77.0.11');
    await guest.host.run(['ip', 'address', 'add', '10.77.0.11/24', 'dev', 'tap']);
    await guest.start('serve', '10.77.0.11', '22').line(/^serving$/);
    expect(await machine.fetch('http://127.0.0.1:2222/')).toMatchObject({ status: 0, text: 'a page of 127.0.0.1:2222' });
    expect((await machine.fetch(`http://${machine.address}:2222/`)).status).toBe(1);
    const second = ['switch', '--sock', stage.path('sw2'), ...served, '--forward', '2222=10.77.0.11:22'];
    expect(await machine.run([bin('etherloom'), ...second])).toMatchObject({
      status: 1,
      text: expect.stringMatching(
        /^etherloom: cannot forward 127\.0\.0\.1:2222: vde_plug \(pid \d+\) has that port; choose another port/m,
      ) as string,
    });
  });

  it(`carries ${octets} octets down and up, each as it was`, async () => {
    const { guest } = await open(stage);
    for (const way of ['get', 'put']) {
      const { status, text } = await guest.run(way, `http://${site}`, String(octets));
      expect(status, text).toBe(0);
      expect(text).toContain(`same ${octets} octets`);
      console.log(`${way}: ${text.replace(/\n/g, ', ')}`);
    }
  });

  it('comes back after libslirp was killed: a download stops, an upload is reset, and the next ones work', async () => {
    const { guest, pid } = await open(stage);
    for (const [way, seen] of [
      ['get', /^failed: (nothing came for|aborted|.*ECONNRESET)/m],
      ['put', /^failed: .*(ECONNRESET|EPIPE)/m],
    ] as const) {
      const moving = guest.start(way, `http://${site}`, '2000000000');
      await moving.line(/^moving$/);
      const killed = slirpOf(pid);
      const began = performance.now();
      process.kill(killed, 'SIGKILL');
      await until('a page can be fetched again', async () => (await guest.fetch(`http://${site}/`)).status === 0);
      console.log(`${way}: the next page ${Math.round(performance.now() - began)} ms after the end`);
      expect(slirpOf(pid)).not.toBe(killed);
      await moving.exit;
      expect(moving.lines.join('\n')).toMatch(seen);
      console.log(`${way}: ${moving.lines.at(-1) ?? ''}`);
    }
  });

  it(`leaves no descriptor of ${connections} short connections behind`, { timeout: 600_000 }, async () => {
    const { guest, pid } = await open(stage);
    const count = (): number[] => [pid, slirpOf(pid)].map(descriptorsOf);
    const before = count();
    const { status, text } = await guest.run('connect', site, '80', String(connections), '16');
    expect(status, text).toBe(0);
    expect(text).toContain(`answered ${connections}`);
    const most = count();
    // libslirp keeps those of closed connections for a while.
    await until('all connections are closed', () => count().every((one, i) => one <= (before[i] ?? 0)), 60_000);
    console.log(
      `descriptors of switch and libslirp: ${before.join(', ')}; after ${connections} connections ${most.join(', ')}; then as before`,
    );
  });

  it('is refused without its packages, which it names, and goes with its switch', async () => {
    const { machine, pid } = await open(stage);
    const slirp = slirpOf(pid);
    process.kill(pid, 'SIGKILL');
    await until('libslirp has ended with its switch', () => !isThere(slirp));
    await machine.run(['mount', '--bind', '/dev/null', '/usr/bin/vde_plug']);
    expect(await machine.run([bin('etherloom'), 'switch', '--sock', stage.path('sw2'), ...served])).toMatchObject({
      status: 1,
      text: expect.stringMatching(/vde_plug of the package vdeplug is not installed; install vdeplug and libvdeplug-slirp/) as string,
    });
  });
});

describe('slirpvde, ours and the original', { timeout: 60_000 }, () => {
  const stage = useStage([...gatewayNeeds, ...tapGuestNeeds, 'slirpvde']);

  it.each([
    ['ours', bin('slirpvde')],
    ['the original', 'slirpvde'],
  ])('leads a switch to the Internet, leases addresses and forwards ports: %s', async (_whose, program) => {
    const machine = await Machine.open(stage);
    const sock = stage.path('sw');
    const running = await machine.etherloom('switch', '--sock', sock);
    machine.start([program, '-D', '-L', '2222:10.0.2.15:22', sock]);
    await running.line(/port 1: unix prog slirpvde/);
    const guest = await Guest.open(stage, sock);
    expect(await guest.lease()).toMatch(/^ip 10\.0\.2\.15 router 10\.0\.2\.2 dns 10\.0\.2\.3 server 10\.0\.2\.2$/m);
    expect(await guest.fetch(`http://${siteName}/`)).toMatchObject({ status: 0, text: `a page of ${siteName}` });
    await guest.start('serve', '10.0.2.15', '22').line(/^serving$/);
    const forwarded = await machine.fetch(`http://${machine.address}:2222/`);
    expect(forwarded.status, forwarded.text).toBe(0);
  });

  it('leases nothing without -D, and is a plug of vde_plug, too', async () => {
    const machine = await Machine.open(stage);
    const sock = stage.path('sw');
    const running = await machine.etherloom('switch', '--sock', sock);
    machine.start(['dpipe', bin('slirpvde'), '-s', '-', '=', bin('vde_plug'), sock]);
    await running.line(/port 1: unix prog vdeplug/);
    const guest = await Guest.open(stage, sock);
    await expect(guest.lease()).rejects.toThrow(/no lease/);
    machine.start([bin('vde_plug'), sock, String.raw`slirp:///v4/addr=10.5.5.2\/24/vnameserver=10.5.5.3`]);
    await running.line(/port 3: unix prog vdeplug/);
    expect(await guest.lease()).toMatch(/^ip 10\.5\.5\.\d+ router 10\.5\.5\.2/m);
    expect((await guest.fetch(`http://${siteName}/`)).status).toBe(0);
  });
});

describe("README's way to a QEMU guest with Internet", { timeout: 120_000 }, () => {
  const stage = useStage([...gatewayNeeds, ...guestNeeds]);

  it('works as it is written, in three lines', async () => {
    const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
    const lines = readme
      .split('\n')
      .filter((line) => /^ {4}(etherloom guest build|etherloom switch .*--gateway|qemu-system)/.test(line))
      .map((line) => line.trim());
    expect(lines).toHaveLength(3);
    const [build = '', gateway = '', qemu = ''] = lines;
    const machine = await Machine.open(stage);
    const env = { PATH: `${join(bin('etherloom'), '..')}:${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
    const cwd = stage.path('.');
    // The Internet that a namespace plays has no mirror of Debian: this line alone is for the real one, or for what it once brought.
    await guestImage(stage);
    const built = await stage.run(['sh', '-c', `cd ${cwd} && ${build}`], { env });
    expect(built.status, built.text).toBe(0);
    const running = machine.start(['sh', '-c', `cd ${cwd} && exec ${gateway.replace(/ &$/, '')}`], { env });
    await running.line(/^ready$/);
    const guest = machine.start(['sh', '-c', `cd ${cwd} && exec ${qemu}`], { env });
    await guest.line(/^LEASE 10\.77\.0\.\d+/, { timeout: 90_000 });
    guest.stdin.write(`wget -q -O - http://${siteName}/\n`);
    await guest.line(new RegExp(`^a page of ${siteName}`));
  });
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const stationMac = macFromNumber(0x0200_0000_7777);
const stationAddress = ip('10.77.0.200');
const gatewayMac = macFromNumber(0x5255_0a4d_0002);

/** Asks for the gateway's MAC address, and so tells it the station's. */
function question(): Uint8Array {
  const target = { targetMac: macFromNumber(0), targetAddress: ip('10.77.0.2') };
  const payload = encodeArp({ operation: 'request', senderMac: stationMac, senderAddress: stationAddress, ...target });
  return encodeEthernet({ destination: broadcastMac, source: stationMac, etherType: etherTypes.arp, payload });
}

/** Returns the first segment of a connection, for the gateway, which its own system would not send to these addresses. */
function syn(to: string, port: number, from: number): Uint8Array {
  const destination = ip(to);
  const segment = new Uint8Array(20);
  writeUint16(segment, 0, from);
  writeUint16(segment, 2, port);
  segment[12] = 5 << 4;
  segment[13] = 0x02;
  writeUint16(segment, 14, 8192);
  writeUint16(segment, 16, internetChecksum(segment, pseudoHeaderSum(stationAddress, destination, ipProtocols.tcp, segment.length)));
  const payload = encodeIpv4({ source: stationAddress, destination, protocol: ipProtocols.tcp, payload: segment });
  return encodeEthernet({ destination: gatewayMac, source: stationMac, etherType: etherTypes.ipv4, payload });
}

function isSynAck(frame: Uint8Array, from: string, to: number): boolean {
  const ethernet = decodeEthernet(frame);
  const packet = ethernet?.etherType === etherTypes.ipv4 ? decodeIpv4(ethernet.payload) : undefined;
  if (packet?.protocol !== ipProtocols.tcp || packet.source !== ip(from)) return false;
  return readUint16(packet.payload, 2) === to && packet.payload[13] === 0x12;
}
