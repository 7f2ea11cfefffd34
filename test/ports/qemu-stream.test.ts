import { existsSync, lstatSync, mkdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import koffi from 'koffi';
import { describe, expect, it } from 'vitest';
import { maxStreamFrame, qemuFraming } from '../../src/ports/pure/frame-stream.ts';
import { dialQemu, listenQemu } from '../../src/ports/qemu-stream.ts';
import { tcpEndpoint, unixEndpoint, type StreamEndpoint } from '../../src/ports/stream/stream-endpoint.ts';
import type { StreamListener } from '../../src/ports/stream/stream-listener.ts';
import { bindFile, streamSocket, type Fd } from '../../src/system/unix-socket.ts';
import { closing } from '../system/sockets.ts';
import { conforms } from './conformance.ts';
import { collect, frameOf, lost, newDirectory, Ports, Rig, sameFrames, using } from './rig.ts';
import { acceptFrom, appearAt, connectTo, encodeFrames, farEnd, nextStream } from './stream-stage.ts';

interface Place {
  readonly kind: string;
  address(): string;
  endpoint(listener: StreamListener): StreamEndpoint;
}

const places: readonly Place[] = [
  { kind: 'a socket file', address: () => join(newDirectory(), 'nic'), endpoint: ({ address }) => unixEndpoint(address) },
  { kind: 'TCP', address: () => '127.0.0.1:0', endpoint: ({ port }) => tcpEndpoint({ host: '127.0.0.1', port }) },
];

for (const { kind, address, endpoint } of places) {
  conforms({
    name: `a port for a QEMU that dials, over ${kind}`,
    injects: true,
    farGone: 'closed',
    maxFrame: maxStreamFrame,
    async open(rig) {
      const ports = new Ports();
      const rest = await listenQemu(address(), { acceptor: ports }, rig.environment);
      const fd = await connectTo(rig, endpoint(rest));
      return { port: await nextStream(ports), ...farEnd(rig, fd, qemuFraming), rest };
    },
  });
}

conforms({
  name: 'a port for a QEMU that listens',
  injects: true,
  farGone: 'carrier',
  maxFrame: maxStreamFrame,
  async open(rig) {
    const path = join(newDirectory(), 'nic');
    const listening = await unixEndpoint(path).listen();
    const { port } = dialQemu(path, {}, rig.environment);
    const ends = farEnd(rig, await acceptFrom(rig, listening), qemuFraming);
    listening.close();
    return { port, ...ends };
  },
  opensForGood(rig) {
    const path = join(newDirectory(), 'nic');
    return Promise.resolve({
      port: dialQemu(path, {}, rig.environment).port,
      appear: () => appearAt(rig, unixEndpoint(path), qemuFraming),
    });
  },
});

describe("a port for QEMU's streams", () => {
  it('says nothing first: QEMU would take it for a frame', async () => {
    const rig = new Rig();
    const ports = new Ports();
    const path = join(newDirectory(), 'nic');
    const listener = using(await listenQemu(path, { acceptor: ports }, rig.environment));
    const { far } = farEnd(rig, await connectTo(rig, unixEndpoint(listener.address)), qemuFraming);
    const there = collect(using(far));
    const port = await ports.next();
    collect(port);
    rig.send(port, frameOf(60));
    await there.count(1);
    expect(far.counters.drops.runt).toBe(0);
    expect(sameFrames(there.frames, [frameOf(60)])).toBe(true);
  });

  it('drops what QEMU may send and nobody carries, counts it, and ends only where more is announced than QEMU has', async () => {
    const rig = new Rig();
    const ports = new Ports();
    const listener = using(await listenQemu(join(newDirectory(), 'nic'), { acceptor: ports }, rig.environment));
    const fd = closing(await connectTo(rig, unixEndpoint(listener.address)));
    const port = await ports.next();
    const here = collect(port);
    for (const length of [maxStreamFrame, maxStreamFrame + 1, 60]) {
      writeSync(fd, lengthOctets(length));
      writeSync(fd, frameOf(length));
    }
    await here.count(2);
    expect(sameFrames(here.frames, [frameOf(maxStreamFrame), frameOf(60)])).toBe(true);
    expect(port.counters.drops.oversize).toBe(1);
    writeSync(fd, lengthOctets(69_633));
    expect(await here.ended()).toBe('a frame of 69633 octets was announced, more than it may have');
  });

  it('ends where the far end reads no more, after all that it sent was heard', async () => {
    const rig = new Rig();
    const ports = new Ports();
    const listener = using(await listenQemu(join(newDirectory(), 'nic'), { acceptor: ports }, rig.environment));
    const fd = closing(await connectTo(rig, unixEndpoint(listener.address)));
    const port = await ports.next();
    const here = collect(port);
    stopReading(fd);
    const sent = Array.from({ length: 3 }, (_, i) => frameOf(1000, i));
    for (const frame of sent) writeSync(fd, encodeFrames([frame], qemuFraming.lengthSize));
    rig.send(port, frameOf(60));
    expect(here.reason).toBeUndefined();
    expect(await here.ended()).toBe('EPIPE');
    expect(sameFrames(here.frames, sent)).toBe(true);
  });
});

/** shutdown(fd, SHUT_RD) [shutdown(2)], which Node does not offer. */
function stopReading(fd: Fd): void {
  const shutdown = koffi.load('libc.so.6').func('int shutdown(int fd, int how)') as (fd: Fd, how: number) => number;
  expect(shutdown(fd, 0)).toBe(0);
}

function lengthOctets(length: number): Uint8Array {
  return Uint8Array.of(length >>> 24, length >>> 16, length >>> 8, length);
}

describe('the listening side for QEMUs on a socket file', () => {
  it("makes it its user's alone, takes it over from a dead process, and removes it", async () => {
    const rig = new Rig();
    const path = join(newDirectory(), 'nic');
    bindFile(closing(streamSocket()), { path, mode: 0o666 });
    const listener = await listenQemu(path, { acceptor: new Ports() }, rig.environment);
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    await listener[Symbol.asyncDispose]();
    expect(existsSync(path)).toBe(false);
  });

  it('does not take it from a living one, nor what is no socket', async () => {
    const rig = new Rig();
    const directory = newDirectory();
    const path = join(directory, 'nic');
    using(await listenQemu(path, { acceptor: new Ports() }, rig.environment));
    await expect(listenQemu(path, { acceptor: new Ports() }, rig.environment)).rejects.toMatchObject({ code: 'busy' });
    const file = join(directory, 'file');
    writeFileSync(file, 'mine');
    await expect(listenQemu(file, { acceptor: new Ports() }, rig.environment)).rejects.toMatchObject({ code: 'not-permitted' });
  });

  it('takes a path of any length, dialling and listening', async () => {
    const rig = new Rig();
    const path = join(newDirectory(), 'x'.repeat(120), 'nic');
    mkdirSync(dirname(path));
    const ports = new Ports();
    using(await listenQemu(path, { acceptor: ports }, rig.environment));
    const near = using(dialQemu(path, {}, rig.environment).port);
    const far = collect(await ports.next());
    await collect(near).carrierIs(true);
    rig.send(near, frameOf(60));
    await far.count(1);
  });

  it('listens again where its socket was removed, and the link that it has stays', async () => {
    const rig = new Rig();
    const path = join(newDirectory(), 'nic');
    const ports = new Ports();
    const listener = using(await listenQemu(path, { acceptor: ports }, rig.environment));
    const near = using(dialQemu(path, {}, rig.environment).port);
    const far = collect(await ports.next());
    await collect(near).carrierIs(true);
    expect(lost(listener)).toBeUndefined();
    rmSync(path);
    expect(lost(listener)).toBe(path);
    listener.restore();
    using(dialQemu(path, {}, rig.environment).port);
    await ports.next();
    rig.send(near, frameOf(60));
    await far.count(1);
    rmSync(path);
    const other = closing(streamSocket());
    bindFile(other, { path, mode: 0o600 });
    await listener[Symbol.asyncDispose]();
    expect(existsSync(path)).toBe(true);
  });

  it('refuses a name that is none', async () => {
    const rig = new Rig();
    const never = `/tmp/${'x'.repeat(300)}`;
    const refused = expect.stringMatching(/^cannot use \/tmp\/x+ as the name of a socket: name too long .*; choose another one$/) as string;
    await expect(listenQemu(never, { acceptor: new Ports() }, rig.environment)).rejects.toMatchObject({ message: refused });
    expect(() => dialQemu(never, {}, rig.environment)).toThrow(expect.objectContaining({ message: refused }) as Error);
    expect(() => dialQemu('nowhere', {}, rig.environment)).toThrow('HOST:PORT');
  });
});
