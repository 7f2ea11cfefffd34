import { closeSync, existsSync, openSync, readdirSync, unlinkSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DatagramPort } from '../../src/ports/datagram-port.ts';
import type { PortWish } from '../../src/ports/pure/port.ts';
import { decodeVdeReply, encodeVdeRequest } from '../../src/ports/vde/vde-control.ts';
import { VdeListener } from '../../src/ports/vde/vde-listener.ts';
import { connectPath, datagramSocket } from '../../src/system/unix-socket.ts';
import type { Readiness } from '../../src/system/readiness.ts';
import { eventually } from '../eventually.ts';
import { ManualClock } from '../manual-clock.ts';
import { conforms } from './conformance.ts';
import { collect, descriptors, frameOf, newDirectory, Ports, Rig, sendDatagram } from './rig.ts';
import { ask, bindClientSocket, connect, serve, Stream } from './vde-stage.ts';

conforms({
  name: 'a port of a VDE directory',
  injects: true,
  farGone: 'closed',
  async open(rig) {
    const directory = join(newDirectory(), 's');
    const ports = new Ports();
    const rest = VdeListener.open({ directory, acceptor: ports }, rig.environment);
    const client = await connect(directory);
    return { port: await ports.next(), far: client.port(rig), rest, inject: (octets) => sendDatagram(client.data, octets) };
  },
});

/** Returns a request as it goes over the stream, from a client whose socket is bound. */
function request(directory: string, { wish = 'any', description = 'raw' }: { wish?: PortWish; description?: string } = {}): Buffer {
  const { path } = bindClientSocket(directory);
  return Buffer.from(encodeVdeRequest({ wish, path, description }));
}

describe('a VDE directory, asked for a port', () => {
  it('answers with 110 octets that name the new socket, and says nothing more', async () => {
    const { directory, ports } = serve();
    const stream = new Stream(directory);
    stream.write(request(directory));
    const reply = await stream.read();
    expect(reply.length).toBe(110);
    expect(decodeVdeReply(reply)).toMatch(new RegExp(`^${directory}/001\\.\\d+$`));
    expect(reply.subarray(reply.indexOf(0, 2)).every((octet) => octet === 0)).toBe(true);
    expect(ports.given).toMatchObject([{ number: 1, peer: { kind: 'user', pid: process.pid, uid: process.geteuid?.() } }]);
    expect((await ports.next()).description).toBe('raw');
  });

  it('hands the wish on: any, a number, the management port', async () => {
    const { directory, ports } = serve();
    for (const wish of ['any', 7, 'management', 300] as const) await connect(directory, wish);
    expect(ports.given.map(({ number }) => number)).toEqual([1, 7, 0, 300]);
    const names = readdirSync(directory).map((name) => name.split('.')[0]);
    expect(names).toEqual(expect.arrayContaining(['000', '001', '007', '300']));
  });

  it('takes a request of version 1', async () => {
    const { directory, ports } = serve();
    const newer = request(directory);
    const older = Buffer.concat([newer.subarray(0, 4), Buffer.from([0, 0, 0, 0, 2, 0, 0, 0, 0, 1]), newer.subarray(12)]);
    const stream = new Stream(directory);
    stream.write(older);
    expect(decodeVdeReply(await stream.read())).toBeDefined();
    expect(ports.given[0]?.number).toBe(1);
  });

  it('is connected to the client before it answers, so that the client may remove its name at once', async () => {
    const { directory, ports, rig } = serve();
    const { fd, path } = bindClientSocket(directory);
    const stream = new Stream(directory);
    stream.write(encodeVdeRequest({ wish: 'any', path, description: '' }));
    const name = decodeVdeReply(await stream.read());
    unlinkSync(path);
    const port = await ports.next();
    const collector = collect(port);
    connectPath(fd, name ?? '');
    rig.send(port, frameOf(60));
    sendDatagram(fd, frameOf(61));
    await collector.count(1);
    expect(port.counters.sentFrames).toBe(1);
    const stranger = datagramSocket();
    expect(() => connectPath(stranger, name ?? '')).toThrow('EPERM');
    closeSync(stranger);
    closeSync(fd);
  });

  it('takes a request that comes in pieces', async () => {
    const { directory } = serve();
    const whole = request(directory);
    const stream = new Stream(directory);
    for (const [from, to] of [
      [0, 2],
      [2, 10],
      [10, 60],
    ]) {
      stream.write(whole.subarray(from, to));
      await new Promise(setImmediate);
    }
    stream.write(whole.subarray(60));
    expect((await stream.read()).length).toBe(110);
  });

  it('takes a request with a description that the original would split', async () => {
    const { directory, ports } = serve();
    const stream = new Stream(directory);
    stream.write(Buffer.concat([request(directory, { description: '' }), Buffer.alloc(200, 'd')]));
    expect((await stream.read()).length).toBe(110);
    expect((await ports.next()).description).toBe('d'.repeat(200));
    expect(ports.ports.length).toBe(1);
  });

  it('closes the stream of a client that it refuses, and keeps nothing of it', async () => {
    const { directory, ports, rig } = serve();
    ports.choose = () => ({ reason: 'all-in-use', ports: 3 });
    const before = descriptors();
    for (let i = 0; i < 20; i++) expect(await ask(directory)).toBeUndefined();
    expect(descriptors()).toBe(before);
    expect(rig.logged).toEqual([
      expect.stringMatching(
        /^refused the client of uid \d+, pid \d+: all 3 ports of the switch are in use; start the switch with a higher --numports \(-n\)$/,
      ),
    ]);
    expect(readdirSync(directory)).toEqual(['ctl']);
  });

  it.each([
    ['garbage', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['no magic', Buffer.alloc(150)],
    ['a version that nobody speaks', Buffer.from(encodeVdeRequest({ wish: 'any', path: '/x', description: '' })).fill(9, 4, 5)],
    ['a request type that nobody sends', Buffer.from(encodeVdeRequest({ wish: 'any', path: '/x', description: '' })).fill(9, 8, 9)],
    ['a socket that is not there', Buffer.from(encodeVdeRequest({ wish: 'any', path: '/nowhere/at/all', description: '' }))],
    ['a socket without a name', Buffer.from(encodeVdeRequest({ wish: 'any', path: '', description: '' }))],
    ['a file that is no socket', Buffer.from(encodeVdeRequest({ wish: 'any', path: '/etc/hostname', description: '' }))],
    ['a directory', Buffer.from(encodeVdeRequest({ wish: 'any', path: '/tmp', description: '' }))],
    ['a device', Buffer.from(encodeVdeRequest({ wish: 'any', path: '/dev/null', description: '' }))],
  ])('refuses %s', async (_what, octets) => {
    const { directory, ports, rig } = serve();
    const stream = new Stream(directory);
    stream.write(octets);
    expect((await stream.read()).length).toBe(0);
    expect(ports.ports).toEqual([]);
    expect(readdirSync(directory)).toEqual(['ctl']);
    expect(rig.logged).toEqual([expect.stringContaining(`pid ${process.pid}`)]);
  });

  it('refuses a stream socket, and one that nobody holds any more', async () => {
    const { directory } = serve();
    const stream = new Stream(directory);
    stream.write(encodeVdeRequest({ wish: 'any', path: join(directory, 'ctl'), description: '' }));
    expect((await stream.read()).length).toBe(0);
    const { fd, path } = bindClientSocket(directory);
    closeSync(fd);
    const second = new Stream(directory);
    second.write(encodeVdeRequest({ wish: 'any', path, description: '' }));
    expect((await second.read()).length).toBe(0);
  });

  it('never takes a request of 60 octets, and forgets a client that says no more', async () => {
    const clock = new ManualClock();
    const { directory, ports } = serve({}, new Rig(clock));
    const stream = new Stream(directory);
    stream.write(request(directory).subarray(0, 60));
    await new Promise(setImmediate);
    expect(ports.ports).toEqual([]);
    const end = stream.read();
    while (clock.timers === 0) await new Promise(setImmediate);
    clock.advance(10_000);
    expect((await end).length).toBe(0);
    expect(ports.ports).toEqual([]);
  });

  it('lets a silent client wait for its time only', async () => {
    const clock = new ManualClock();
    const { directory, rig } = serve({ handshakeTimeout: 500 }, new Rig(clock));
    const before = descriptors();
    const stream = new Stream(directory);
    while (clock.timers === 0) await new Promise(setImmediate);
    clock.advance(499);
    expect(rig.logged).toEqual([]);
    clock.advance(1);
    expect((await stream.read()).length).toBe(0);
    stream[Symbol.dispose]();
    expect(descriptors()).toBe(before);
  });

  it('lets the oldest silent client give way when too many wait', async () => {
    const { directory, ports } = serve({ maxHandshakes: 3 });
    const silent = Array.from({ length: 4 }, () => new Stream(directory));
    expect((await silent[0]?.read())?.length).toBe(0);
    await connect(directory);
    expect(ports.ports.length).toBe(1);
    silent[3]?.write(request(directory));
    expect((await silent[3]?.read())?.length).toBe(110);
  });
});

describe('a client of a VDE directory that has its port', () => {
  it('loses it with its stream', async () => {
    const { directory, ports } = serve();
    const before = descriptors();
    const client = await connect(directory);
    const collector = collect(await ports.next());
    expect(existsSync(client.path)).toBe(true);
    client[Symbol.dispose]();
    expect(await collector.ended()).toBe('the client is gone');
    expect(existsSync(client.path)).toBe(false);
    expect(descriptors()).toBe(before);
  });

  it('is heard out: what it sent before it went is not lost', async () => {
    const { directory, ports } = serve();
    const client = await connect(directory);
    const collector = collect(await ports.next());
    // More than one round takes. All of it, and the end, before the switch looks.
    for (let i = 0; i < 200; i++) sendDatagram(client.data, frameOf(60 + i));
    client[Symbol.dispose]();
    expect(await collector.ended()).toBe('the client is gone');
    expect(collector.frames.map(({ length }) => length)).toEqual(Array.from({ length: 200 }, (_, i) => 60 + i));
  });

  it('is heard out whatever is sent to it meanwhile', async () => {
    const { directory, ports, rig } = serve();
    const client = await connect(directory);
    const port = await ports.next();
    if (!(port instanceof DatagramPort)) throw new Error(`it is a ${port.module}`);
    const collector = collect(port);
    for (let i = 0; i < 200; i++) sendDatagram(client.data, frameOf(60));
    client[Symbol.dispose]();
    port.endAfterReading('the client is gone');
    rig.send(port, frameOf(60), frameOf(61));
    expect(await collector.ended()).toBe('the client is gone');
    expect([collector.frames.length, port.counters.drops['no-carrier']]).toEqual([200, 2]);
  });

  it('is heard out at no cost to whoever comes meanwhile, and has its descriptor', async () => {
    const { directory, ports } = serve();
    const client = await connect(directory);
    const collector = collect(await ports.next());
    for (let i = 0; i < 200; i++) sendDatagram(client.data, frameOf(60));
    client[Symbol.dispose]();
    const others = [await connect(directory), await connect(directory)];
    const heard = await Promise.all(others.map(async () => collect(await ports.next())));
    await collector.ended();
    others.forEach((other, i) => sendDatagram(other.data, frameOf(70 + i)));
    for (const one of heard) await one.count(1);
    expect(heard.map(({ reason }) => reason)).toEqual([undefined, undefined]);
    for (const other of others) other[Symbol.dispose]();
    for (const one of heard) expect(await one.ended()).toBe('the client is gone');
  });

  it('loses it when it speaks again: nothing is asked twice on one stream, and no zombie stays', async () => {
    const { directory, ports } = serve();
    const client = await connect(directory);
    const collector = collect(await ports.next());
    client.stream.write(request(directory));
    expect(await collector.ended()).toContain('sent data after its request');
    expect(ports.ports.length).toBe(1);
    expect((await client.stream.read()).length).toBe(0);
    expect(existsSync(client.path)).toBe(false);
  });

  it('sees its stream close when the port is closed from within, or the switch ends', async () => {
    const { directory, ports, listener } = serve();
    const [one, two] = [await connect(directory), await connect(directory)];
    await ports.ports[0]?.[Symbol.asyncDispose]();
    expect((await one.stream.read()).length).toBe(0);
    const collector = collect(await ports.next().then(() => ports.next()));
    await listener[Symbol.asyncDispose]();
    expect(await collector.ended()).toBe('the switch ends');
    expect((await two.stream.read()).length).toBe(0);
    expect(existsSync(directory)).toBe(false);
  });

  it('and is killed without removing its socket has that removed soon after, as have all the dead, and the living not', async () => {
    const clock = new ManualClock();
    const { directory, ports } = serve({}, new Rig(clock));
    const living = bindClientSocket(directory);
    const { fd, path } = bindClientSocket(directory);
    const stream = new Stream(directory);
    stream.write(encodeVdeRequest({ wish: 'any', path, description: '' }));
    await stream.read();
    const collector = collect(await ports.next());
    stream[Symbol.dispose]();
    await collector.ended();
    closeSync(fd);
    expect(existsSync(path)).toBe(true);
    clock.advance(1000);
    expect(existsSync(path)).toBe(false);
    expect(existsSync(living.path)).toBe(true);
    expect(clock.timers).toBe(0);
    closeSync(living.fd);
  });

  it('whose datagram socket died is sent frames in vain, and counted, until its stream ends', async () => {
    const { directory, ports, rig } = serve();
    const { fd, path } = bindClientSocket(directory);
    const stream = new Stream(directory);
    stream.write(encodeVdeRequest({ wish: 'any', path, description: '' }));
    await stream.read();
    const port = await ports.next();
    const collector = collect(port);
    closeSync(fd);
    rig.send(port, frameOf(60), frameOf(61));
    rig.send(port, frameOf(62));
    expect(port.counters.drops['send-failed']).toBe(3);
    expect(collector.reason).toBeUndefined();
    stream[Symbol.dispose]();
    await collector.ended();
  });
});

describe('a VDE directory of a process without descriptors to spare', () => {
  it('lets clients wait, without spinning, and takes them when there are some again', async () => {
    const clock = new ManualClock();
    const rig = new Rig(clock);
    let wakes = 0;
    const { loop } = rig.environment;
    const readiness: Readiness = {
      watch(fd, interest, tell) {
        return loop.readiness.watch(fd, interest, (ready) => {
          wakes++;
          tell(ready);
        });
      },
    };
    const counting = Object.assign(rig, { environment: { ...rig.environment, loop: { ...loop, readiness } } });
    const { directory, ports } = serve({}, counting);
    const octets = request(directory);
    const stream = new Stream(directory);
    stream.write(octets);
    const fillers = exhaustDescriptors();
    await eventually(() => expect(wakes).toBe(1));
    for (let i = 0; i < 100; i++) await new Promise(setImmediate);
    expect(wakes).toBe(1);
    expect(rig.logged).toEqual([expect.stringMatching(/\(EMFILE\); clients wait$/)]);
    clock.advance(100);
    await eventually(() => expect(wakes).toBe(2));
    for (let i = 0; i < 100; i++) await new Promise(setImmediate);
    expect(wakes).toBe(2);
    expect(rig.logged.length).toBe(1);
    for (const fd of fillers) closeSync(fd);
    clock.advance(100);
    expect((await stream.read()).length).toBe(110);
    expect(ports.ports.length).toBe(1);
  });
});

/** Lowers the limit of this process, and takes all descriptors up to it. */
function exhaustDescriptors(): readonly number[] {
  const limit = Math.max(...readdirSync('/proc/self/fd').map(Number)) + 20;
  const lowered = spawnSync('prlimit', ['--pid', String(process.pid), `--nofile=${limit}:`]);
  if (lowered.status !== 0) throw new Error('prlimit is missing');
  const taken: number[] = [];
  for (;;) {
    try {
      taken.push(openSync('/dev/null', 'r'));
    } catch {
      return taken;
    }
  }
}
