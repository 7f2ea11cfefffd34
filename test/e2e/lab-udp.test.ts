import { describe, expect, it, onTestFinished } from 'vitest';
import { lab, type LabHost, type LabUdpSocket, type Network } from '../../src/lab/lab.ts';
import { expose } from '../../src/lab/node/node.ts';
import { card, Host as Kernel } from './host.ts';
import type { Running } from './running.ts';
import { until, useStage, type Stage } from './stage.ts';

interface Beside {
  readonly net: Network;
  readonly a: LabHost;
  readonly kernel: Kernel;
}

/** The address of the card's link, as it makes it of its MAC address. */
const ofTheLink = 'fe80::ff:fe00:902';

/** Returns a host of the lab and a kernel, which is the host's router, at one switch. */
async function beside(stage: Stage): Promise<Beside> {
  const net = lab({ poison: true });
  onTestFinished(() => net[Symbol.dispose]());
  const s1 = net.switch('s1');
  const a = net.host('a', s1, { ip: '10.9.0.1/24', router: '10.9.0.2', ip6: 'fd09::1/64', router6: 'fd09::2' });
  const exposure = await expose(net, 's1', { vde: stage.path('sw') });
  onTestFinished(() => exposure[Symbol.asyncDispose]());
  const kernel = await Kernel.open(stage, { mac: '02:00:00:00:09:02', address: '10.9.0.2/24' });
  await run(kernel, ['ip', 'address', 'add', 'fd09::2/64', 'dev', card, 'nodad']);
  await kernel.plug(exposure.directory);
  await until('both have their addresses', async () => {
    const { text } = await kernel.run(['ip', '-6', '-o', 'address', 'show', 'dev', card]);
    return a.address6 !== undefined && text.includes(ofTheLink) && !text.includes('tentative');
  });
  return { net, a, kernel };
}

async function run(kernel: Kernel, command: readonly string[]): Promise<void> {
  const { status, text } = await kernel.run(command);
  expect(status, `${command.join(' ')}: ${text}`).toBe(0);
}

/** Returns a program of Node with a UDP socket of that family, `socket`. It prints lines. */
function program(family: 4 | 6, text: string): string[] {
  const first = `const socket = require('dgram').createSocket({ type: 'udp${family}', ipv6Only: ${family === 6} }); setTimeout(() => process.exit(1), 20000).unref();`;
  return [process.execPath, '-e', first + text];
}

/** Starts what echoes all that comes to port 7, and waits until it does. */
async function echo(kernel: Kernel, family: 4 | 6, enter: readonly string[] = []): Promise<Running> {
  const answer = `socket.on('message', (m, from) => socket.send(m, from.port, from.address)).bind(7, () => console.log('bound'))`;
  const running = kernel.start([...enter, ...program(family, answer)]);
  await running.line(/^bound$/);
  return running;
}

/** Sends until an answer comes, and returns that one. */
async function asked(socket: LabUdpSocket, to: string, payload: string): Promise<string | undefined> {
  const before = socket.received.length;
  await until(`an answer of ${to}`, async () => {
    socket.send(to, 7, payload);
    await until('an answer, or none', () => socket.received.length > before, 500).catch(() => undefined);
    return socket.received.length > before;
  });
  return socket.received.at(-1)?.text;
}

describe('a host of the lab and a kernel, over UDP,', { timeout: 60_000 }, () => {
  const stage = useStage(['vde_plug2tap', 'namespaces']);
  const long = 'x'.repeat(20_000);

  it('echo what the other sends over IPv6, by all addresses, also in fragments', async () => {
    const { a, kernel } = await beside(stage);
    await echo(kernel, 6);
    const socket = a.udp();
    for (const to of ['fd09::2', ofTheLink])
      expect([await asked(socket, to, 'hello'), await asked(socket, to, long)]).toEqual(['hello', long]);
    expect(new Set(socket.received.map(({ from }) => from))).toEqual(new Set(['fd09::2', ofTheLink]));
    a.udp(7, ({ from, port, payload }, server) => server.send(from, port, payload));
    for (const to of ['fd09::1', `fe80::ff:fe00:1%${card}`]) {
      const client = `socket.on('message', (m) => { console.log('heard ' + m.length); if (m.length > 1) process.exit(0); });
        for (const length of [1, 20000]) socket.send('x'.repeat(length), 7, '${to}');`;
      const { text } = await kernel.run(program(6, client));
      expect(text).toBe('heard 1\nheard 20000');
    }
    for (const size of ['1452', '1453', '8000']) await run(kernel, ['ping', '-6', '-c', '1', '-W', '5', '-s', size, 'fd09::1']);
    for (const size of [1452, 1453, 8000]) expect(await a.ping('fd09::2', { size }), `${size}`).toBeGreaterThan(0);
  });

  it('tell each other over IPv6 that nobody listens to a port', async () => {
    const { a, kernel } = await beside(stage);
    const client = `socket.on('error', ({ code }) => { console.log(code); process.exit(0); });
      socket.connect(9, 'fd09::1', () => setInterval(() => socket.send('x'), 50));`;
    expect((await kernel.run(program(6, client))).text).toBe('ECONNREFUSED');
    const socket = a.udp();
    await until('a refusal', () => {
      socket.send('fd09::2', 9, 'x');
      return socket.refusals.length > 0;
    });
    expect(socket.refusals[0]).toMatchObject({ from: 'fd09::2', port: 9 });
  });

  it.each([
    { family: 4, group: '239.9.1.2', byCard: '10.9.0.2', from: '10.9.0.2' },
    { family: 6, group: 'ff02::912', byCard: `::%${card}`, from: ofTheLink },
  ] as const)('hear each other in the group $group, of which they are members', async ({ family, group, byCard, from }) => {
    const { net, a, kernel } = await beside(stage);
    const member = kernel.start(
      program(
        family,
        `socket.on('message', (m, from) => console.log('heard ' + m + ' of ' + from.address)).bind(912, () => {
          socket.addMembership('${group}', '${byCard}'); socket.setMulticastInterface('${byCard}'); console.log('joined'); });
        process.stdin.on('data', () => socket.send('from the kernel', 913, '${group}'));`,
      ),
    );
    await member.line(/^joined$/);
    const speaker = a.udp();
    speaker.send(group, 912, 'from the lab');
    const [, source = ''] = await member.line(/^heard from the lab of ([^%]+)(?:%.*)?$/);
    expect(source).toBe(family === 4 ? '10.9.0.1' : 'fe80::ff:fe00:1');
    const b = net.host('b', net.switchNamed('s1'), { ip: '10.9.0.3/24', ipv6: true });
    const [joined, other] = [a.udp(913), b.udp(913)];
    joined.join(group);
    member.stdin.write('\n');
    await until('it is heard', () => joined.received.length > 0);
    expect(joined.received.map(({ from: sender, to, text }) => [sender, to, text])).toEqual([[from, group, 'from the kernel']]);
    await net.run({ milliseconds: 50 });
    expect(other.received).toEqual([]);
  });

  it("learn from the kernel's router that a way is narrow, over both families", async () => {
    const { a, kernel } = await beside(stage);
    const far = kernel.start(['unshare', '-n', 'sh', '-c', 'echo pid $$ && exec cat']);
    const [, pid = ''] = await far.line(/^pid (\d+)$/);
    const there = ['nsenter', '-t', pid, '-n'];
    await run(kernel, ['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
    const narrow = ['narrow', 'mtu', '1300', 'type', 'veth', 'peer', 'name', 'narrow', 'mtu', '1300', 'netns', pid];
    await run(kernel, ['ip', 'link', 'add', ...narrow]);
    for (const [enter, n] of [
      [[], 2],
      [there, 1],
    ] as const) {
      for (const address of [`10.10.0.${n}/24`, `fd10::${n}/64`]) {
        const nodad = address.includes(':') ? ['nodad'] : [];
        await run(kernel, [...enter, 'ip', 'address', 'add', address, 'dev', 'narrow', ...nodad]);
      }
      await run(kernel, [...enter, 'ip', 'link', 'set', 'dev', 'narrow', 'up']);
    }
    for (const router of ['10.10.0.2', 'fd10::2']) await run(kernel, [...there, 'ip', 'route', 'add', 'default', 'via', router]);
    for (const [family, to, headers] of [
      [4, '10.10.0.1', 28],
      [6, 'fd10::1', 48],
    ] as const) {
      await echo(kernel, family, there);
      const socket = a.udp(undefined, undefined, { dontFragment: true });
      expect(await asked(socket, to, 'is there a way?')).toBe('is there a way?');
      expect(a.pathMtu(to)).toBe(1500);
      await until('the router says it', () => {
        if (socket.refusals.length === 0) socket.send(to, 7, 'x'.repeat(1500 - headers));
        return socket.refusals.length > 0;
      });
      expect(socket.refusals[0]).toMatchObject({ from: to, port: 7, mtu: 1300 });
      expect(a.pathMtu(to)).toBe(1300);
      expect(() => socket.send(to, 7, 'x'.repeat(1301 - headers))).toThrow(`the way to ${to} carries at most ${1300 - headers}`);
      const fits = 'y'.repeat(1300 - headers);
      expect(await asked(socket, to, fits)).toBe(fits);
      expect(await asked(a.udp(), to, long)).toBe(long);
      expect(await a.ping(to, { size: 1300 - headers, dontFragment: true })).toBeGreaterThan(0);
      await expect(a.ping(to, { size: 1301 - headers, dontFragment: true })).rejects.toThrow(`at most ${1300 - headers}`);
    }
    // Another host there, of which nothing is known: the ping itself is too long, and told so at once.
    await run(kernel, [...there, 'ip', 'address', 'add', 'fd10::3/64', 'dev', 'narrow', 'nodad']);
    const begun = Date.now();
    expect(await a.ping('fd10::3', { size: 1452, dontFragment: true, timeout: 20_000 })).toBeUndefined();
    expect([a.pathMtu('fd10::3'), Date.now() - begun < 15_000]).toEqual([1300, true]);
  });
});
