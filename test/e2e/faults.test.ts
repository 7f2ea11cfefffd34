import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { encodeJoinMessage } from '../../src/star/message-codec.ts';
import { messageTypes } from '../../src/wire/dhcp.ts';
import { macFromNumber } from '../../src/wire/mac.ts';
import { clientFrame, ip, message, requested, toServer } from '../dhcp/segment.ts';
import { isDhcp } from './dhcp-frames.ts';
import { askOnce } from './dhcp-hosts.ts';
import { Host } from './host.ts';
import { Plug } from './plug.ts';
import type { Running } from './running.ts';
import { bin, poisoned, until, useStage } from './stage.ts';
import { Star, subnet } from './star.ts';
import { VdeStation } from './vde-station.ts';

const needs = ['vde_plug', 'vde_plug2tap', 'udhcpc', 'ping', 'namespaces'];

/** Lets one host ping another fifty times a second while something happens, and a while longer; none may be lost. */
async function undisturbed(host: Host, address: string, happening: () => Promise<void>): Promise<void> {
  const ping = host.start(['ping', '-i', '0.02', address]);
  await ping.line(/icmp_seq=5 /);
  await happening();
  await ping.line(/icmp_seq=\d*[05] /, { from: ping.lines.length + 10 });
  await ping.end('SIGINT');
  // The last one may have been on its way when ping was told to end.
  const answered = [...ping.lines.join('\n').matchAll(/ bytes from .*icmp_seq=(\d+) /g)].map(([, sequence]) => Number(sequence));
  expect(answered).toEqual(answered.map((_, i) => i + 1));
}

/** Connects, and sends `octets` if any. */
async function dial(to: { path: string } | { host: string; port: number }, octets?: Uint8Array | string): Promise<Socket> {
  const socket = connect(to);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  if (octets !== undefined) socket.write(octets);
  socket.resume();
  return socket;
}

/** Settles when it is closed, and not, as once() does, at an error before. */
const closing = async (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()));

const noise = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

describe('a master that is beset, while two hosts go on to ping each other without a loss', { timeout: 60_000 }, () => {
  const stage = useStage(needs, { shared: true });
  let star: Star;
  let master: Running;
  let host: Host;
  const peer = '10.9.0.2';
  const socketsOfPorts = (): string[] => readdirSync(star.sock('m')).filter((name) => /^\d/.test(name));

  it('by clients that vanish', async () => {
    star = await Star.prepare(stage);
    master = await star.master();
    host = await Host.open(stage, { mac: '02:00:00:00:00:01', address: '10.9.0.1/24' });
    await host.plug(star.sock('m'));
    const second = await Host.open(stage, { mac: '02:00:00:00:00:02', address: `${peer}/24` });
    await second.plug(star.sock('m'));
    // vde_plug2tap opens its card before it asks for its port.
    await master.line(/port 2: unix prog/);
    const before = socketsOfPorts();
    await undisturbed(host, peer, async () => {
      const plugs = Array.from({ length: 30 }, () => new Plug(stage, star.sock('m')));
      await master.line(/port 32: unix prog/);
      for (const { process } of plugs) process.signal('SIGKILL');
      for (let port = 3; port <= 32; port++) await master.line(new RegExp(`port ${port}: .* is gone`));
    });
    expect(socketsOfPorts()).toEqual(before);
  });

  it('by garbage and by silence on its control socket', async () => {
    await undisturbed(host, peer, async () => {
      const path = star.sock('m') + '/ctl';
      await Promise.all(Array.from({ length: 50 }, async () => dial({ path })));
      const from = master.lines.length;
      for (const octets of [noise(4096), noise(3), new Uint8Array(5000), 'GET / HTTP/1.1\r\n\r\n']) {
        const closed = closing(await dial({ path }, octets));
        if (octets.length > 3) await closed;
      }
      // The log has one line a minute for all of one kind.
      await master.line(/refused the client of uid \d+, pid \d+: .* request/, { from });
      const plug = new Plug(stage, star.sock('m'));
      await master.line(/port \d+: unix prog vdeplug/, { from: master.lines.length });
      await plug.process.end();
    });
  });

  it('by garbage on its link, and by links that break off', async () => {
    await undisturbed(host, peer, async () => {
      const to = { host: '127.0.0.1', port: star.port };
      await closing(await dial(to, new Uint8Array(100).fill(0xff)));
      await master.line(/tcp .* is gone: a frame of \d+ octets was announced/);
      // Text is skipped, and part of a frame is waited for, until they break off.
      for (const octets of ['GET / HTTP/1.1\r\n\r\n', Uint8Array.of(0x05, 0xdc, 1, 2, 3)]) {
        const from = master.lines.length;
        const socket = await dial(to, octets);
        await master.line(/port \d+: tcp/, { from });
        socket.end();
        await master.line(/tcp .* is gone/, { from });
      }
    });
  });

  it('by garbage on the port where slaves ask', async () => {
    await undisturbed(host, peer, async () => {
      const to = { host: '127.0.0.1', port: star.port + 1 };
      for (const octets of ['GET / HTTP/1.1\r\n\r\n', noise(60_000), '{"type":"hello"}\n', '{}\n'.repeat(1000)])
        await closing(await dial(to, octets));
      await master.line(/which is not the control protocol/);
      const slave = await star.slave('s');
      await slave.line(/^id 1$/);
    });
  });
});

/** Connects to the control port again and again, and prints the answer to the hello. */
const comeAndGo = 'while exec 3<> /dev/tcp/127.0.0.1/7001; do echo "$1" >&3; read -r answer <&3; echo "$answer"; exec 3>&-; done';

const helloOfMember = encodeJoinMessage({ type: 'hello', key: 'a'.repeat(32), software: '0.3.0', run: 'one' }).trim();

describe('a master whose disk is full', { timeout: 60_000 }, () => {
  const stage = useStage(needs);

  it('says so, gives no lease that it could not keep, goes on with those that it has, and gives new ones when there is room', async () => {
    const machine = await Host.open(stage, { mac: '02:00:00:00:00:99' });
    const [state, sock] = [stage.path('state'), stage.path('m')];
    await stage.run(['mkdir', '-m', '700', state]);
    await machine.run(['mount', '-t', 'tmpfs', '-o', 'size=256k,mode=700', 'tmpfs', state]);
    const options = ['--listen', '127.0.0.1:7000', '--subnet', subnet, '--sock', sock, '--state', state];
    const master = machine.start([bin('etherloom'), 'master', ...options], poisoned);
    await master.line(/^ready$/);
    const hosts = await Promise.all(['1', '2'].map(async (n) => Host.open(stage, { mac: `02:00:00:00:00:0${n}` })));
    const [known, late] = hosts;
    if (!known || !late) throw new Error('two hosts');
    for (const host of hosts) await host.plug(sock);
    expect((await askOnce(stage, known)).status).toBe(0);

    // A full disk still takes what fits into the room that the journal has: a client that comes and goes fills that.
    await machine.run(['dd', 'if=/dev/zero', `of=${state}/fill`, 'bs=1k']);
    const filler = await VdeStation.plug(sock);
    const mac = macFromNumber(0x0200_0000_0050);
    const [granted, address] = [isDhcp(messageTypes.ack, '020000000050'), ip('10.77.0.250')];
    const isFull = (): boolean => master.lines.some((line) => line.includes('leases cannot be kept'));
    while (!isFull()) {
      filler.send([clientFrame(message('request', { mac, with: requested(address) }))]);
      await until('it has its lease, or the disk is full', () => filler.take().some(granted) || isFull());
      filler.send([clientFrame(message('release', { mac, ciaddr: address, with: toServer() }))]);
    }
    filler.unplug();
    await undisturbed(known, '10.77.0.1', async () => {
      expect((await askOnce(stage, late)).status).toBe(1);
      await master.logged({ event: 'store-failed' });
      await master.line(/leases cannot be kept: .*ENOSPC/);
    });
    const held = await known.address();
    // The same with the group's journal: a member that comes and goes fills its room, and still comes back when there is none.
    const member = machine.start(['bash', '-c', comeAndGo, 'member', helloOfMember]);
    await master.line(/cannot keep a change of the group: .*ENOSPC/);
    await member.line(/"type":"welcome"/, { from: member.lines.length });
    const slaveOptions = ['--master', '127.0.0.1:7000', '--sock', stage.path('s'), '--state', stage.path('s-state')];
    const slave = machine.start([bin('etherloom'), 'slave', ...slaveOptions], poisoned);
    await slave.line(/the master cannot keep the id: cannot write .*group\.journal: .*ENOSPC/);
    await member.end();

    await machine.run(['rm', `${state}/fill`]);
    await slave.line(/^ready$/);
    await master.logged({ event: 'store-recovered' });
    await until('the late one has its lease', async () => (await askOnce(stage, late)).status === 0);
    expect((await askOnce(stage, known)).status).toBe(0);
    expect(await known.address()).toBe(held);
    expect(await master.end()).toEqual({ status: 0, signal: null });
  });
});
