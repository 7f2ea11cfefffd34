import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { messageTypeOf, messageTypes } from '../../src/wire/dhcp.ts';
import { decodePcap } from '../../src/wire/pcap.ts';
import { dhcpIn } from './dhcp-frames.ts';
import { askOnce, dhclient, dhcpcd, dissect, record, udhcpc } from './dhcp-hosts.ts';
import { Host } from './host.ts';
import type { Running } from './running.ts';
import { until, useStage } from './stage.ts';
import { Star } from './star.ts';

const malformed = '_ws.malformed or _ws.expert.severity==error';

/** Sends a signal each second until what it is to bring about has come: dhcpcd loses one that comes while its hooks run. */
async function insist(client: Running, signal: NodeJS.Signals, outcome: Promise<unknown>): Promise<void> {
  client.signal(signal);
  const timer = setInterval(() => client.signal(signal), 1000);
  await outcome.finally(() => clearInterval(timer));
}

describe("real clients of the master's DHCP server", { timeout: 60_000 }, () => {
  const stage = useStage(['udhcpc', 'dhclient', 'dhcpcd', 'dumpcap', 'tshark', 'vde_plug2tap', 'ping', 'namespaces']);
  let star: Star;
  let master: Running;

  const hostOf = async (mac: string, ...more: string[]): Promise<Host> => {
    star = await Star.prepare(stage);
    master = await star.master('--lease-time', '60', ...more);
    const host = await Host.open(stage, { mac });
    await host.plug(star.sock('m'));
    return host;
  };

  /** Returns the messages' types that are on file, in order. */
  const typesIn = (file: string): (number | undefined)[] =>
    (decodePcap(readFileSync(file))?.records ?? []).flatMap(({ frame }) => {
      const message = dhcpIn(frame);
      return message ? [messageTypeOf(message)] : [];
    });

  /** Returns the messages' types in order up to the RELEASE, and what tshark has to say against any frame. */
  const recorded = async (recording: Running): Promise<{ types: string; malformed: string[] }> => {
    const file = stage.path('x.pcap');
    await until('the RELEASE is on file', () => typesIn(file).includes(messageTypes.release));
    await recording.end('SIGINT');
    // An ACK that comes after its socket was closed is quoted in the kernel's "port unreachable".
    const types = await dissect(stage, file, 'dhcp && !icmp', 'dhcp.option.dhcp');
    expect(types.map(Number)).toEqual(typesIn(file));
    return { types: types.join(' '), malformed: await dissect(stage, file, malformed) };
  };

  it('udhcpc binds, renews and releases, and tshark finds nothing malformed', async () => {
    const host = await hostOf('02:00:00:00:00:c1');
    const recording = await record(host, stage.path('x.pcap'));
    const client = udhcpc(stage, host, '-R', '-x', 'hostname:vm-udhcpc', '-V', 'etherloom-test', '-O', 'search', '-O', 'mtu');
    const [, address] = await client.line(/^hook bound (10\.77\.0\.\d+)$/);
    expect(await host.address()).toBe(address);
    expect(await host.ping('10.77.0.1')).toBe(0);
    await master.logged({ event: 'lease-bound', address, hostname: 'vm-udhcpc', duration: 60 });
    client.signal('SIGUSR1');
    await client.line(new RegExp(`^hook renew ${address}$`));
    client.signal('SIGUSR2');
    await master.logged({ event: 'lease-released', address });
    await client.end();
    // It asks again when it misses an answer, or gets none within a second.
    const course = expect.stringMatching(/^(1 )+(2 )+((3 )+(5 )+){2,}7$/) as string;
    expect(await recorded(recording)).toEqual({ types: course, malformed: [] });
  });

  it('are told the MTU of the segment when they ask for it, and tshark reads the same', async () => {
    const host = await hostOf('02:00:00:00:00:c4', '--mtu', '8000');
    const recording = await record(host, stage.path('x.pcap'));
    const asking = udhcpc(stage, host, '-R', '-O', 'mtu');
    await asking.line(/^mtu 8000$/);
    await asking.end();
    await dhclient(stage, host, 'isc', 'request subnet-mask, interface-mtu;\n', '-1').line(/^mtu 8000$/);
    const file = stage.path('x.pcap');
    await until('both ACKs are on file', () => typesIn(file).filter((type) => type === messageTypes.ack).length === 2);
    await recording.end('SIGINT');
    const mtus = await dissect(stage, file, 'dhcp.option.dhcp == 5', 'dhcp.option.interface_mtu');
    expect([...new Set(mtus)]).toEqual(['8000']);
    expect(await dissect(stage, file, malformed)).toEqual([]);
  });

  it('dhclient binds, renews, comes back with its lease and releases, and tshark finds nothing malformed', async () => {
    const host = await hostOf('02:00:00:00:00:c2');
    const recording = await record(host, stage.path('x.pcap'));
    const configuration =
      'send host-name "vm-dhclient";\nsupersede dhcp-renewal-time 2;\nrequest subnet-mask, broadcast-address, routers;\n';
    const client = dhclient(stage, host, 'isc', configuration, '-1');
    const [, address] = await client.line(/^hook BOUND (10\.77\.0\.\d+)$/);
    expect(await host.ping('10.77.0.1')).toBe(0);
    await client.line(new RegExp(`^hook RENEW ${address}$`));
    await client.end();
    const rebooted = dhclient(stage, host, 'isc', configuration, '-1');
    await rebooted.line(new RegExp(`^hook REBOOT ${address}$`));
    await rebooted.end();
    await dhclient(stage, host, 'isc', configuration, '-r').exit;
    await master.logged({ event: 'lease-released', address });
    expect(await recorded(recording)).toMatchObject({ types: expect.stringMatching(/^1 2 3 5( 3 5)+ 7$/) as string, malformed: [] });
  });

  it('dhcpcd binds, renews and releases, and tshark finds nothing malformed', async () => {
    const host = await hostOf('02:00:00:00:00:c3');
    const recording = await record(host, stage.path('x.pcap'));
    const client = dhcpcd(stage, host, '-B', '-d', '-A');
    const [, address] = await client.line(/leased (10\.77\.0\.\d+) for 60 seconds/);
    await insist(client, 'SIGUSR1', client.line(/leased 10\.77\.0\.\d+ for 60 seconds/, { from: client.lines.length }));
    await insist(client, 'SIGALRM', master.logged({ event: 'lease-released', address }));
    await client.exit;
    expect(await recorded(recording)).toMatchObject({ types: expect.stringMatching(/^1 2 3 5( 3 5)+ 7$/) as string, malformed: [] });
  });

  it('one that has patience for three seconds has an address, and has it again after the master was killed', async (context) => {
    const host = await hostOf('02:00:00:00:00:c4');
    const begun = performance.now();
    const first = await askOnce(stage, host);
    await context.annotate(`udhcpc -t 3 -T 1 -n -q: ${(performance.now() - begun).toFixed(0)} ms`);
    expect(first.status, first.text).toBe(0);
    const address = await host.address();
    expect(address).toMatch(/^10\.77\.0\.\d+$/);
    await master.end('SIGKILL');
    master = await star.master('--lease-time', '60');
    await host.plug(star.sock('m'));
    // Another one in between, which would get the address if it were free.
    const other = await Host.open(stage, { mac: '02:00:00:00:00:c5' });
    await other.plug(star.sock('m'));
    expect((await askOnce(stage, other)).status).toBe(0);
    const second = await askOnce(stage, host);
    expect(second.status, second.text).toBe(0);
    expect(await host.address()).toBe(address);
    expect(await other.address()).not.toBe(address);
    expect(await host.ping((await other.address()) ?? '')).toBe(0);
  });

  it('gets the address that --reserve names for the id of its MAC', async () => {
    star = await Star.prepare(stage);
    master = await star.master('--reserve', '7=10.77.0.99');
    const host = await Host.open(stage, { mac: '02:65:6c:00:00:07' });
    await host.plug(star.sock('m'));
    expect((await askOnce(stage, host)).status).toBe(0);
    expect(await host.address()).toBe('10.77.0.99');
  });
});
