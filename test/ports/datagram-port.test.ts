import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DatagramPort } from '../../src/ports/datagram-port.ts';
import { ReceiveRing } from '../../src/system/datagrams.ts';
import type { Interest, Readiness } from '../../src/system/readiness.ts';
import { bindFile, connectPath, datagramSocket } from '../../src/system/unix-socket.ts';
import { bound, newDirectory } from '../system/sockets.ts';
import { collect, frameOf, Rig, sameFrames, using } from './rig.ts';

/** Returns a socket for a port to own, and the one that it is connected to. */
function datagramPair(): [number, number] {
  const directory = newDirectory();
  const far = bound(join(directory, 'far'));
  const near = datagramSocket();
  bindFile(near, { path: join(directory, 'near'), mode: 0o600 });
  connectPath(near, join(directory, 'far'));
  connectPath(far, join(directory, 'near'));
  return [near, far];
}

/** Returns all that waits on a socket, copied. */
function drain(fd: number): Uint8Array[] {
  const ring = new ReceiveRing(2000);
  const frames: Uint8Array[] = [];
  for (let count = ring.receive(fd); count !== 0; ring.rewind(1), count = ring.receive(fd)) {
    for (let i = 0; i < Number(count); i++) frames.push(Uint8Array.from(ring.frame(i) ?? []));
  }
  return frames;
}

describe('a port on a datagram socket', () => {
  it('lets no frame overtake those that wait, also when the far end has just read', async () => {
    const rig = new Rig();
    const [near, far] = datagramPair();
    const port = using(new DatagramPort({ fd: near, module: 'm', description: 'd' }, rig.environment));
    collect(port);
    let sent = 0;
    while (rig.budget.used === 0) rig.send(port, ...Array.from({ length: 64 }, () => frameOf(1000, sent++)));
    const arrived = drain(far);
    expect(arrived.length).toBeLessThan(sent);
    // There is room in the kernel now, and the loop has not told the port yet.
    rig.send(port, frameOf(1000, sent++));
    while (arrived.length < sent) {
      await new Promise(setImmediate);
      arrived.push(...drain(far));
    }
    expect(
      sameFrames(
        arrived,
        Array.from({ length: sent }, (_, i) => frameOf(1000, i)),
      ),
    ).toBe(true);
    expect(port.counters.sentFrames).toBe(sent);
  });

  it('drains what waited before it was attached', async () => {
    const rig = new Rig();
    const [near, far] = datagramPair();
    const port = using(new DatagramPort({ fd: near, module: 'm', description: 'd' }, rig.environment));
    let sent = 0;
    while (rig.budget.used === 0) rig.send(port, ...Array.from({ length: 64 }, () => frameOf(1000, sent++)));
    collect(port);
    const arrived = drain(far);
    while (arrived.length < sent) {
      await new Promise(setImmediate);
      arrived.push(...drain(far));
    }
    expect(rig.budget.used).toBe(0);
  });

  it('asks to be told of room only while something waits', async () => {
    const rig = new Rig();
    const [near, far] = datagramPair();
    let wanted: Interest | undefined;
    const { loop } = rig.environment;
    const noting: Readiness = {
      watch(fd, interest, tell) {
        wanted = interest;
        const watch = loop.readiness.watch(fd, interest, tell);
        const want = (changed: Interest): void => watch.want((wanted = changed));
        return { want, [Symbol.dispose]: () => watch[Symbol.dispose]() };
      },
    };
    const environment = { ...rig.environment, loop: { ...loop, readiness: noting } };
    const port = using(new DatagramPort({ fd: near, module: 'm', description: 'd' }, environment));
    collect(port);
    let sent = 0;
    for (; rig.budget.used === 0; sent++) {
      expect(wanted).toEqual({ readable: true, writable: false });
      rig.send(port, frameOf(1000));
    }
    expect(wanted).toEqual({ readable: true, writable: true });
    for (let arrived = 0; arrived < sent;) {
      await new Promise(setImmediate);
      arrived += drain(far).length;
    }
    expect(wanted).toEqual({ readable: true, writable: false });
  });

  it('bounds its backlog as it is told, in frames and in octets, and counts what has no room', () => {
    const rig = new Rig();
    const [near] = datagramPair();
    const backlog = { frames: 10, octets: 5000 };
    const port = using(new DatagramPort({ fd: near, module: 'm', description: 'd', backlog }, rig.environment));
    collect(port);
    let sent = 0;
    while (port.counters.drops['backlog-full'] === 0) rig.send(port, frameOf(1000, sent++));
    expect(rig.budget.used).toBeGreaterThanOrEqual(5000);
    expect(port.counters.sentFrames).toBe(sent - 6);
    for (let i = 0; i < 6; i++) rig.send(port, frameOf(14));
    expect(port.counters.drops['backlog-full']).toBe(7);
  });
});
