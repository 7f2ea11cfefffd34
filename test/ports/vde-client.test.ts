import { chownSync, closeSync, lstatSync, readdirSync, readSync, symlinkSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { encodeVdeReply } from '../../src/ports/vde/vde-control.ts';
import { VdeClient, type VdeClientOptions } from '../../src/ports/vde/vde-client.ts';
import { VdeListener } from '../../src/ports/vde/vde-listener.ts';
import { accept, bindFile, connectPath, listen, streamSocket } from '../../src/system/unix-socket.ts';
import { eventually } from '../eventually.ts';
import { ManualClock } from '../manual-clock.ts';
import { readiness } from '../system/sockets.ts';
import { conforms } from './conformance.ts';
import { collect, descriptors, newDirectory, Ports, Rig, using } from './rig.ts';
import { serve } from './vde-stage.ts';

conforms({
  name: 'a client of a VDE switch',
  injects: false,
  farGone: 'closed',
  async open(rig) {
    const directory = join(newDirectory(), 's');
    const ports = new Ports();
    const rest = VdeListener.open({ directory, acceptor: ports }, rig.environment);
    const port = await VdeClient.open({ directory }, rig.environment);
    return { port, far: await ports.next(), rest };
  },
});

/** Returns a switch that takes connections and says what it is told to, or nothing. */
function strange(answer?: Uint8Array): { directory: string; accepted: Promise<number> } {
  const directory = newDirectory();
  const fd = streamSocket();
  bindFile(fd, { path: join(directory, 'ctl'), mode: 0o600 });
  listen(fd, 4);
  const accepted = new Promise<number>((resolve) => {
    const watch = readiness.watch(fd, { readable: true, writable: false }, () => {
      watch[Symbol.dispose]();
      const connection = accept(fd) ?? -1;
      onTestFinished(() => {
        closeSync(connection);
        closeSync(fd);
      });
      if (answer) writeSync(connection, answer);
      resolve(connection);
    });
  });
  return { directory, accepted };
}

/** Resolves when a client has asked. */
async function asked(fd: number): Promise<void> {
  const connection = accept(fd) ?? -1;
  onTestFinished(() => closeSync(connection));
  await eventually(() => expect(readSync(connection, Buffer.alloc(256))).toBeGreaterThan(0));
}

describe('a client of a VDE switch', () => {
  it('asks for the port that it wishes, says who it is, and leaves no name behind', async () => {
    const { directory, ports, rig } = serve();
    using(await VdeClient.open({ directory, wish: 9, description: 'me' }, rig.environment));
    expect(ports.given[0]?.number).toBe(9);
    expect((await ports.next()).description).toBe('me');
    expect(readdirSync(directory).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('ends with its switch, and frees the port when it ends itself', async () => {
    const { directory, ports, rig, listener } = serve();
    const first = await VdeClient.open({ directory }, rig.environment);
    const far = collect(await ports.next());
    await first[Symbol.asyncDispose]();
    expect(await far.ended()).toBe('the client is gone');
    const second = collect(using(await VdeClient.open({ directory }, rig.environment)));
    await listener[Symbol.asyncDispose]();
    expect(await second.ended()).toBe('the switch is gone');
  });

  it('says that it was refused, and leaves nothing', async () => {
    const { directory, ports, rig } = serve();
    ports.choose = () => ({ reason: 'all-in-use', ports: 3 });
    const before = descriptors();
    await expect(VdeClient.open({ directory, wish: 5 }, rig.environment)).rejects.toMatchObject({ code: 'refused' });
    expect(descriptors()).toBe(before);
    expect(readdirSync(directory)).toEqual(['ctl']);
  });

  it('says that nobody is there', async () => {
    const rig = new Rig();
    await expect(VdeClient.open({ directory: newDirectory() }, rig.environment)).rejects.toMatchObject({
      errno: 'ENOENT',
      message: expect.stringMatching(/^cannot connect to .*\/ctl: no such file or directory \(ENOENT\); start a switch there/) as string,
    });
  });

  it('waits for an answer for its time only', async () => {
    const clock = new ManualClock();
    const rig = new Rig(clock);
    const { directory, accepted } = strange();
    const opening = expect(VdeClient.open({ directory, timeout: 700 }, rig.environment)).rejects.toMatchObject({ code: 'timed-out' });
    await accepted;
    clock.advance(700);
    await opening;
    expect(readdirSync(directory)).toEqual(['ctl']);
  });

  it('stops waiting when it is told to', async () => {
    const rig = new Rig();
    const { directory, accepted } = strange();
    const abort = new AbortController();
    const opening = expect(VdeClient.open({ directory }, rig.environment, { signal: abort.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    await accepted;
    abort.abort();
    await opening;
  });

  it('does not change the mode of what a switch names, unless that is a socket of its own', async () => {
    const rig = new Rig();
    const victim = join(newDirectory(), 'victim');
    writeFileSync(victim, '', { mode: 0o644 });
    const { directory } = strange(encodeVdeReply(victim));
    await expect(VdeClient.open({ directory }, rig.environment)).rejects.toMatchObject({ code: 'system' });
    expect(lstatSync(victim).mode & 0o777).toBe(0o644);
  });

  it('lets in nobody else, or whom it is told to', async () => {
    const own = process.getgid?.() ?? 0;
    expect(await seen({})).toEqual({ mode: 0o700, gid: own });
    expect(await seen({ mode: 0o660, gid: own })).toEqual({ mode: 0o660, gid: own });
  });

  it('lets in a switch that another user runs, by letting in the group of its socket', async ({ skip }) => {
    skip(process.getuid?.() !== 0, 'only root can make the socket of another user');
    expect(await seen({}, 65_534)).toEqual({ mode: 0o770, gid: 65_534 });
    expect(await seen({ mode: 0o770 }, 65_534)).toEqual({ mode: 0o770, gid: process.getgid?.() });
  });

  it('asks a port group where there is one, for any port, and else the switch', async () => {
    const { directory, ports, rig, listener } = serve();
    symlinkSync(join(directory, 'ctl'), join(directory, 'lab'));
    using(await VdeClient.open({ directory, wish: 9, portGroup: 'lab' }, rig.environment));
    using(await VdeClient.open({ directory, wish: 9, portGroup: 'none' }, rig.environment));
    expect(ports.given.map(({ number }) => number)).toEqual([1, 9]);
    unlinkSync(join(directory, 'lab'));
    await listener[Symbol.asyncDispose]();
  });

  it('asks again while the queue of the switch is full, and gives up after a while', async () => {
    const directory = newDirectory();
    const fd = streamSocket();
    const control = join(directory, 'ctl');
    bindFile(fd, { path: control, mode: 0o600 });
    listen(fd, 0);
    onTestFinished(() => closeSync(fd));
    const waiting = [streamSocket()];
    connectPath(waiting[0] ?? -1, control);
    const clock = new ManualClock();
    const opening = VdeClient.open({ directory, timeout: 1000 }, new Rig(clock).environment);
    const refused = expect(opening).rejects.toMatchObject({ errno: 'EAGAIN' });
    for (let i = 0; i < 60; i++) {
      await new Promise(setImmediate);
      clock.advance(20);
    }
    await refused;
    // And where there is room again, it is let in.
    const again = VdeClient.open({ directory, timeout: 1000 }, new Rig(clock).environment);
    const answered = expect(again).rejects.toMatchObject({ code: 'timed-out' });
    await new Promise(setImmediate);
    closeSync(accept(fd) ?? -1);
    for (let i = 0; i < 120; i++) {
      await new Promise(setImmediate);
      clock.advance(20);
    }
    await answered;
    for (const socket of waiting) closeSync(socket);
  });
});

/** Returns the mode and the group of the socket that a switch, which belongs to `owner`, is asked to send to. */
async function seen(options: Partial<VdeClientOptions>, owner?: number): Promise<{ mode: number; gid: number }> {
  const directory = newDirectory();
  const fd = streamSocket();
  const control = join(directory, 'ctl');
  bindFile(fd, { path: control, mode: 0o666 });
  listen(fd, 4);
  if (owner !== undefined) chownSync(control, owner, owner);
  onTestFinished(() => closeSync(fd));
  const abort = new AbortController();
  const opening = VdeClient.open({ directory, ...options }, new Rig().environment, { signal: abort.signal });
  // The request comes from a client whose socket exists.
  await asked(fd);
  const [name = ''] = readdirSync(directory).filter((file) => file.startsWith('.'));
  const { mode, gid } = lstatSync(join(directory, name));
  abort.abort();
  await expect(opening).rejects.toThrow();
  expect(readdirSync(directory)).toEqual(['ctl']);
  return { mode: mode & 0o777, gid };
}
