import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { askOnce } from './dhcp-hosts.ts';
import { card, Host } from './host.ts';
import { guestNeeds } from './peers.ts';
import type { Running } from './running.ts';
import { freePort, until, useStage, type Stage } from './stage.ts';
import { Star } from './star.ts';

const needs = ['vde_switch', 'vde_plug', 'vde_plug2tap', 'dpipe', 'nc', 'socat', 'udhcpc', 'ping', 'namespaces'];

/** Starts the original vde_switch, and returns its directory. */
async function original(stage: Stage, name: string): Promise<string> {
  const directory = stage.path(name);
  const running = stage.start(['vde_switch', '-s', directory]);
  await until('the original serves', () => existsSync(`${directory}/ctl`) || running.ended !== undefined);
  expect(running.ended, running.lines.join()).toBeUndefined();
  return directory;
}

async function hostAt(stage: Stage, mac: string, directory: string): Promise<Host> {
  const host = await Host.open(stage, { mac });
  await host.plug(directory);
  return host;
}

describe('a star with original parts', { timeout: 60_000 }, () => {
  const stage = useStage(needs);

  it.each([
    ['dpipe vde_plug = nc', (directory: string, port: number) => ['dpipe', 'vde_plug', directory, '=', 'nc', '127.0.0.1', String(port)]],
    [
      'dpipe vde_plug = socat',
      (directory: string, port: number) => ['dpipe', 'vde_plug', directory, '=', 'socat', '-', `TCP:127.0.0.1:${port},nodelay`],
    ],
  ])('an original vde_switch is a slave by %s: a udhcpc behind it gets its lease and pings the server', async (_name, link) => {
    const star = await Star.prepare(stage);
    const master = await star.master();
    const directory = await original(stage, 'original');
    const joint = stage.start(link(directory, star.port), { group: true });
    await master.line(/port 1: tcp/);
    const host = await hostAt(stage, '02:00:00:00:00:01', directory);
    const answer = await askOnce(stage, host);
    expect(answer.status, answer.text).toBe(0);
    expect(await host.ping('10.77.0.1')).toBe(0);
    // And a host behind a slave of ours is on the same network, whole frames through.
    await star.slave('s');
    const other = await hostAt(stage, '02:00:00:00:00:02', star.sock('s'));
    expect((await askOnce(stage, other)).status).toBe(0);
    const large = ['ping', '-c', '3', '-i', '0.2', '-W', '2', '-s', '1472', '-M', 'do', (await other.address()) ?? ''];
    expect((await host.run(large)).text).toContain(' 0% packet loss');
    await joint.end();
    await master.line(/port 1: tcp .* is gone/);
    // The link comes back to a master that was there all the time.
    stage.start(link(directory, star.port), { group: true });
    await until('the original is linked again', async () => (await host.ping('10.77.0.1', { count: 1 })) === 0);
  });

  it('each has a listening port of its own, as in the first star: --slave-port', async () => {
    const star = await Star.prepare(stage);
    const [first, second] = [await freePort(), await freePort()];
    const master = await star.master('--slave-port', `1=${first}`, '--slave-port', `2=${second}`);
    await master.logged({ event: 'slave-port', id: 2, address: `127.0.0.1:${second}` });
    const slave = await star.slave('s');
    await slave.line(new RegExp(`linked to 127\\.0\\.0\\.1:${first}`));
    const directory = await original(stage, 'original');
    stage.start(['dpipe', 'vde_plug', directory, '=', 'nc', '127.0.0.1', String(second)], { group: true });
    await master.line(/port 2: tcp/);
    const hosts = [await hostAt(stage, '02:65:6c:00:00:01', star.sock('s')), await hostAt(stage, '02:00:00:00:00:02', directory)];
    for (const host of hosts) expect((await askOnce(stage, host)).status).toBe(0);
    expect(await hosts[0]?.address()).toBe('10.77.0.11');
    expect(await hosts[1]?.ping('10.77.0.11')).toBe(0);
  });
});

describe('an original vde_switch as the master', { timeout: 60_000 }, () => {
  const stage = useStage([...needs, 'dnsmasq']);

  const serve = async (directory: string): Promise<Running> => {
    const host = await Host.open(stage, { mac: '02:00:00:00:00:01', address: '10.77.0.1/24' });
    await host.plug(directory);
    const files = ['--conf-file=/dev/null', '--no-resolv', '--no-hosts', `--dhcp-leasefile=${stage.path('leases')}`, '--pid-file='];
    const network = ['--port=0', `--interface=${card}`, '--bind-interfaces', '--dhcp-range=10.77.0.50,10.77.0.99,255.255.255.0,10m'];
    // -d: where setgroups is denied, it could not become another user.
    const dnsmasq = host.start(['dnsmasq', '-d', ...files, ...network, '--dhcp-authoritative', '--no-ping']);
    await dnsmasq.line(/DHCP, IP range/);
    return dnsmasq;
  };

  it('has our switch dial to its nc -l: a udhcpc behind ours gets an address of its dnsmasq', async () => {
    const directory = await original(stage, 'original');
    const dnsmasq = await serve(directory);
    const port = await freePort();
    const listening = ['dpipe', 'vde_plug', directory, '=', 'nc', '-l', '127.0.0.1', String(port)];
    const joint = stage.start(listening, { group: true });
    const ours = await stage.etherloom('switch', '--sock', stage.path('ours'), '--port', `tcp://127.0.0.1:${port}`);
    await ours.line(/linked to/);
    const host = await hostAt(stage, '02:00:00:00:00:02', stage.path('ours'));
    const answer = await askOnce(stage, host);
    expect(answer.status, answer.text + dnsmasq.lines.join('\n')).toBe(0);
    expect(await host.address()).toMatch(/^10\.77\.0\.[5-9]\d$/);
    expect(await host.ping('10.77.0.1')).toBe(0);
    // It listens once only; ours dials until it is started again.
    await joint.end();
    await ours.line(/no link to/);
    const from = ours.lines.length;
    stage.start(listening, { group: true });
    await ours.line(/linked to/, { from });
    expect(await host.ping('10.77.0.1')).toBe(0);
  });
});

describe("a master with --no-dhcp and a guest: the first star's form", { timeout: 120_000 }, () => {
  const stage = useStage([...needs, ...guestNeeds]);

  it('has its guest serve addresses, to a udhcpc behind a slave', async () => {
    const star = await Star.prepare(stage, { guests: true });
    const master = await star.master('--no-dhcp');
    await stage.etherloom('slave', '--master', `127.0.0.1:${star.port}`, '--sock', star.sock('s'), '--state', star.state('s'));
    await master.logged({ event: 'guest', state: 'ready' }, { timeout: 60_000 });
    await until('the guest serves', () => star.saidBy('m').includes('SERVING'));
    const host = await hostAt(stage, '02:65:6c:00:00:01', star.sock('s'));
    const answer = await askOnce(stage, host);
    expect(answer.status, answer.text).toBe(0);
    expect(answer.text).toMatch(/lease of 10\.77\.0\.\d+ obtained from 10\.77\.0\.1,/);
    expect(await host.ping('10.77.0.1')).toBe(0);
  });
});
