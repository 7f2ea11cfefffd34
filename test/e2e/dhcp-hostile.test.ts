import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { decodeArp } from '../../src/wire/arp.ts';
import { decodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { macFromNumber } from '../../src/wire/mac.ts';
import { decodePcap } from '../../src/wire/pcap.ts';
import { arpFrame, serverAddress } from '../dhcp/segment.ts';
import { ConsoleTalk, consoleAt } from './console-talk.ts';
import { askOnce, dissect, udhcpc } from './dhcp-hosts.ts';
import { Host } from './host.ts';
import type { Running } from './running.ts';
import { useStage } from './stage.ts';
import { VdeStation } from './vde-station.ts';

const recordings = fileURLToPath(new URL('../../fixtures/dhcp-hostile', import.meta.url));
const script = fileURLToPath(new URL('../../fixtures/record/hostile.py', import.meta.url));

/** The server's treatment of each recording: the number of frames of each kind, and of leases. */
const treated: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  // Their last eight offers are the most that wait, and give way to leases; with all, a port has three quarters of the pool.
  starvation: { 'frames offered': 112, 'frames rebooted': 23, 'frames nak-taken': 9, 'leases bound': 23, 'leases offered': 1 },
  // The victim asks again for its own address, as far as one can tell; its lease stays as it is.
  forged: { 'frames informed': 31, 'frames nak-other-address': 31, 'frames not-holder': 94, 'frames rebooted': 1, 'frames wrong-port': 3 },
  declines: {
    'frames declined': 24,
    'frames rebooted': 24,
    'frames not-holder': 24,
    'frames nak-other-address': 21,
    'frames nak-taken': 3,
    'leases idle': 11,
    'leases quarantined': 8,
  },
  claims: { 'leases quarantined': 11 },
  rogue: { 'frames bad-op': 3, 'frames bad-type': 3 },
  malformed: {
    'frames bad-ipv4': 22,
    'frames fragment': 3,
    'frames bad-source': 3,
    'frames bad-udp': 8,
    'frames partial-checksum': 1,
    'frames malformed-dhcp': 12,
    'frames bad-op': 3,
    'frames bad-hops': 2,
    'frames bad-hardware': 6,
    'frames bad-chaddr': 3,
    'frames relayed': 8,
    'frames no-type': 3,
    'frames bad-type': 8,
    'frames bad-option': 9,
    'frames bad-client-id': 1,
    'frames offered': 38,
    'frames other-server': 3,
    'frames no-address': 1,
    'frames nak-other-address': 3,
    'frames nak-wrong-net': 2,
    'leases offered': 2,
  },
};

/** The other frames of stations: also of the hosts' kernels. */
const beside = ['frames arp', 'frames arp-reply', 'frames not-for-us', 'frames bad-icmp'];

const attackerMac = macFromNumber(0x0200_0000_0066);

/** Asks for the server's address, as a station that has none: by its answer all is done that was sent before. */
const probe = arpFrame({ senderMac: attackerMac, targetAddress: serverAddress });

/** How many frames are sent at once: fewer than a switch keeps answers to for a station that does not read yet. */
const stride = 16;

function isAnswer(frame: Uint8Array): boolean {
  const ethernet = decodeEthernet(frame);
  const arp = ethernet?.etherType === etherTypes.arp ? decodeArp(ethernet.payload) : undefined;
  return arp?.operation === 'reply' && arp.targetMac === attackerMac;
}

function framesOf(name: string): readonly Uint8Array[] {
  return decodePcap(readFileSync(`${recordings}/${name}.pcap`))?.records.map(({ frame }) => frame) ?? [];
}

describe('a DHCP server that is attacked', { timeout: 120_000 }, () => {
  const stage = useStage(['udhcpc', 'vde_plug2tap', 'ping', 'namespaces']);
  let service: Running;
  let console: ConsoleTalk;
  let hosts = 0;

  const serve = async (): Promise<void> => {
    const options = ['--dhcp', '10.77.0.0/24', '--range', '10.77.0.10-10.77.0.41', '--mgmt', stage.path('m')];
    service = await stage.etherloom('switch', '--sock', stage.path('n'), ...options);
    console = await ConsoleTalk.with(await consoleAt(stage.path('m'), service));
    hosts = 0;
  };

  /** Returns a client with a lease, which forged frames do not take from its port of the switch. */
  const bound = async (): Promise<readonly [client: Running, address: string]> => {
    const client = udhcpc(stage, await newHost(), '-R');
    const [, address = ''] = await client.line(/^hook bound (10\.77\.0\.\d+)$/);
    expect(await console.ask('port/sticky 1 1')).toMatch(/1000 Success/);
    return [client, address];
  };

  const newHost = async (): Promise<Host> => {
    const host = await Host.open(stage, { mac: `02:00:00:00:00:a${++hosts}` });
    await host.plug(stage.path('n'));
    return host;
  };

  const counters = async (): Promise<ReadonlyMap<string, number>> =>
    new Map(
      [...(await console.ask('dhcp/showinfo')).matchAll(/^((?:frames|leases) \S+) (\d+)\r?$/gm)].map(([, name = '', n]) => [
        name,
        Number(n),
      ]),
    );

  /** Sends a recording, and reads the answers. */
  const replay = (attacker: VdeStation, name: string): void => {
    const frames = framesOf(name);
    for (let at = 0; at < frames.length; at += stride) {
      attacker.send([...frames.slice(at, at + stride), probe]);
      attacker.hear(isAnswer);
    }
  };

  const renew = async (client: Running, address: string): Promise<void> => {
    const from = client.lines.length;
    client.signal('SIGUSR1');
    await client.line(new RegExp(`^hook renew ${address}$`), { from });
  };

  it.each(Object.keys(treated))('by %s counts each frame, and goes on to serve its client and the next one', async (name) => {
    await serve();
    const [client, address] = await bound();
    const attacker = await VdeStation.plug(stage.path('n'));
    const before = await counters();
    replay(attacker, name);
    const after = await counters();
    const changed = [...after].map(([reason, count]) => [reason, count - (before.get(reason) ?? 0)] as const);
    expect(Object.fromEntries(changed.filter(([reason, count]) => count !== 0 && !beside.includes(reason)))).toEqual(treated[name]);
    await renew(client, address);
    const next = await newHost();
    expect((await askOnce(stage, next)).status).toBe(0);
    expect(await next.address()).not.toBe(address);
    attacker.unplug();
  });

  it('by all of them, again and again, keeps its client, has room for the next one, and does not grow', async () => {
    await serve();
    const [client, address] = await bound();
    const attacker = await VdeStation.plug(stage.path('n'));
    const residentKib = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))?.[1]);
    let early = 0;
    for (let round = 1; round <= 6; round++) {
      for (const name of Object.keys(treated)) replay(attacker, name);
      await renew(client, address);
      if (round === 2) early = residentKib();
    }
    const now = await counters();
    const taken = ['bound', 'offered', 'quarantined'].map((state) => now.get(`leases ${state}`) ?? NaN);
    // Three quarters of the pool, and the client.
    expect(taken.reduce((a, b) => a + b)).toBeLessThanOrEqual(25);
    expect(residentKib() - early).toBeLessThan(32 * 1024);
    const next = await newHost();
    expect((await askOnce(stage, next)).status).toBe(0);
    expect(await next.address()).not.toBe(address);
    expect(await next.ping(address)).toBe(0);
    expect((await service.end()).status).toBe(0);
  });
});

describe('the recordings of attacks', () => {
  const stage = useStage(['python3', 'tshark']);

  it('are what the script makes, and tshark finds what is wrong in those that are malformed alone', async () => {
    const made = await stage.run(['python3', script, stage.path('again')]);
    expect(made.status, made.text).toBe(0);
    const names = readdirSync(recordings).sort();
    expect(names).toEqual(
      Object.keys(treated)
        .map((name) => `${name}.pcap`)
        .sort(),
    );
    for (const name of names) {
      expect(readFileSync(stage.path('again', name)).equals(readFileSync(`${recordings}/${name}`)), name).toBe(true);
      const malformed = await dissect(stage, `${recordings}/${name}`, '_ws.malformed');
      expect(malformed.length > 0, name).toBe(name === 'malformed.pcap');
    }
  });
});
