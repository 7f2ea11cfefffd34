import { describe, expect, it, onTestFinished } from 'vitest';
import { quietLog } from '../../src/log.ts';
import { realClock } from '../../src/clock.ts';
import { SwitchService } from '../../src/daemon/switch-service.ts';
import { Host as Stack, type HostOptions } from '../../src/host/host.ts';
import { linkLocalOf } from '../../src/wire/ipv6.ts';
import { StationUplink } from '../../src/companions/station/station-uplink.ts';
import { realRandom } from '../../src/random.ts';
import { parseIpv4, parseIpv4Network } from '../../src/wire/ipv4.ts';
import { formatMac, macFromNumber } from '../../src/wire/mac.ts';
import { card, Host as Kernel } from './host.ts';
import { until, useStage, type Stage } from './stage.ts';

const stackMac = macFromNumber(0x0200_0000_0901);
const kernelMac = macFromNumber(0x0200_0000_0902);
const [stackAddress, kernelAddress] = ['10.9.0.1', '10.9.0.2'];
const address = must(parseIpv4(stackAddress));
const peer = must(parseIpv4(kernelAddress));
const network = must(parseIpv4Network('10.9.0.0/24'));

interface Beside {
  readonly stack: Stack;
  readonly kernel: Kernel;
  readonly add: (options: Partial<HostOptions>) => Promise<Stack>;
}

/** One of our hosts and a kernel, on a switch, and a way to add more of ours. */
async function beside(stage: Stage, options: Partial<HostOptions> = {}): Promise<Beside> {
  const directory = stage.path('sw');
  const service = await SwitchService.open({ directory }, { clock: realClock, random: realRandom, log: quietLog });
  onTestFinished(() => service[Symbol.asyncDispose]());
  const kernel = await Kernel.open(stage, { mac: formatMac(kernelMac), address: `${kernelAddress}/24` });
  await kernel.plug(directory);
  const add = async (more: Partial<HostOptions>): Promise<Stack> => {
    // Frames may come before there is a stack.
    let stack: Stack | undefined = undefined;
    const link = await StationUplink.open(
      { directory, description: 'host', receive: (frame) => stack?.receive(frame), carrier: (up) => stack?.carrier(up) },
      { clock: realClock, log: quietLog, poison: true },
    );
    onTestFinished(() => link[Symbol.asyncDispose]());
    stack = new Stack({ clock: realClock, random: realRandom, mac: stackMac, send: (frame) => link.send(frame), ...more });
    onTestFinished(() => stack[Symbol.dispose]());
    return stack;
  };
  return { kernel, add, stack: await add({ ipv4: { address, network }, ...options }) };
}

function pinged(stack: Stack, to: Parameters<Stack['ping']>[0], payload = new Uint8Array(56)): Promise<number | undefined> {
  return new Promise((resolve) => void stack.ping(to, resolve, { timeout: 5000, payload }));
}

/** Returns the output of a program of Node on the kernel's side; it has a UDP socket, `socket`. */
function udpProgram(text: string): string[] {
  const first = `const socket = require('dgram').createSocket('udp4'); setTimeout(() => process.exit(1), 10000).unref();`;
  return [process.execPath, '-e', first + text];
}

describe('a host without a kernel, beside one with', { timeout: 60_000 }, () => {
  const stage = useStage(['namespaces', 'vde_plug2tap', 'ping', 'busybox']);

  it('is pinged by it, with packets of all sizes, and pings it', async () => {
    const { stack, kernel } = await beside(stage);
    for (const size of ['0', '1', '56', '1472', '1473', '8000', '65507']) {
      const { status, text } = await kernel.run(['ping', '-c', '3', '-i', '0.05', '-W', '2', '-s', size, stackAddress]);
      expect(status, text).toBe(0);
    }
    expect(await pinged(stack, peer)).toBeGreaterThan(0);
    for (const size of [1472, 1473, 8000, 65_507]) expect(await pinged(stack, peer, new Uint8Array(size)), `${size}`).toBeGreaterThan(0);
    expect(stack.arp.entries).toMatchObject([{ address: peer, mac: kernelMac }]);
    const { text } = await kernel.run(['ip', 'neigh', 'show', 'dev', card]);
    expect(text).toContain(`${stackAddress} lladdr ${formatMac(stackMac)}`);
  });

  it('tells it, and is told by it, that nobody listens to a UDP port', async () => {
    const { stack, kernel } = await beside(stage);
    const program = `socket.on('error', ({ code }) => { console.log(code); process.exit(0); });
      socket.connect(9, '${stackAddress}', () => setInterval(() => socket.send('x'), 50));`;
    const { status, text } = await kernel.run(udpProgram(program));
    expect([status, text.trim()], text).toEqual([0, 'ECONNREFUSED']);
    const refused: unknown[] = [];
    using socket = stack.udp(
      undefined,
      () => undefined,
      (host, port) => refused.push([host, port]),
    );
    await until('a refusal', () => {
      socket.send(peer, 9, new Uint8Array(5));
      return refused.length > 0;
    });
    expect(refused[0]).toEqual([peer, 9]);
  });

  it('is not pinged by all at once, nor for an address that it has not', async () => {
    const { kernel } = await beside(stage);
    for (const to of [['-b', '10.9.0.255'], ['10.9.0.3']]) {
      const { status, text } = await kernel.run(['ping', '-c', '1', '-W', '1', ...to]);
      expect(status, text).toBe(1);
    }
  });

  it('answers arping, and whoever probes for its address', async () => {
    const { kernel } = await beside(stage);
    const asked = await kernel.run(['busybox', 'arping', '-c', '2', '-f', '-w', '5', '-I', card, stackAddress]);
    expect(asked.status, asked.text).toBe(0);
    expect(asked.text.toLowerCase()).toContain(formatMac(stackMac));
    // Detection of duplicates fails when there is one.
    const probed = await kernel.run(['busybox', 'arping', '-D', '-c', '2', '-w', '5', '-I', card, stackAddress]);
    expect(probed.status, probed.text).toBe(1);
    const free = await kernel.run(['busybox', 'arping', '-D', '-c', '1', '-w', '1', '-I', card, '10.9.0.77']);
    expect(free.status, free.text).toBe(0);
  });

  it('notices that the kernel has its address already', async () => {
    let noticed: (mac: number) => void = () => undefined;
    const conflict = new Promise<number>((resolve) => (noticed = resolve));
    await beside(stage, { ipv4: { address: peer, network }, onConflict: noticed });
    expect(await conflict).toBe(kernelMac);
  });

  it('is pinged by its link-local address, pings that of the kernel, and both know each other', async () => {
    const { stack, kernel } = await beside(stage, { ipv6: true });
    const theirs = linkLocalOf(kernelMac);
    await until('both have their addresses', async () => {
      const { text } = await kernel.run(['ip', '-6', '-o', 'address', 'show', 'dev', card]);
      return stack.linkLocal !== undefined && text.includes('fe80::ff:fe00:902/64') && !text.includes('tentative');
    });
    for (const to of ['fe80::ff:fe00:901', 'ff02::1']) {
      // The kernel would answer itself, and ping would not wait for us.
      const alone = to === 'ff02::1' ? ['-L'] : [];
      const { status, text } = await kernel.run(['ping', '-6', ...alone, '-c', '3', '-i', '0.05', '-W', '2', `${to}%${card}`]);
      expect(status, text).toBe(0);
      if (to === 'ff02::1') expect(text).toContain('fe80::ff:fe00:901');
    }
    stack.neighbours6?.clear();
    expect(await pinged(stack, theirs)).toBeGreaterThan(0);
    expect(await pinged(stack, theirs, new Uint8Array(1452))).toBeGreaterThan(0);
    expect(stack.neighbours6?.entries).toEqual([{ address: theirs, mac: kernelMac, state: 'REACHABLE' }]);
    const { text } = await kernel.run(['ip', '-6', 'neigh', 'show', 'dev', card]);
    expect(text).toContain(`fe80::ff:fe00:901 lladdr ${formatMac(stackMac)}`);
  });

  it('keeps an IPv6 address that the kernel wants to have too', async () => {
    const { stack, kernel } = await beside(stage, { ipv6: true });
    await until('ours has its address', () => stack.linkLocal !== undefined);
    const added = await kernel.run(['ip', '-6', 'address', 'add', 'fe80::ff:fe00:901/64', 'dev', card]);
    expect(added.status, added.text).toBe(0);
    await until('the kernel has seen the duplicate', async () => {
      const { text } = await kernel.run(['ip', '-6', '-o', 'address', 'show', 'dev', card]);
      return text.includes('dadfailed');
    });
  });

  it('has no IPv6 address that the kernel has already', async () => {
    let noticed: (mac: number) => void = () => undefined;
    const conflict = new Promise<number>((resolve) => (noticed = resolve));
    const { kernel, add } = await beside(stage);
    const added = await kernel.run(['ip', '-6', 'address', 'add', 'fe80::ff:fe00:903/64', 'dev', card, 'nodad']);
    expect(added.status, added.text).toBe(0);
    const late = await add({ mac: macFromNumber(0x0200_0000_0903), ipv6: true, onConflict: noticed });
    expect(await conflict).toBe(kernelMac);
    expect(late.linkLocal).toBeUndefined();
  });

  it('echoes the datagrams of a program there, and has its own echoed', async () => {
    const { stack, kernel } = await beside(stage);
    const server = stack.udp(7, ({ source, sourcePort, payload }) => server.send(source, sourcePort, payload));
    const client = `socket.on('message', (m) => { console.log('heard ' + m); socket.close(); }).send('hello', 7, '${stackAddress}')`;
    const { text } = await kernel.run(udpProgram(client));
    expect(text).toBe('heard hello');

    const echo = kernel.start(
      udpProgram(`socket.on('message', (m, from) => socket.send(m, from.port, from.address)).bind(7, () => console.log('bound'))`),
    );
    await echo.line(/^bound$/);
    const answer = await new Promise<string>((resolve) => {
      const socket = stack.udp(undefined, ({ payload }) => resolve(new TextDecoder().decode(payload)));
      socket.send(peer, 7, new TextEncoder().encode('hello'));
    });
    expect(answer).toBe('hello');
  });
});

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('no value');
  return value;
}
