import { describe, expect, it, type TestContext } from 'vitest';
import { card, Host } from './host.ts';
import type { Running } from './running.ts';
import { bin, poisoned, useStage, type Stage } from './stage.ts';

const mac = (n: number): string => `02:00:00:00:01:0${n}`;

/** Runs a switch in a host's network, and returns it when it is ready. */
async function serve(host: Host, command: readonly string[]): Promise<Running> {
  const running = host.start(command, poisoned);
  await running.line(/^ready$/);
  return running;
}

/** Returns the throughput of TCP from one host to another, in Mbit/s. */
async function throughput(from: Host, to: Host, address: string, seconds: number): Promise<number> {
  const server = to.start(['iperf3', '-s', '-1', '--forceflush']);
  await server.line(/Server listening/);
  const { status, text } = await from.run(['iperf3', '-c', address, '-t', String(seconds), '-J']);
  expect(status, text).toBe(0);
  const { end } = JSON.parse(text) as { end: { sum_received: { bits_per_second: number } } };
  return end.sum_received.bits_per_second / 1e6;
}

/** Pings with packets of that size that must not be fragmented, and returns the percentage that was lost. */
async function bigPing(from: Host, address: string, size: number): Promise<string | undefined> {
  const { text } = await from.run(['ping', '-M', 'do', '-c', '20', '-i', '0.01', '-W', '2', '-s', String(size), address]);
  return /([\d.]+)% packet loss/.exec(text)?.[1];
}

async function twoHosts(stage: Stage, net: string): Promise<[Host, Host]> {
  return Promise.all([
    Host.open(stage, { mac: mac(1), address: `${net}.1/24` }),
    Host.open(stage, { mac: mac(2), address: `${net}.2/24` }),
  ]);
}

describe('a host on the switch by a tap interface', { timeout: 60_000 }, () => {
  const needs = ['namespaces', 'ping', 'iperf3'];
  const stage = useStage([...needs, 'vde_plug2tap']);

  it('is reached from a vde_plug2tap by ping and TCP: vde_switch -t', async (context: TestContext) => {
    const [host, plugged] = await twoHosts(stage, '10.8.0');
    const directory = stage.path('sw');
    const ours = await serve(host, [bin('vde_switch'), '-s', directory, '-t', card, '--nostdin']);
    await ours.line(new RegExp(`port 1: tuntap ${card}`));
    await plugged.plug(directory);
    expect(await plugged.ping('10.8.0.1', { count: 20, interval: 0.01 })).toBe(0);
    const megabits = await throughput(host, plugged, '10.8.0.2', 3);
    await context.annotate(`TCP from a tap to a vde_plug2tap, MTU 1500: ${megabits.toFixed(0)} Mbit/s`);
    expect(megabits).toBeGreaterThan(20);
  });

  it('hears jumbo frames whole: two switches with --tap, joined by --port vde://', async (context: TestContext) => {
    const [one, two] = await twoHosts(stage, '10.8.1');
    for (const host of [one, two]) expect((await host.run(['ip', 'link', 'set', card, 'mtu', '9216'])).status).toBe(0);
    await serve(one, [bin('etherloom'), 'switch', '--sock', stage.path('one'), '--tap', card]);
    await serve(two, [bin('etherloom'), 'switch', '--sock', stage.path('two'), '--tap', card, '--port', `vde://${stage.path('one')}`]);
    // 9,216 octets of IPv4: 20 of header and 8 of ICMP.
    expect(await bigPing(one, '10.8.1.2', 9188)).toBe('0');
    const megabits = await throughput(one, two, '10.8.1.2', 3);
    await context.annotate(`TCP from a tap to a tap through two switches, MTU 9216: ${megabits.toFixed(0)} Mbit/s`);
    expect(megabits).toBeGreaterThan(20);
  });

  it('is not had twice: etherloom switch says so, and ends', async () => {
    const host = await Host.open(stage, { mac: mac(1) });
    await serve(host, [bin('etherloom'), 'switch', '--sock', stage.path('one'), '--tap', card]);
    const { status, text } = await host.run([bin('etherloom'), 'switch', '--sock', stage.path('two'), '--tap', card]);
    expect(status).toBe(1);
    expect(text).toMatch(/cannot open the tap interface tap: .* \(EBUSY\); another program has it open: /);
  });
});

describe('vde_switch -t', { timeout: 60_000 }, () => {
  const stage = useStage(['namespaces', 'vde_switch']);

  it('names what it cannot open as the original does, and serves all the same', async () => {
    const host = await Host.open(stage, { mac: mac(1) });
    const options = ['-t', card, '-tap', card, '--tap=a/b', '-tlo'];
    const complaints: string[][] = [];
    for (const program of ['vde_switch', bin('vde_switch')]) {
      const running = host.start([program, '-s', stage.path('sw'), ...options]);
      await running.line(/ERROR OPENING tap interface: lo$/);
      complaints.push(running.lines.flatMap((line) => /^\S*vde_switch: (ERROR .*)/.exec(line)?.slice(1) ?? []));
      // Both end with their standard input.
      running.stdin.end();
      expect((await running.exit).status).toBe(0);
    }
    expect(complaints[0]).toEqual([card, 'a/b', 'lo'].map((name) => `ERROR OPENING tap interface: ${name}`));
    expect(complaints[1]).toEqual(complaints[0]);
  });
});
