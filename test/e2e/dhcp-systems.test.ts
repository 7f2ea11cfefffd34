import { describe, expect, it } from 'vitest';
import { bootRom, dissect, networkd, networkdPath, record, udhcpc } from './dhcp-hosts.ts';
import { Host } from './host.ts';
import type { Running } from './running.ts';
import { until, useStage } from './stage.ts';

const acquired = /DHCPv4 address (10\.77\.0\.\d+)\/24 acquired from 10\.77\.0\.1/;
const malformed = '_ws.malformed or _ws.expert.severity==error';

describe('the DHCP clients that systems come with', { timeout: 120_000 }, () => {
  const stage = useStage([networkdPath, 'udhcpc', 'qemu-system-x86_64', 'dumpcap', 'tshark', 'vde_plug2tap', 'namespaces']);

  const serve = async (...options: string[]): Promise<Running> =>
    stage.etherloom('switch', '--sock', stage.path('n'), '--dhcp', '10.77.0.0/24', ...options);

  it('systemd-networkd binds, renews and releases, and tshark finds nothing malformed', async () => {
    const service = await serve('--lease-time', '4');
    const host = await Host.open(stage, { mac: '02:00:00:00:00:e1' });
    await host.plug(stage.path('n'));
    const file = stage.path('x.pcap');
    const recording = await record(host, file);
    const client = networkd(host);
    const [, address] = await client.line(acquired);
    await client.line(/DHCPv4 client: REQUEST \(renewing\)/);
    await client.line(/DHCPv4 client: ACK/, { from: client.lines.findIndex((line) => line.includes('(renewing)')) });
    expect(await host.address()).toBe(address);
    await client.end();
    await service.logged({ event: 'lease-released', address });
    await until('the RELEASE is on file', async () => (await dissect(stage, file, 'dhcp.option.dhcp == 7')).length > 0);
    await recording.end('SIGINT');
    expect((await dissect(stage, file, 'dhcp', 'dhcp.option.dhcp')).join(' ')).toMatch(/^(1 )+(2 )+(3 )+(5 )+(3 )+(5 )+.*7$/);
    expect(await dissect(stage, file, malformed)).toEqual([]);
  });

  it('a boot ROM, a small system and a large one of one machine have one address', async () => {
    const service = await serve('--dhcp-lease-per-mac');
    const mac = '02:00:00:00:00:e2';
    const rom = bootRom(stage, stage.path('n'), mac);
    const [, address] = await rom.line(/net0: (10\.77\.0\.\d+)\/255\.255\.255\.0/, { timeout: 60_000 });
    await service.logged({ event: 'lease-bound', mac, address, reason: 'selected' });
    await rom.end();
    const host = await Host.open(stage, { mac });
    await host.plug(stage.path('n'));
    const small = udhcpc(stage, host, '-q', '-n');
    await small.line(new RegExp(`^hook bound ${address}$`));
    await small.exit;
    await host.run(['ip', 'address', 'flush', 'dev', 'tap']);
    const [, last] = await networkd(host).line(acquired);
    expect(last).toBe(address);
  });
});
