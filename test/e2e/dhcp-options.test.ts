import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dhclient, dhcpcd, udhcpc } from './dhcp-hosts.ts';
import { Host } from './host.ts';
import type { Running } from './running.ts';
import { useStage } from './stage.ts';

const told = /^told 10\.77\.0\.2; 10\.77\.0\.3 9\.9\.9\.9; example\.org$/;

describe('real clients of etherloom switch --dhcp', { timeout: 60_000 }, () => {
  const stage = useStage(['udhcpc', 'dhclient', 'dhcpcd', 'vde_plug2tap', 'ping', 'namespaces']);
  let service: Running;

  /** Opens a switch that leaves clients one address, and a host on it. */
  const hostOf = async (mac: string): Promise<Host> => {
    const options = ['--router', '10.77.0.2', '--dns', '10.77.0.3', '--dns', '9.9.9.9', '--domain', 'example.org'];
    // The router and a DNS server have the rest of the range.
    const range = ['--range', '10.77.0.1-10.77.0.4'];
    service = await stage.etherloom('switch', '--sock', stage.path('n'), '--dhcp', '10.77.0.0/24', ...options, ...range);
    const host = await Host.open(stage, { mac });
    await host.plug(stage.path('n'));
    return host;
  };

  it('udhcpc is told the router, DNS servers and the domain, with an address of the range', async () => {
    const host = await hostOf('02:00:00:00:00:d1');
    const client = udhcpc(stage, host, '-R');
    await client.line(told);
    await client.line(/^hook bound 10\.77\.0\.4$/);
  });

  it('dhclient is told the same', async () => {
    const host = await hostOf('02:00:00:00:00:d2');
    const client = dhclient(stage, host, 'isc', 'request subnet-mask, routers, domain-name-servers, domain-name;\n', '-1');
    await client.line(told);
    await client.line(/^hook BOUND 10\.77\.0\.4$/);
  });

  it('dhcpcd is told the same, and reaches what is behind the router, whose address is no conflict', async () => {
    const host = await hostOf('02:00:00:00:00:d3');
    const router = await Host.open(stage, { mac: '02:00:00:00:00:d4', address: '10.77.0.2/24' });
    await router.run(['ip', 'address', 'add', '192.0.2.1/32', 'dev', 'lo']);
    await router.plug(stage.path('n'));
    const client = dhcpcd(stage, host, '-B', '-d', '-A');
    await client.line(told);
    await client.line(/leased 10\.77\.0\.4 for/);
    await client.line(/adding default route via 10\.77\.0\.2/);
    expect(await host.ping('192.0.2.1')).toBe(0);
    expect(await router.ping('10.77.0.1')).toBe(0);
    expect(service.lines.filter((line) => line.includes('"conflict"'))).toEqual([]);
  });
});

describe('the leases of a switch in a directory that is cleaned', { timeout: 60_000 }, () => {
  const stage = useStage(['systemd-tmpfiles']);

  it('stay while the switch runs, however old they are', async () => {
    const [directory, stray, rules] = [stage.path('tmp'), stage.path('tmp', 'stray'), stage.path('clean.conf')];
    mkdirSync(directory);
    writeFileSync(stray, '');
    writeFileSync(rules, `d ${directory} 0700 - - 0\n`);
    await stage.etherloom('switch', '--sock', stage.path('tmp', 'n'), '--dhcp', '10.77.0.0/24');
    const { status, text } = await stage.run(['systemd-tmpfiles', '--clean', `--prefix=${directory}`, rules]);
    expect(status, text).toBe(0);
    expect(existsSync(stray)).toBe(false);
    for (const file of ['lock', 'server-mac', 'leases/leases.journal', 'leases/leases.lock']) {
      expect(existsSync(stage.path('tmp', 'n.state', file)), file).toBe(true);
    }
  });
});
