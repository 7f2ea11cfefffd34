import { closeSync, existsSync, lstatSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';
import { describe, expect, it } from 'vitest';
import { dialBess, listenBess } from '../../src/ports/bess.ts';
import { DatagramPort } from '../../src/ports/datagram-port.ts';
import type { LinkListener } from '../../src/ports/link-listener.ts';
import { unixEndpoint } from '../../src/ports/stream/stream-endpoint.ts';
import { accept, bindFile, socketOf, type Fd } from '../../src/system/unix-socket.ts';
import { eventually } from '../eventually.ts';
import { conforms } from './conformance.ts';
import { collect, descriptors, frameOf, lost, newDirectory, Ports, Rig, sameFrames, sendDatagram, using } from './rig.ts';

const shutdown = koffi.load(null).func('int shutdown(int, int)') as (fd: Fd, how: number) => number;

/** Returns a port of a program at the other side, on a connection. */
function farPort(rig: Rig, fd: Fd): DatagramPort {
  return new DatagramPort({ fd, module: 'far', description: 'far', connection: true }, rig.environment);
}

/** Listens at a path, as gvproxy does, and returns the next connection. */
async function program(path: string): Promise<{ readonly next: () => Promise<Fd>; readonly close: () => void }> {
  const listening = await unixEndpoint(path, 'packets').listen();
  const next = async (): Promise<Fd> => {
    let fd: Fd | undefined;
    await eventually(() => expect((fd ??= accept(listening.fd))).toBeDefined());
    return fd ?? -1;
  };
  return { next, close: () => listening.close() };
}

/** A listener, and the ports of its connections. */
async function listener(rig: Rig): Promise<{ readonly path: string; readonly ports: Ports; readonly listener: LinkListener }> {
  const path = join(newDirectory(), 'bess');
  const ports = new Ports();
  return { path, ports, listener: await listenBess(path, { acceptor: ports }, rig.environment) };
}

conforms({
  name: 'a program that dials a socket of packets',
  injects: true,
  farGone: 'closed',
  async open(rig) {
    const { path, ports, listener: rest } = await listener(rig);
    const fd = await unixEndpoint(path, 'packets').connect();
    return { port: await ports.next(), far: farPort(rig, fd), inject: (octets) => void sendDatagram(fd, octets), rest };
  },
});

conforms({
  name: 'a program that listens at a socket of packets',
  injects: true,
  farGone: 'carrier',
  async open(rig) {
    const path = join(newDirectory(), 'bess');
    const far = await program(path);
    const port = await dialBess(path, rig.environment);
    const fd = await far.next();
    far.close();
    return { port, far: farPort(rig, fd), inject: (octets) => void sendDatagram(fd, octets) };
  },
  async opensForGood(rig) {
    const path = join(newDirectory(), 'bess');
    return {
      port: await dialBess(path, rig.environment),
      appear: async () => {
        const far = await program(path);
        const port = farPort(rig, await far.next());
        far.close();
        return port;
      },
    };
  },
});

describe('a socket of packets that the switch listens at', () => {
  it('is for its user alone, and gives each program a port of its own, known by its process', async () => {
    const rig = new Rig();
    const { path, ports, listener: one } = await listener(rig);
    using(one);
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    for (let i = 1; i <= 3; i++) {
      using(farPort(rig, await unixEndpoint(path, 'packets').connect()));
      const port = await ports.next();
      expect([port.module, port.description]).toEqual(['bess', `${path} pid=${process.pid}`]);
    }
    expect(ports.given.map(({ number, peer }) => [number, peer])).toEqual(
      [1, 2, 3].map((number) => [number, { kind: 'user', uid: process.geteuid?.(), pid: process.pid }]),
    );
  });

  it('takes the place of one that a dead process left, but not of a living one, nor of a file', async () => {
    const rig = new Rig();
    const { path, listener: one } = await listener(rig);
    await expect(listenBess(path, { acceptor: new Ports() }, rig.environment)).rejects.toMatchObject({ code: 'busy' });
    // A stream socket that is in use is not stale either.
    const stream = join(newDirectory(), 'stream');
    const listening = await unixEndpoint(stream).listen();
    await expect(listenBess(stream, { acceptor: new Ports() }, rig.environment)).rejects.toMatchObject({ code: 'busy' });
    listening.close();
    await one[Symbol.asyncDispose]();
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, '');
    await expect(listenBess(path, { acceptor: new Ports() }, rig.environment)).rejects.toMatchObject({ code: 'not-permitted' });
    rmSync(path);
    const dead = socketOf('packets');
    bindFile(dead, { path, mode: 0o600 });
    closeSync(dead);
    using(await listenBess(path, { acceptor: new Ports() }, rig.environment));
    using(farPort(rig, await unixEndpoint(path, 'packets').connect()));
  });

  it('is made again where its file was removed; connected programs stay', async () => {
    const rig = new Rig();
    const { path, ports, listener: one } = await listener(rig);
    using(one);
    const far = using(farPort(rig, await unixEndpoint(path, 'packets').connect()));
    const here = collect(await ports.next());
    const before = descriptors();
    rmSync(path);
    expect(lost(one)).toBe(path);
    one.restore();
    expect([lost(one), descriptors()]).toEqual([undefined, before]);
    collect(far);
    rig.send(far, frameOf(60));
    await here.count(1);
    using(farPort(rig, await unixEndpoint(path, 'packets').connect()));
    await ports.next();
  });

  it('delivers all that a program sent before it closed, empty packets aside, and ends the port once', async () => {
    const rig = new Rig();
    const { path, ports, listener: one } = await listener(rig);
    using(one);
    const fd = await unixEndpoint(path, 'packets').connect();
    const port = await ports.next();
    const frames = Array.from({ length: 100 }, (_, i) => frameOf(60 + i));
    for (const [i, frame] of frames.entries()) {
      expect(sendDatagram(fd, frame)).toBeUndefined();
      if (i % 10 === 0) sendDatagram(fd, new Uint8Array(0));
    }
    await farPort(rig, fd)[Symbol.asyncDispose]();
    const here = collect(port);
    expect(await here.ended()).toMatch(/closed/);
    expect(sameFrames(here.frames, frames)).toBe(true);
    expect(port.counters.receivedFrames).toBe(100);
  });

  it('counts empty packets of a connection that goes on as runts', async () => {
    const rig = new Rig();
    const { path, ports, listener: one } = await listener(rig);
    using(one);
    const fd = await unixEndpoint(path, 'packets').connect();
    const port = await ports.next();
    const here = collect(port);
    using(farPort(rig, fd));
    sendDatagram(fd, new Uint8Array(0));
    sendDatagram(fd, frameOf(60));
    await here.count(1);
    expect(port.counters.drops.runt).toBe(1);
    expect(here.reason).toBeUndefined();
  });

  it('ends the port of a program that closes only its sending half', async () => {
    const rig = new Rig();
    const { path, ports, listener: one } = await listener(rig);
    using(one);
    const fd = await unixEndpoint(path, 'packets').connect();
    const here = collect(await ports.next());
    using(farPort(rig, fd));
    expect(shutdown(fd, 1)).toBe(0);
    expect(await here.ended()).toMatch(/closed/);
  });
});

describe('a socket of packets that the switch dials', () => {
  it('must not be a file, or a socket of another kind', async () => {
    const { environment } = new Rig();
    const path = join(newDirectory(), 'other');
    writeFileSync(path, '');
    await expect(dialBess(path, environment)).rejects.toMatchObject({ code: 'bad-address' });
    rmSync(path);
    const listening = await unixEndpoint(path).listen();
    await expect(dialBess(path, environment)).rejects.toThrow(/a socket of another type \(EPROTOTYPE\)/);
    listening.close();
  });
});
