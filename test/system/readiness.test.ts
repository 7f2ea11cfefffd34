import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DatagramPort } from '../../src/ports/datagram-port.ts';
import { ReceiveRing, SendBatch } from '../../src/system/datagrams.ts';
import { openLoop } from '../../src/system/loop.ts';
import type { Readiness, Ready, Watch } from '../../src/system/readiness.ts';
import { accept, bindFile, connectPath, listen, streamSocket, takeSocketError } from '../../src/system/unix-socket.ts';
import { eventually } from '../eventually.ts';
import { collect, descriptors, frameOf, Rig } from '../ports/rig.ts';
import { bound, closing, datagramPair, newDirectory } from './sockets.ts';

const readable = { readable: true, writable: false };

function turns(count: number): Promise<void> {
  return count === 0 ? Promise.resolve() : new Promise(setImmediate).then(() => turns(count - 1));
}

function send(fd: number): void {
  expect(new SendBatch(new ReceiveRing(100)).send(fd, [frameOf(60)], 0)).toBe(1);
}

describe(`readiness, woken by the ${process.env['ETHERLOOM_WAKER'] ?? 'loop'}`, () => {
  const { readiness } = openLoop({ frameSize: 100, breath: (work) => work() });

  function watching(fd: number, interest = readable): { told: Ready[]; watch: Watch; first: Promise<Ready> } {
    const told: Ready[] = [];
    let tell: (ready: Ready) => void = () => undefined;
    const first = new Promise<Ready>((resolve) => (tell = resolve));
    const watch = readiness.watch(fd, interest, (ready) => {
      told.push(ready);
      tell(ready);
    });
    onTestFinished(() => watch[Symbol.dispose]());
    return { told, watch, first };
  }

  it('is told while something waits, each turn of the loop, and not otherwise', async () => {
    const [near, far] = datagramPair();
    const { told, first } = watching(far);
    await turns(5);
    expect(told).toEqual([]);
    send(near);
    expect(await first).toEqual({ readable: true, writable: false, failed: false });
    await eventually(() => expect(told.length).toBeGreaterThan(2));
    new ReceiveRing(100).receive(far);
    const { length } = told;
    await turns(5);
    expect(told.length).toBeLessThanOrEqual(length + 1);
  });

  it('is told of what is wanted now', async () => {
    const [near] = datagramPair();
    const { told, watch } = watching(near);
    await turns(3);
    expect(told).toEqual([]);
    watch.want({ readable: true, writable: true });
    await eventually(() => expect(told.length).toBeGreaterThan(0));
    expect(told[0]).toEqual({ readable: false, writable: true, failed: false });
    watch.want({ readable: false, writable: false });
    told.length = 0;
    await turns(3);
    expect(told).toEqual([]);
    watch.want({ readable: false, writable: true });
    await eventually(() => expect(told.length).toBeGreaterThan(0));
  });

  it('is not told after the watch was disposed, not even in the turn of the disposal', async () => {
    const [near, far] = datagramPair();
    const { told, watch } = watching(far);
    send(near);
    watch[Symbol.dispose]();
    watch[Symbol.dispose]();
    watch.want({ readable: true, writable: true });
    await turns(3);
    expect(told).toEqual([]);
  });

  it('may be disposed while it is told, and the descriptor closed and watched again at once', async () => {
    const [near, far] = datagramPair();
    let calls = 0;
    await new Promise<void>((resolve) => {
      const watch = readiness.watch(far, readable, () => {
        calls++;
        watch[Symbol.dispose]();
        const again = readiness.watch(far, readable, () => {
          calls++;
          again[Symbol.dispose]();
          resolve();
        });
      });
      send(near);
    });
    expect(calls).toBe(2);
  });

  it('is told first to each descriptor in its turn, round by round', async () => {
    const firsts = new Map<number, number>();
    let told: number[] = [];
    const round = (work: () => void): void => {
      told = [];
      work();
      const [first] = told;
      if (first !== undefined && told.length === 4) firsts.set(first, (firsts.get(first) ?? 0) + 1);
    };
    const { readiness: busy } = openLoop({ frameSize: 100, breath: round });
    const pairs = Array.from({ length: 4 }, () => datagramPair());
    for (const [near] of pairs) send(near);
    for (const [, far] of pairs) {
      const watch = busy.watch(far, readable, () => told.push(far));
      onTestFinished(() => watch[Symbol.dispose]());
    }
    await eventually(() => expect(Math.min(...pairs.map(([, far]) => firsts.get(far) ?? 0))).toBeGreaterThan(10));
    expect(Math.max(...firsts.values()) - Math.min(...firsts.values())).toBeLessThanOrEqual(1 + Math.min(...firsts.values()));
  });

  it('cannot be watched twice on one descriptor', () => {
    const [near] = datagramPair();
    watching(near);
    expect(() => readiness.watch(near, readable, () => undefined)).toThrow('watched twice');
  });

  it('of a socket with an error on it is told as failed, and goes on when the error was taken', async () => {
    const directory = newDirectory();
    const [near, far] = [bound(join(directory, 'near')), bound(join(directory, 'far'))];
    connectPath(near, join(directory, 'far'));
    connectPath(far, join(directory, 'near'));
    bound(join(directory, 'third'));
    const { told, first } = watching(near);
    // The far end turns away from what it has not read: the kernel puts an error on ours.
    send(near);
    connectPath(far, join(directory, 'third'));
    expect((await first).failed).toBe(true);
    expect(takeSocketError(near)).toBeGreaterThan(0);
    told.length = 0;
    await turns(5);
    expect(told.length).toBeLessThanOrEqual(1);
    connectPath(far, join(directory, 'near'));
    told.length = 0;
    send(far);
    await eventually(() => expect(told.some((ready) => ready.readable)).toBe(true));
  });

  it('of a port whose socket fails does not spin', async () => {
    const directory = newDirectory();
    const [near, far] = [bound(join(directory, 'near')), bound(join(directory, 'far'))];
    connectPath(near, join(directory, 'far'));
    connectPath(far, join(directory, 'near'));
    const rig = new Rig();
    let wakes = 0;
    const { loop } = rig.environment;
    const counting: Readiness = {
      watch: (fd, interest, tell) =>
        loop.readiness.watch(fd, interest, (ready) => {
          wakes++;
          tell(ready);
        }),
    };
    const port = new DatagramPort(
      { fd: near, module: 'm', description: 'd' },
      { ...rig.environment, loop: { ...loop, readiness: counting } },
    );
    collect(port);
    send(near);
    bound(join(directory, 'third'));
    connectPath(far, join(directory, 'third'));
    await eventually(() => expect(wakes).toBeGreaterThan(0));
    await turns(50);
    expect(wakes).toBeLessThan(4);
  });

  it('of a stream that was closed on the other side is told until it is read', async () => {
    const path = join(newDirectory(), 'ctl');
    const server = closing(streamSocket());
    bindFile(server, { path, mode: 0o600 });
    listen(server, 4);
    const client = streamSocket();
    connectPath(client, path);
    const connection = closing(accept(server) ?? -1);
    expect(accept(server)).toBeUndefined();
    const { first } = watching(connection);
    closeSync(client);
    expect((await first).readable).toBe(true);
    expect(readSync(connection, Buffer.alloc(10))).toBe(0);
  });

  function run(work: string): { status: number | null; signal: string | null; stderr: string } {
    const typescript = join(import.meta.dirname, '../typescript.mjs');
    const script = join(import.meta.dirname, 'readiness-process.ts');
    return spawnSync(process.execPath, ['--import', typescript, script, work, newDirectory()], { encoding: 'utf8' });
  }

  it('leaves no descriptor behind, of a thousand loops that were opened and closed, some with something to tell', async () => {
    const [near, far] = datagramPair();
    send(near);
    // The shared parts of all loops are opened with the first.
    watching(near);
    const before = descriptors();
    let told = 0;
    for (let i = 0; i < 1000; i++) {
      const loop = openLoop({ frameSize: 100, breath: (work) => work() });
      const watch = loop.readiness.watch(far, readable, () => told++);
      // Some come to tell of it, some are closed before.
      if (i % 10 === 0) await turns(2);
      watch[Symbol.dispose]();
    }
    await turns(3);
    expect(descriptors()).toBe(before);
    expect(told).toBeGreaterThan(0);
  });

  it('keeps nothing of what cannot be watched', () => {
    const before = descriptors();
    const loop = openLoop({ frameSize: 100, breath: (work) => work() });
    expect(() => loop.readiness.watch(9999, readable, () => undefined)).toThrow('EBADF');
    const file = openSync(join(newDirectory(), 'file'), 'w');
    expect(() => loop.readiness.watch(file, readable, () => undefined)).toThrow('EPERM');
    closeSync(file);
    expect(descriptors()).toBe(before);
    const [near] = datagramPair();
    loop.readiness.watch(near, readable, () => undefined)[Symbol.dispose]();
  });

  it('keeps no process alive when nothing is watched any more', () => {
    expect(run('loops')).toMatchObject({ status: 0, signal: null });
  });

  it('lets a process exit with watches open', () => {
    expect(run('exit')).toMatchObject({ status: 7, signal: null });
  });

  it('does not swallow what is thrown while it is told', () => {
    const { status, stderr } = run('throw');
    expect(status).toBe(1);
    expect(stderr).toContain('thrown while told');
  });
});

describe('the environment', () => {
  it('chooses what wakes the loop, and is told when there is no such thing', () => {
    vi.stubEnv('ETHERLOOM_WAKER', 'magic');
    expect(() => openLoop({ frameSize: 100, breath: (work) => work() })).toThrow('one of: loop, worker');
    vi.unstubAllEnvs();
  });
});
