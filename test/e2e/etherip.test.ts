import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Network, overlayNeeds } from './overlay-rig.ts';
import { debianPython } from './peers.ts';
import { bin, poisoned, until, useStage } from './stage.ts';

const peer = join(import.meta.dirname, 'etherip-peer.py');

/** The addresses of our machine and of scapy's, by version of IP. */
const addresses = { 4: ['10.9.0.1', '10.9.0.2'], 6: ['fd09::1', 'fd09::2'] } as const;

describe.each([
  ['descriptors', '', []],
  ['the package raw-socket', '&socket=raw-socket', ['raw-socket']],
])('scapy at the far end of etherip:// by %s', { timeout: 60_000 }, (_, kind, packages) => {
  const stage = useStage(['networks', ...overlayNeeds, 'dumpcap', 'tshark', 'python3-scapy', ...packages]);

  it.each([4, 6] as const)('finds a station, pings it and is pinged by it, over IPv%i, and tshark reads all of it', async (family) => {
    const [near, far] = addresses[family];
    const network = await Network.open(stage);
    const [ourMachine, scapys] = [network.first, await network.add()];
    await network.cable([ourMachine, 'near', `${near}/24`], [scapys, 'far', `${far}/24`]);
    const recording = await scapys.record('far');
    const scapy = scapys.start([debianPython, peer, far, near]);
    await scapy.line(/^listening$/);
    const dhcp = ['--dhcp', '10.77.0.0/24', '--state', stage.path('state')];
    const ours = await ourMachine.etherloom('switch', '--sock', stage.path('s'), ...dhcp, '--port', `etherip://${far}?plain=yes${kind}`);
    const station = ourMachine.start(
      [bin('etherloom'), 'station', '--sock', stage.path('s'), '--id', '7', '--ping', '10.77.0.200'],
      poisoned,
    );
    const [, address = ''] = await station.line(/: ready, (10\.77\.0\.\d+)"/);
    await station.line(/10\.77\.0\.200 answers in /);
    expect(scapy.lines).toContain(`${address} pings`);
    scapy.stdin.write(`${address}\n`);
    await scapy.line(new RegExp(`^${address} is at 02:65:6c:00:00:07$`));
    await scapy.line(new RegExp(`^${address} answers$`));
    expect(await ours.end()).toMatchObject({ status: 0 });

    // An echo reply of each of the two.
    await until('the recording is complete', async () => (await recording.lines('etherip && icmp.type == 0')).size >= 2);
    await recording.stop();
    expect(await recording.lines('etherip', 'etherip.ver')).toEqual(new Set(['3']));
    expect(await recording.lines('etherip && arp.opcode == 2 && arp.src.proto_ipv4 == 10.77.0.200')).not.toEqual(new Set());
    expect(await recording.faults()).toEqual([]);
  });
});

describe('a switch with a port that needs a raw socket', { timeout: 60_000 }, () => {
  const root = process.geteuid?.() === 0;
  const stage = useStage(root ? ['setpriv'] : []);

  it('names the three ways to have CAP_NET_RAW where it has not', async () => {
    const without = root ? ['setpriv', '--bounding-set=-net_raw', '--inh-caps=-net_raw'] : [];
    const address = 'gretap://127.0.0.1?key=1';
    const { status, text } = await stage.run([...without, bin('etherloom'), 'switch', '--sock', stage.path('s'), '--port', address]);
    expect(status).toBe(1);
    expect(text).toMatch(
      /gretap needs a raw socket, which this process may not have without CAP_NET_RAW; .*unshare -Urn .*setpriv .*as root/,
    );
  });
});
