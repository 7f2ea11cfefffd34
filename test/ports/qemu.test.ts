import { closeSync, existsSync, lstatSync, mkdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';
import { describe, expect, it } from 'vitest';
import { DatagramPort } from '../../src/ports/datagram-port.ts';
import { QemuPort } from '../../src/ports/qemu.ts';
import { bindFile, connectPath, datagramSocket } from '../../src/system/unix-socket.ts';
import { eventually } from '../eventually.ts';
import { ManualClock } from '../manual-clock.ts';
import { bound, closing } from '../system/sockets.ts';
import { conforms } from './conformance.ts';
import { collect, descriptors, frameOf, lost, newDirectory, Rig, sameFrames, sendDatagram, using, type Collector } from './rig.ts';

/**
 * Plugs in as QEMU's `-netdev dgram` does: it binds over an existing file. It is connected by `join` only (QEMU never is), so
 * that the port under test, which the kernel then admits, can fill its queue.
 */
function plug(rig: Rig, local: string, remote: string): { fd: number; port: DatagramPort; join: () => void } {
  const fd = datagramSocket();
  rmSync(local, { force: true });
  bindFile(fd, { path: local, mode: 0o600 });
  const port = new DatagramPort({ fd, module: 'peer', description: 'peer' }, rig.environment);
  return { fd, port, join: () => connectPath(fd, remote) };
}

const sendto = koffi.load(null).func('int64_t sendto(int, void *, size_t, int, void *, uint32_t)') as (
  fd: number,
  frame: Uint8Array,
  length: number,
  flags: number,
  address: Uint8Array,
  addressLength: number,
) => number;

/** As QEMU sends: to a name, each frame. */
function sendTo(fd: number, path: string, frame: Uint8Array): void {
  const address = Buffer.alloc(110);
  address.writeUInt16LE(1);
  address.write(path, 2);
  expect(sendto(fd, frame, frame.length, 0, address, address.length)).toBe(frame.length);
}

conforms({
  name: "a port for QEMU's datagrams",
  injects: true,
  farGone: 'carrier',
  open(rig) {
    const directory = newDirectory();
    const [ours, theirs] = [join(directory, 'switch'), join(directory, 'qemu')];
    const port = QemuPort.open({ local: ours, remote: theirs }, rig.environment);
    const { fd, port: far, join: connect } = plug(rig, theirs, ours);
    connect();
    const inject = (octets: Uint8Array): void => void sendDatagram(fd, octets);
    // A real QEMU leaves its socket behind; that is told when something is sent to it, as below.
    const dispose = far[Symbol.asyncDispose].bind(far);
    const unplug = async (): Promise<void> => {
      await dispose();
      rmSync(theirs, { force: true });
    };
    return Promise.resolve({ port, far: Object.assign(far, { [Symbol.asyncDispose]: unplug }), inject });
  },
  opensForGood(rig) {
    const directory = newDirectory();
    const [ours, theirs] = [join(directory, 'switch'), join(directory, 'qemu')];
    const port = QemuPort.open({ local: ours, remote: theirs }, rig.environment);
    const appear = async (): Promise<DatagramPort> => {
      const { port: far, join: connect } = plug(rig, theirs, ours);
      // The kernel admits only the peer to which the port is connected.
      await eventually(() => connect());
      const dispose = far[Symbol.asyncDispose].bind(far);
      const unplug = (): Promise<void> => {
        rmSync(theirs, { force: true });
        return dispose();
      };
      return Object.assign(far, { [Symbol.asyncDispose]: unplug });
    };
    return Promise.resolve({ port, appear });
  },
});

interface Stage {
  readonly rig: Rig;
  readonly clock: ManualClock;
  readonly port: QemuPort;
  readonly here: Collector;
  readonly ours: string;
  readonly theirs: string;
}

/** Returns a port whose clock stands still: what it notices is noticed by the directory's notices, or when the clock is moved. */
function stage(): Stage {
  const clock = new ManualClock();
  const rig = new Rig(clock);
  const directory = newDirectory();
  const [ours, theirs] = [join(directory, 'switch'), join(directory, 'qemu')];
  const port = using(QemuPort.open({ local: ours, remote: theirs }, rig.environment));
  return { rig, clock, port, here: collect(port), ours, theirs };
}

describe("a port for QEMU's datagrams", () => {
  it('is down until QEMU is there, and drops what it is given', async () => {
    const { rig, port, here, ours, theirs } = stage();
    expect(here.up).toBe(false);
    rig.send(port, frameOf(60));
    expect(port.counters.drops['no-carrier']).toBe(1);
    const peer = using(plug(rig, theirs, ours).port);
    await here.carrierIs(true);
    const there = collect(peer);
    rig.send(port, frameOf(61));
    await there.count(1);
    expect(sameFrames(there.frames, [frameOf(61)])).toBe(true);
  });

  it('is down when the socket vanishes, and up when it returns', async () => {
    const { rig, here, ours, theirs } = stage();
    const first = plug(rig, theirs, ours);
    await here.carrierIs(true);
    await first.port[Symbol.asyncDispose]();
    unlinkSync(theirs);
    await here.carrierIs(false);
    using(plug(rig, theirs, ours).port);
    await here.carrierIs(true);
  });

  it('finds a new QEMU at the same path by its check alone, where no notice comes, within 200 ms', async () => {
    const { rig, clock, port, here, ours, theirs } = stage();
    const first = plug(rig, theirs, ours);
    clock.advance(200);
    expect(here.up).toBe(true);
    await first.port[Symbol.asyncDispose]();
    const before = lstatSync(theirs, { bigint: true });
    const { port: second, join: connect } = plug(rig, theirs, ours);
    using(second);
    const after = lstatSync(theirs, { bigint: true });
    // The file system may give the new socket the old one's number: that must not hide it.
    expect(after.ctimeNs).not.toBe(before.ctimeNs);
    clock.advance(200);
    // The new one's frames arrive before any frame was sent to it: the kernel refuses those of sockets that we are not connected to.
    connect();
    rig.send(second, frameOf(70));
    await here.count(1);
    const there = collect(second);
    rig.send(port, frameOf(71));
    await there.count(1);
  });

  it('sends what finds a new QEMU in the place of the old one to the new one', async () => {
    const { rig, clock, port, here, ours, theirs } = stage();
    const first = plug(rig, theirs, ours);
    clock.advance(200);
    await first.port[Symbol.asyncDispose]();
    const second = using(plug(rig, theirs, ours).port);
    rig.send(port, frameOf(80), frameOf(81));
    const there = collect(second);
    await there.count(2);
    expect(sameFrames(there.frames, [frameOf(80), frameOf(81)])).toBe(true);
    expect(here.up).toBe(true);
    expect(port.counters).toMatchObject({ sentFrames: 2, drops: { 'send-failed': 0 } });
  });

  it('is down when what it sends finds a dead QEMU, counts each frame once, and is up with the next one', async () => {
    const { rig, clock, port, here, ours, theirs } = stage();
    const first = plug(rig, theirs, ours);
    clock.advance(200);
    let sent = 0;
    while (rig.budget.used === 0) rig.send(port, ...Array.from({ length: 64 }, () => frameOf(1000, sent++)));
    await first.port[Symbol.asyncDispose]();
    await here.carrierIs(false);
    const { sentFrames, drops } = port.counters;
    expect(sentFrames + drops['send-failed'] + drops['no-carrier']).toBe(sent);
    expect(rig.budget.used).toBe(0);
    using(plug(rig, theirs, ours).port);
    clock.advance(200);
    expect(here.up).toBe(true);
  });

  it('never sends less than an Ethernet header, which makes QEMU stop reading', async () => {
    const { rig, clock, port, ours, theirs } = stage();
    const there = collect(using(plug(rig, theirs, ours).port));
    clock.advance(200);
    rig.send(port, ...Array.from({ length: 14 }, (_, size) => frameOf(size)), frameOf(14));
    await there.count(1);
    expect(sameFrames(there.frames, [frameOf(14)])).toBe(true);
    expect(port.counters.drops.runt).toBe(14);
  });

  it('removes its socket when it ends, and does not mind when that is gone already', async () => {
    const first = stage();
    await first.port[Symbol.asyncDispose]();
    expect(existsSync(first.ours)).toBe(false);
    const second = stage();
    unlinkSync(second.ours);
    await second.port[Symbol.asyncDispose]();
    expect(second.clock.timers).toBe(0);
  });

  it('takes the place of a dead switch, but not of a living one, nor of a file', () => {
    const { ours, theirs, rig } = stage();
    expect(() => QemuPort.open({ local: ours, remote: theirs }, rig.environment)).toThrow(
      expect.objectContaining({ code: 'busy' }) as Error,
    );
    const file = `${ours}-file`;
    writeFileSync(file, '');
    expect(() => QemuPort.open({ local: file, remote: theirs }, rig.environment)).toThrow(
      expect.objectContaining({ code: 'not-permitted' }) as Error,
    );
    const stale = `${ours}-stale`;
    const fd = datagramSocket();
    bindFile(fd, { path: stale, mode: 0o600 });
    closeSync(fd);
    using(QemuPort.open({ local: stale, remote: theirs }, rig.environment));
    expect(lstatSync(stale).mode & 0o777).toBe(0o600);
  });

  it('takes paths of any length, and says so when the last part of one is too long', async () => {
    const rig = new Rig();
    const directory = join(newDirectory(), 'x'.repeat(150));
    mkdirSync(directory);
    const [local, remote] = [join(directory, 'ours'), join(directory, 'theirs')];
    const qemu = closing(datagramSocket());
    bindFile(qemu, { path: remote, mode: 0o600 });
    const port = using(QemuPort.open({ local, remote }, rig.environment));
    connectPath(qemu, local);
    const collector = collect(port);
    await collector.carrierIs(true);
    sendDatagram(qemu, frameOf(60));
    await collector.count(1);
    expect(sameFrames(collector.frames, [frameOf(60)])).toBe(true);
    const tooLong = expect.objectContaining({ code: 'path-too-long' }) as Error;
    expect(() => QemuPort.open({ local: join(directory, 'x'.repeat(100)), remote }, rig.environment)).toThrow(tooLong);
  });

  it("leaves another's socket that has its name at the end", async () => {
    const rig = new Rig();
    const local = join(newDirectory(), 'ours');
    const port = QemuPort.open({ local, remote: `${local}-theirs` }, rig.environment);
    rmSync(local);
    bound(local);
    await port[Symbol.asyncDispose]();
    expect(existsSync(local)).toBe(true);
  });

  it('binds its socket again where that was removed; what came before is heard, and QEMU goes on', async () => {
    const rig = new Rig();
    const [local, remote] = [join(newDirectory(), 'ours'), join(newDirectory(), 'theirs')];
    const qemu = plug(rig, remote, local);
    const port = using(QemuPort.open({ local, remote }, rig.environment));
    const [near, far] = [collect(port), collect(using(qemu.port))];
    await near.carrierIs(true);
    const before = descriptors();
    // It waits at the old socket when the new one takes over.
    sendTo(qemu.fd, local, frameOf(61));
    rmSync(local);
    expect(lost(port)).toBe(local);
    port.restore();
    expect([lost(port), descriptors()]).toEqual([undefined, before]);
    sendTo(qemu.fd, local, frameOf(62));
    await near.count(2);
    rig.send(port, frameOf(63));
    await far.count(1);
    expect(sameFrames([...near.frames, ...far.frames], [frameOf(61), frameOf(62), frameOf(63)])).toBe(true);
  });
});
