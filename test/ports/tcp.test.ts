import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect as dial, createServer, type AddressInfo, type Server } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { maxStreamFrame, vdeFraming } from '../../src/ports/pure/frame-stream.ts';
import { maxFrame } from '../../src/ports/pure/port.ts';
import { plainly } from '../../src/ports/stream/dialled.ts';
import { tcpEndpoint } from '../../src/ports/stream/stream-endpoint.ts';
import type { StreamListener } from '../../src/ports/stream/stream-listener.ts';
import { dialTcp, listenTcp, type TcpListenerOptions } from '../../src/ports/tcp.ts';
import { eventually } from '../eventually.ts';
import { ManualClock } from '../manual-clock.ts';
import { conforms } from './conformance.ts';
import { collect, descriptors, dropped, frameOf, Ports, Rig, sameFrames, using } from './rig.ts';
import { acceptFrom, appearAt, bothTake, connectTo, encodeFrames, farEnd, nextStream } from './stream-stage.ts';
import { noDelays } from './tcp-options.ts';

conforms({
  name: 'the listening side of a TCP link',
  injects: true,
  farGone: 'closed',
  farSeesDown: 'carrier',
  maxFrame: maxStreamFrame,
  async open(rig) {
    const ports = new Ports();
    const rest = await listenTcp({ listen: { host: '127.0.0.1', port: 0 }, acceptor: ports }, rig.environment);
    const fd = await connectTo(rig, tcpEndpoint({ host: '127.0.0.1', port: rest.port }));
    const port = await nextStream(ports);
    const { far, inject } = farEnd(rig, fd, vdeFraming);
    return { port, far, inject, settled: bothTake(maxStreamFrame, port, far), rest };
  },
});

conforms({
  name: 'the dialling side of a TCP link',
  injects: true,
  farGone: 'carrier',
  farSeesDown: 'carrier',
  maxFrame: maxStreamFrame,
  async open(rig) {
    const listening = await tcpEndpoint({ host: '127.0.0.1', port: 0 }).listen();
    const { port } = dialTcp({ host: '127.0.0.1', port: listening.port }, {}, rig.environment);
    const { far, inject } = farEnd(rig, await acceptFrom(rig, listening), vdeFraming);
    listening.close();
    return { port, far, inject, settled: bothTake(maxStreamFrame, port, far) };
  },
  async opensForGood(rig) {
    const reserved = await tcpEndpoint({ host: '127.0.0.1', port: 0 }).listen();
    reserved.close();
    const address = { host: '127.0.0.1', port: reserved.port };
    return { port: dialTcp(address, {}, rig.environment).port, appear: () => appearAt(rig, tcpEndpoint(address), vdeFraming) };
  },
});

/** A clock that stands still, and tells what was asked of it. */
class AskedClock extends ManualClock {
  readonly asked: number[] = [];

  override after(delay: number, run: () => void): Disposable {
    this.asked.push(delay);
    return super.after(delay, run);
  }
}

async function listen(rig: Rig, options: Partial<TcpListenerOptions> = {}): Promise<{ ports: Ports; listener: StreamListener }> {
  const ports = new Ports();
  const listener = await listenTcp({ listen: { host: '127.0.0.1', port: 0 }, acceptor: ports, ...options }, rig.environment);
  return { ports, listener: using(listener) };
}

/** Returns a far end by hand. */
async function link({ port }: StreamListener, host = '127.0.0.1'): Promise<Socket> {
  const socket = dial({ host, port });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Returns the octets that a socket has received so far, growing. */
function received(socket: Socket): { octets: Buffer } {
  const kept = { octets: Buffer.alloc(0) };
  socket.on('data', (chunk: Buffer) => {
    kept.octets = Buffer.concat([kept.octets, chunk]);
  });
  return kept;
}

describe('a TCP link', () => {
  it('delivers what came before a bad length, ends, counts it, and says what an original far end needs', async () => {
    const rig = new Rig();
    const { ports, listener } = await listen(rig);
    const socket = await link(listener);
    const port = await ports.next();
    const collector = collect(port);
    socket.write(Buffer.concat([encodeFrames([frameOf(60), frameOf(61)]), Buffer.from([0xff, 0xff]), encodeFrames([frameOf(62)])]));
    expect(await collector.ended()).toMatch(/65535 octets.*dpipe.*started again/);
    expect(sameFrames(collector.frames, [frameOf(60), frameOf(61)])).toBe(true);
    expect(port.counters.faults).toBe(1);
    await once(socket.resume(), 'close');
  });

  it('skips empty frames', async () => {
    const rig = new Rig();
    const { ports, listener } = await listen(rig);
    const socket = await link(listener);
    const port = await ports.next();
    const collector = collect(port);
    socket.write(Buffer.concat([new Uint8Array(6), encodeFrames([frameOf(60)]), new Uint8Array(2)]));
    await collector.count(1);
    expect(dropped(port.counters)).toBe(0);
  });

  it('begins with a greeting, and is silent while it is idle', async () => {
    const clock = new ManualClock();
    const rig = new Rig(clock);
    const { ports, listener } = await listen(rig);
    const kept = received(await link(listener));
    const port = await ports.next();
    collect(port);
    clock.advance(10_000);
    rig.send(port, frameOf(60));
    await eventually(() => expect(kept.octets).toEqual(Buffer.concat([vdeFraming.greeting, encodeFrames([frameOf(60)])])));
  });

  it('tells a far end that has greeted whether it is down, also one that greets later, and no other', async () => {
    const rig = new Rig();
    const { ports, listener } = await listen(rig);
    const socket = await link(listener);
    const kept = received(socket);
    const port = await ports.next();
    collect(port);
    port.enable(false);
    port.enable(true);
    port.enable(false);
    rig.send(port, frameOf(60));
    const begun = Buffer.concat([vdeFraming.greeting, encodeFrames([frameOf(60)])]);
    await eventually(() => expect(kept.octets).toEqual(begun));
    socket.write(vdeFraming.greeting);
    const told = Buffer.concat([begun, new Uint8Array([0, 1, 0])]);
    await eventually(() => expect(kept.octets).toEqual(told));
    port.enable(true);
    await eventually(() => expect(kept.octets).toEqual(Buffer.concat([told, new Uint8Array([0, 1, 1])])));
    expect(port.counters).toMatchObject({ sentFrames: 1, sentOctets: 60 });
  });

  it('has no carrier while a far end that has greeted says that it is down', async () => {
    const rig = new Rig();
    const { ports, listener } = await listen(rig);
    const socket = await link(listener);
    const port = await ports.next();
    const collector = collect(port);
    // From one that has not greeted it is a runt, as any that is no sign.
    socket.write(encodeFrames([Uint8Array.of(0), frameOf(60)]));
    await collector.count(1);
    expect([collector.up, port.counters.drops.runt]).toEqual([true, 1]);
    await port[Symbol.asyncDispose]();
    const second = await link(listener);
    const greeted = await ports.next();
    const told = collect(greeted);
    second.write(Buffer.concat([vdeFraming.greeting, encodeFrames([Uint8Array.of(0)])]));
    await told.carrierIs(false);
    // Also for who comes later.
    expect(collect(greeted).up).toBe(false);
    const last = collect(greeted);
    second.write(encodeFrames([Uint8Array.of(1), Uint8Array.of(2), frameOf(60)]));
    await Promise.all([last.carrierIs(true), last.count(1)]);
    expect(greeted.counters.drops.runt).toBe(1);
    const said = rig.logged.map((line) => /the port at the far end is .*$/.exec(line)?.[0]).filter((line) => line !== undefined);
    expect(said).toEqual(['the port at the far end is down', 'the port at the far end is up again']);
  });

  it('says that it is down as soon as a far end reads that did not, and drops what waited', async () => {
    const rig = new Rig();
    const { ports, listener } = await listen(rig);
    const socket = await link(listener);
    socket.write(Buffer.concat([vdeFraming.greeting, encodeFrames([frameOf(60)])]));
    const port = await nextStream(ports);
    await collect(port).count(1);
    while (port.counters.drops['backlog-full'] === 0) rig.send(port, ...Array.from({ length: 64 }, () => frameOf(1500)));
    port.enable(false);
    expect(port.counters.drops['port-down']).toBeGreaterThan(0);
    const kept = received(socket);
    const last = (): number[] => [...kept.octets.subarray(-3)];
    await eventually(() => expect(last()).toEqual([0, 1, 0]));
    expect(kept.octets.length).toBe(8 + port.counters.sentFrames * 1502 + 3);
    await eventually(() => expect(rig.budget.used).toBe(0));
  });

  it('sets TCP_NODELAY at both ends', async () => {
    const rig = new Rig();
    const { ports, listener } = await listen(rig);
    const before = noDelays();
    using(dialTcp({ host: '127.0.0.1', port: listener.port }, {}, rig.environment));
    await ports.next();
    await eventually(() => expect(noDelays()).toBe(before + 2));
  });

  it('sends nothing above 9,234 octets until the far end has greeted, and takes nothing above either', async () => {
    const rig = new Rig();
    const { ports, listener } = await listen(rig);
    const socket = await link(listener);
    const port = await ports.next();
    const collector = collect(port);
    const kept = received(socket);
    rig.send(port, frameOf(maxFrame + 1), frameOf(maxFrame));
    await eventually(() => expect(kept.octets.length).toBe(8 + 2 + maxFrame));
    expect(port.counters.drops.oversize).toBe(1);
    socket.write(encodeFrames([frameOf(maxFrame), frameOf(maxFrame + 1)]));
    expect(await collector.ended()).toContain(String(maxFrame + 1));
    expect(sameFrames(collector.frames, [frameOf(maxFrame)])).toBe(true);
  });

  it('carries all that two octets can say once the far end has greeted', async () => {
    const rig = new Rig();
    const { ports, listener } = await listen(rig);
    const socket = await link(listener);
    const port = await ports.next();
    const collector = collect(port);
    const kept = received(socket);
    socket.write(Buffer.concat([vdeFraming.greeting, encodeFrames([frameOf(maxStreamFrame)])]));
    await collector.count(1);
    rig.send(port, frameOf(maxStreamFrame), frameOf(maxStreamFrame + 1));
    await eventually(() => expect(kept.octets.length).toBe(8 + 2 + maxStreamFrame));
    expect(port.counters.drops.oversize).toBe(1);
  });

  it('with a smaller limit carries no more than that either way, and lives on', async () => {
    const rig = new Rig();
    const { ports, listener } = await listen(rig, { maxFrame: 1518 });
    const dialer = using(dialTcp({ host: '127.0.0.1', port: listener.port }, {}, rig.environment));
    const port = await nextStream(ports);
    const [near, far] = [collect(port), collect(dialer.port)];
    await far.carrierIs(true);
    await eventually(() => expect([port.sendable, dialer.port.sendable]).toEqual([1518, maxStreamFrame]));
    rig.send(port, frameOf(1519), frameOf(1518));
    rig.send(dialer.port, frameOf(1519), frameOf(1518));
    await Promise.all([near.count(1), far.count(1)]);
    expect(port.counters.drops.oversize).toBe(2);
    expect(port.counters.faults).toBe(0);
  });

  it('gives back what waited when it dies', async () => {
    const rig = new Rig();
    const { ports, listener } = await listen(rig);
    const socket = await link(listener);
    socket.pause();
    const port = await ports.next();
    const collector = collect(port);
    while (dropped(port.counters) === 0) rig.send(port, ...Array.from({ length: 64 }, () => frameOf(9000)));
    expect(rig.budget.used).toBeGreaterThan(0);
    socket.resetAndDestroy();
    await collector.ended();
    await eventually(() => expect(rig.budget.used).toBe(0));
  });

  it('drops under what all ports may keep together, and says which bound it was', async () => {
    const rig = new Rig();
    rig.budget.charge(rig.budget.limit - 1_000_000);
    const { ports, listener } = await listen(rig);
    const socket = await link(listener);
    socket.pause();
    const port = await ports.next();
    collect(port);
    while (dropped(port.counters) === 0) rig.send(port, ...Array.from({ length: 64 }, () => frameOf(9000)));
    expect(port.counters.drops['budget-full']).toBeGreaterThan(0);
    expect(port.counters.drops['backlog-full']).toBe(0);
    expect(rig.budget.used).toBeLessThanOrEqual(rig.budget.limit);
    socket.resume();
    await eventually(() => expect(rig.budget.used).toBe(rig.budget.limit - 1_000_000));
  });

  it('gives each frame of a round its own place, however many links bring some', async () => {
    const rig = new Rig();
    const { ports, listener } = await listen(rig);
    const dialer = using(dialTcp({ host: '127.0.0.1', port: listener.port }, {}, rig.environment));
    const out = await ports.next();
    const there = collect(dialer.port);
    await there.carrierIs(true);
    const sockets = [await link(listener), await link(listener), await link(listener)];
    for (const port of await Promise.all(sockets.map(() => ports.next()))) collect(port, (frame) => rig.transmit(out, frame));
    collect(out);
    const frames = Array.from({ length: 30 }, (_, i) => frameOf(1000 + i));
    sockets.forEach((socket, i) => socket.write(encodeFrames(frames.slice(10 * i, 10 * i + 10))));
    await there.count(30);
    const byLength = [...there.frames].sort((a, b) => a.length - b.length);
    expect(sameFrames(byLength, frames)).toBe(true);
  });

  it('ends when the far end closes its half', async () => {
    const rig = new Rig();
    const { ports, listener } = await listen(rig);
    const socket = await link(listener);
    const collector = collect(await ports.next());
    socket.end(encodeFrames([frameOf(60)]));
    expect(await collector.ended()).toBe('the far end closed the link');
    expect(collector.frames.length).toBe(1);
  });

  it('goes over IPv6', async () => {
    const rig = new Rig();
    const { ports, listener } = await listen(rig, { listen: { host: '::1', port: 0 } });
    expect(listener.address).toBe(`[::1]:${listener.port}`);
    const dialer = using(dialTcp({ host: '::1', port: listener.port }, {}, rig.environment));
    const [near, far] = [collect(dialer.port), collect(await ports.next())];
    await near.carrierIs(true);
    rig.send(dialer.port, frameOf(60));
    await far.count(1);
  });
});

describe('the listening side of TCP links', () => {
  it('closes what is more than its links at once, and says so once', async () => {
    const rig = new Rig();
    const { ports, listener } = await listen(rig, { maxLinks: 2 });
    const links = [await link(listener), await link(listener)];
    await Promise.all([ports.next(), ports.next()]);
    for (let i = 0; i < 3; i++) {
      const extra = dial({ host: '127.0.0.1', port: listener.port });
      extra.on('error', () => undefined);
      await once(extra, 'close');
    }
    expect(ports.ports.length).toBe(2);
    expect(rig.logged).toEqual([expect.stringContaining('refused a link: all 2 links are in use')]);
    const collector = collect(ports.ports[0] ?? (await ports.next()));
    links[0]?.destroy();
    await collector.ended();
    await eventually(async () => {
      await link(listener);
      expect(ports.ports.length).toBeGreaterThan(2);
    });
  });

  it('closes links for which no port is free, and says so once', async () => {
    const rig = new Rig();
    const { ports, listener } = await listen(rig);
    ports.choose = () => ({ reason: 'all-in-use', ports: 3 });
    for (let i = 0; i < 3; i++) {
      const socket = await link(listener);
      await once(socket.resume(), 'close');
    }
    expect(rig.logged).toEqual([
      expect.stringContaining('all 3 ports of the switch are in use; start the switch with a higher --numports'),
    ]);
  });

  it('ends its links, and frees all, when it is disposed', async () => {
    const before = descriptors();
    const rig = new Rig();
    const { ports, listener } = await listen(rig);
    const socket = await link(listener);
    const collector = collect(await ports.next());
    await listener[Symbol.asyncDispose]();
    expect(await collector.ended()).toBe('the switch ends');
    await once(socket.resume(), 'close');
    await eventually(() => expect(descriptors()).toBe(before));
  });

  it('says which address is taken', async () => {
    const rig = new Rig();
    const { listener } = await listen(rig);
    await expect(listen(rig, { listen: { host: '127.0.0.1', port: listener.port } })).rejects.toMatchObject({ errno: 'EADDRINUSE' });
  });
});

describe('the dialling side of a TCP link', () => {
  /** Returns a port without a listener, until `server` listens. */
  async function quietPort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }

  const isRedial = (delay: number): boolean => delay >= 100 && delay <= 1000 && delay !== 500;

  async function redials(clock: AskedClock, count: number): Promise<readonly number[]> {
    for (let i = 1; i <= count; i++) {
      await eventually(() => expect(clock.asked.filter(isRedial).length).toBeGreaterThanOrEqual(i));
      if (i < count) clock.advance(clock.asked.filter(isRedial)[i - 1] ?? 0);
    }
    return clock.asked.filter(isRedial);
  }

  async function serveAt(port: number): Promise<Server> {
    const server = createServer().listen(port, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    return server;
  }

  it('dials again after 100 ms, then ever later up to 1 s, and says so once', async () => {
    const clock = new AskedClock();
    const rig = new Rig(clock);
    using(dialTcp({ host: '127.0.0.1', port: await quietPort() }, {}, rig.environment));
    expect(await redials(clock, 7)).toEqual([100, 200, 400, 800, 1000, 1000, 1000]);
    expect(rig.logged).toEqual([expect.stringContaining('ECONNREFUSED')]);
  });

  it('links when the far end appears, is up while it is there, and dials early again after a link that held', async () => {
    const clock = new AskedClock();
    const rig = new Rig(clock);
    const number = await quietPort();
    const dialer = using(dialTcp({ host: '127.0.0.1', port: number }, {}, rig.environment));
    const collector = collect(dialer.port);
    await redials(clock, 5);
    const server = await serveAt(number);
    const linked = once(server, 'connection') as Promise<[Socket]>;
    clock.advance(1000);
    const [socket] = await linked;
    await collector.carrierIs(true);
    socket.write(encodeFrames([frameOf(60)]));
    await collector.count(1);
    clock.asked.length = 0;
    socket.destroy();
    await collector.carrierIs(false);
    expect(await redials(clock, 1)).toEqual([100]);
    rig.send(dialer.port, frameOf(60));
    expect(dialer.port.counters.drops['no-carrier']).toBe(1);
    expect(collector.reason).toBeUndefined();
  });

  it('does not dial early again where it is taken and closed at once', async () => {
    const clock = new AskedClock();
    const rig = new Rig(clock);
    const server = await serveAt(0);
    server.on('connection', (socket) => socket.destroy());
    collect(using(dialTcp({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }, {}, rig.environment)).port);
    expect(await redials(clock, 5)).toEqual([100, 200, 400, 800, 1000]);
  });

  it('that awaits a greeting is linked once that has come, and is silent about far ends that take a connection and close it', async () => {
    const clock = new AskedClock();
    const rig = new Rig(clock);
    const server = await serveAt(0);
    const { port } = server.address() as AddressInfo;
    server.on('connection', (socket) => socket.destroy());
    const dialer = using(dialTcp({ host: '127.0.0.1', port }, { awaitsGreeting: true }, rig.environment));
    const collector = collect(dialer.port);
    // The pulse of a connection is a timer, too: of 1,000 ms, as late redials are.
    for (const wait of [100, 200]) {
      await eventually(() => expect(clock.asked).toContain(wait));
      if (wait === 100) clock.advance(wait);
    }
    server.removeAllListeners('connection');
    const linked = once(server, 'connection') as Promise<[Socket]>;
    clock.advance(200);
    const [socket] = await linked;
    const kept = received(socket);
    await eventually(() => expect(kept.octets.length).toBe(8));
    expect([collector.up, rig.logged.length]).toEqual([false, 1]);
    socket.write(vdeFraming.greeting);
    await collector.carrierIs(true);
    expect(rig.logged).toEqual([
      expect.stringMatching(/^no link to .*; trying again until it is there$/),
      expect.stringMatching(/^linked to /),
    ]);
  });

  it('that awaits a greeting ends a connection on which nothing comes', async () => {
    const clock = new AskedClock();
    const rig = new Rig(clock);
    const server = await serveAt(0);
    const taken = once(server, 'connection') as Promise<[Socket]>;
    const { port } = server.address() as AddressInfo;
    const dialer = using(dialTcp({ host: '127.0.0.1', port }, { awaitsGreeting: true }, rig.environment));
    collect(dialer.port);
    const [socket] = await taken;
    const kept = received(socket);
    await eventually(() => expect(kept.octets.length).toBe(8));
    for (let second = 0; second < 5; second++) clock.advance(1000);
    await eventually(() => expect(rig.logged).toEqual([expect.stringContaining('nothing came for 5 s')]));
  });

  it('dials where it was sent while it began to dial elsewhere', async () => {
    const rig = new Rig();
    const [old, moved] = [await listen(rig), await listen(rig)];
    const dialer = using(dialTcp({ host: '127.0.0.1', port: old.listener.port }, {}, rig.environment));
    const there = collect(dialer.port);
    dialer.redirect(plainly(tcpEndpoint({ host: '127.0.0.1', port: moved.listener.port })));
    await there.carrierIs(true);
    expect(rig.logged).toEqual([`linked to ${moved.listener.address}`]);
  });

  it('leaves no timer and no descriptor when disposed, dialling or waiting', async () => {
    const clock = new AskedClock();
    const rig = new Rig(clock);
    const number = await quietPort();
    const before = descriptors();
    const dialling = dialTcp({ host: '127.0.0.1', port: number }, {}, rig.environment);
    await dialling[Symbol.asyncDispose]();
    const waiting = dialTcp({ host: '127.0.0.1', port: number }, {}, rig.environment);
    await redials(clock, 1);
    await waiting[Symbol.asyncDispose]();
    // Those of the test before may still have been open.
    await eventually(() => expect(descriptors()).toBeLessThanOrEqual(before));
    expect(clock.timers).toBe(0);
  });
});
