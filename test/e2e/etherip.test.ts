import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addresses, layCable } from './cable.ts';
import { dissect } from './dhcp-hosts.ts';
import { debianPython } from './peers.ts';
import { bin, poisoned, until, useStage } from './stage.ts';

const peer = join(import.meta.dirname, 'etherip-peer.py');

describe.each([
  ['descriptors', '', []],
  ['the package raw-socket', '&socket=raw-socket', ['raw-socket']],
])('scapy at the far end of etherip:// by %s', { timeout: 60_000 }, (_, kind, packages) => {
  const stage = useStage(['networks', 'ip', 'dumpcap', 'tshark', 'python3-scapy', ...packages]);

  it.each([4, 6] as const)('finds a station, pings it and is pinged by it, over IPv%i, and tshark reads all of it', async (family) => {
    const { near, far } = addresses[family];
    const machines = await layCable(stage);
    const file = stage.path('cable.pcap');
    const recording = await machines.far.record('far', file);
    const scapy = machines.far.start([debianPython, peer, far, near]);
    await scapy.line(/^listening$/);
    const dhcp = ['--dhcp', '10.77.0.0/24', '--state', stage.path('state')];
    const ours = await machines.near.etherloom('switch', '--sock', stage.path('s'), ...dhcp, '--port', `etherip://${far}?plain=yes${kind}`);
    const station = machines.near.start(
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
    await until('the recording is complete', async () => (await dissect(stage, file, 'etherip && icmp.type == 0')).length >= 2);
    await recording.end('SIGINT');
    expect(new Set(await dissect(stage, file, 'etherip', 'etherip.ver'))).toEqual(new Set(['3']));
    expect(await dissect(stage, file, 'etherip && arp.opcode == 2 && arp.src.proto_ipv4 == 10.77.0.200')).not.toEqual([]);
    const bad = ['ip.checksum.status == 0', 'icmp.checksum.status == 0', 'udp.checksum.status == 0', '_ws.malformed'];
    const checked = ['ip', 'udp'].flatMap((protocol) => ['-o', `${protocol}.check_checksum:TRUE`]);
    const found = await stage.run([
      'tshark',
      '-r',
      file,
      ...checked,
      '-Y',
      `etherip && (${bad.join(' || ')})`,
      '-T',
      'fields',
      '-e',
      'frame.number',
    ]);
    expect(found.text.replace(/^Running as user.*$/m, '').trim()).toBe('');
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
