import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocketListener } from '../../src/ports/websocket.ts';
import { parseWebSocketAddress } from '../../src/ports/websocket-address.ts';
import { eventually } from '../eventually.ts';
import { ManualClock } from '../manual-clock.ts';
import { collect, descriptors, frameOf, newDirectory, Ports, Rig, using } from './rig.ts';
import { dial, listenAt, refusalOf } from './websocket-stage.ts';

describe('a WebSocket address', () => {
  it.each([
    ['127.0.0.1:7000', { host: '127.0.0.1', port: 7000, path: '/' }],
    ['[::1]:7000/frames', { host: '::1', port: 7000, path: '/frames' }],
    ['localhost:0/a/b?token=s%26cret', { host: 'localhost', port: 0, path: '/a/b', token: 's&cret' }],
    ['0.0.0.0:80?token=x', { host: '0.0.0.0', port: 80, path: '/', token: 'x' }],
  ])('%s is read', (text, address) => {
    expect(parseWebSocketAddress(text)).toEqual(address);
  });

  it('can name a file or a variable where its token is, which the list of processes does not show', () => {
    const directory = mkdtempSync(join(tmpdir(), 'token-'));
    onTestFinished(() => {
      vi.unstubAllEnvs();
      rmSync(directory, { recursive: true });
    });
    const file = join(directory, 'token');
    writeFileSync(file, 'correct horse\nsecond line\n');
    vi.stubEnv('WS_TOKEN', 's&cret');
    expect(parseWebSocketAddress(`127.0.0.1:1/x?token-file=${file}`)).toMatchObject({ path: '/x', token: 'correct horse' });
    expect(parseWebSocketAddress('127.0.0.1:1?token-env=WS_TOKEN')).toMatchObject({ token: 's&cret' });
    writeFileSync(file, '');
    expect(() => parseWebSocketAddress(`127.0.0.1:1/x?token-file=${file}`)).toThrow(`no token in the file ${file}`);
    expect(() => parseWebSocketAddress('127.0.0.1:1/x?token-env=WS_NONE')).toThrow('no token in the environment variable WS_NONE');
    expect(() => parseWebSocketAddress(`127.0.0.1:1/x?token-file=${file}.none`)).toThrow(
      `cannot read the token file ${file}.none: no such file or directory (ENOENT)`,
    );
  });

  it('reads its token from a regular file alone, which has a limit', () => {
    const directory = newDirectory();
    const [pipe, long] = [join(directory, 'pipe'), join(directory, 'long')];
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    expect(() => parseWebSocketAddress(`127.0.0.1:1/x?token-file=${pipe}`)).toThrow(`${pipe} is not a regular file; choose`);
    expect(() => parseWebSocketAddress(`127.0.0.1:1/x?token-file=${directory}`)).toThrow(`${directory} is not a regular file; choose`);
    expect(() => parseWebSocketAddress('127.0.0.1:1/x?token-file=/dev/zero')).toThrow('is not a regular file');
    writeFileSync(long, 'x'.repeat(4096));
    expect(() => parseWebSocketAddress(`127.0.0.1:1/x?token-file=${long}`)).toThrow('more than 4095 octets; use a shorter token');
    writeFileSync(long, `${'x'.repeat(4095)}\n${'y'.repeat(10_000)}`);
    expect(parseWebSocketAddress(`127.0.0.1:1/x?token-file=${long}`).token).toHaveLength(4095);
    // A second parameter makes it no address: the file is not opened for it.
    expect(() => parseWebSocketAddress(`127.0.0.1:1/x?token-file=${directory}&b=1`)).toThrow('must be followed by');
  });

  it.each([
    '',
    '7000',
    'host',
    '::1:7000',
    'host:99999/x',
    'host:1?token=',
    'host:1?password=x',
    'host:1/a#b',
    'host:1?token=a&token-env=HOME',
  ])('%j is none, and it is said what would be', (text) => {
    expect(() => parseWebSocketAddress(text)).toThrow(expect.objectContaining({ code: 'bad-address' }));
  });
});

describe('a WebSocket listener', () => {
  it('says its address without its token, and goes over IPv6', async () => {
    const rig = new Rig();
    const { ports, listener } = await listenAt(rig, { at: '[::1]:0/x?token=secret' });
    expect(listener.address).toBe(`ws://[::1]:${listener.port}/x`);
    const { client } = await dial(`${listener.address}?token=secret`);
    const here = collect(await ports.next());
    client.send(frameOf(60));
    await here.count(1);
    expect(ports.given).toMatchObject([{ number: 1, peer: { kind: 'remote' } }]);
  });

  it('beyond this machine wants a token, and says so', async () => {
    for (const at of ['0.0.0.0:0', '[::]:0/x', '192.0.2.1:0']) {
      await expect(listenAt(new Rig(), { at })).rejects.toMatchObject({
        code: 'not-permitted',
        message: expect.stringContaining('?token=TOKEN') as string,
      });
    }
    const rig = new Rig();
    await listenAt(rig, { at: '0.0.0.0:0?token=secret' });
    expect(rig.logged).toEqual([expect.stringContaining('not encrypted')]);
  });

  it('refuses another path by 404, and one without the token by 401, whatever else they get right', async () => {
    const rig = new Rig();
    const { ports, listener } = await listenAt(rig, { at: '127.0.0.1:0/frames?token=secret' });
    const at = `ws://127.0.0.1:${listener.port}`;
    expect(await refusalOf(`${at}/?token=secret`)).toBe(404);
    expect(await refusalOf(`${at}/frames/?token=secret`)).toBe(404);
    expect(await refusalOf(`${at}/frames`)).toBe(401);
    expect(await refusalOf(`${at}/frames?token=`)).toBe(401);
    expect(await refusalOf(`${at}/frames?token=secre`)).toBe(401);
    expect(await refusalOf(`${at}/frames?token=secrets`, { origin: 'http://localhost' })).toBe(401);
    await dial(`${at}/frames?x=1&token=secret`);
    expect(ports.ports.length).toBe(1);
    // Once a minute for each reason, and never with what was tried.
    expect(rig.logged).toEqual([
      expect.stringMatching(/^refused the WebSocket connection from 127\.0\.0\.1:\d+: it asks for another path/),
      expect.stringMatching(/^refused the WebSocket connection from 127\.0\.0\.1:\d+: it does not know the token$/),
    ]);
  });

  it('without a token lets in programs and the pages of this machine, and no others', async () => {
    const { listener } = await listenAt(new Rig());
    for (const origin of [
      'https://example.com',
      'http://localhost.example.com',
      'http://127.0.0.1.example.com:80',
      'null',
      '',
      'http://10.0.0.1',
    ]) {
      expect(await refusalOf(listener.address, { headers: { origin } }), origin).toBe(403);
    }
    for (const origin of [undefined, 'http://localhost:8080', 'https://127.0.0.1', 'http://[::1]:3000']) {
      await dial(listener.address, { headers: origin === undefined ? {} : { origin } });
    }
  });

  it('with a token lets in the pages of the world that know it', async () => {
    const { listener } = await listenAt(new Rig(), { at: '127.0.0.1:0?token=secret' });
    await dial(`${listener.address}?token=secret`, { origin: 'https://example.com' });
  });

  it('refuses by 503 when there are enough, and when no port is free', async () => {
    const { ports, listener } = await listenAt(new Rig(), { maxConnections: 2 });
    const { client } = await dial(listener.address);
    await dial(listener.address);
    expect(await refusalOf(listener.address)).toBe(503);
    const here = collect(await ports.next());
    client.close();
    await here.ended();
    await eventually(() => dial(listener.address));
    const other = await listenAt(new Rig());
    other.ports.choose = () => ({ reason: 'all-in-use', ports: 3 });
    expect(await refusalOf(other.listener.address)).toBe(503);
  });

  it('offers no compression, and takes the first subprotocol that a client offers', async () => {
    const { listener } = await listenAt(new Rig());
    const { client } = await dial(listener.address, { perMessageDeflate: true });
    expect(client.extensions).toBe('');
    const { WebSocket } = await import('ws');
    const named = new WebSocket(listener.address, ['binary', 'base64']);
    onTestFinished(() => named.terminate());
    await once(named, 'open');
    expect(named.protocol).toBe('binary');
  });

  it('answers what is no WebSocket: 426 to a request, 400 to another upgrade', async () => {
    const { listener } = await listenAt(new Rig());
    const status = async (headers: Record<string, string>): Promise<number | undefined> => {
      const [response] = (await once(request({ port: listener.port, host: '127.0.0.1', headers }).end(), 'response')) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    };
    expect(await status({})).toBe(426);
    expect(await status({ connection: 'upgrade', upgrade: 'h2c' })).toBe(400);
  });

  it('closes whoever does not ask within 10 s, and lets no more than 128 be at it', async () => {
    const clock = new ManualClock();
    const rig = new Rig(clock);
    const { listener } = await listenAt(rig);
    const sockets = Array.from({ length: 129 }, () => connect({ host: '127.0.0.1', port: listener.port }).on('error', () => undefined));
    const ends = sockets.map((socket) => new Promise((resolve) => socket.resume().once('close', resolve)));
    await Promise.race(ends);
    await eventually(() => expect(sockets.filter((socket) => !socket.destroyed).length).toBe(128));
    sockets.find((socket) => !socket.destroyed)?.write('GET / HTTP/1.1\r\nHost: x\r\n');
    clock.advance(10_000);
    await Promise.all(ends);
    // The warning waits for repetitions.
    clock.advanceSeconds(60);
    expect(clock.timers).toBe(0);
    await dial(listener.address);
  });

  it('lets a client in however many others ask for nothing: the oldest of them gives way, which is said once', async () => {
    const rig = new Rig(new ManualClock());
    const { listener } = await listenAt(rig);
    const idle = Array.from({ length: 128 }, () => connect({ host: '127.0.0.1', port: listener.port }).on('error', () => undefined));
    onTestFinished(() => idle.forEach((socket) => socket.destroy()));
    await Promise.all(idle.map((socket) => once(socket, 'connect')));
    const ends = idle.map((socket) => new Promise((resolve) => socket.resume().once('close', resolve)));
    await dial(listener.address);
    await Promise.race(ends);
    // The first one has asked, so that its place is free again.
    const last = connect({ host: '127.0.0.1', port: listener.port });
    onTestFinished(() => void last.destroy());
    await once(last, 'connect');
    await dial(listener.address);
    expect(rig.logged).toEqual(['more than 128 WebSocket connections have asked for nothing: the oldest are closed']);
  });

  it('ends its ports, and frees all, when it is disposed', async () => {
    const before = descriptors();
    const rig = new Rig(new ManualClock());
    const ports = new Ports();
    const listener = await WebSocketListener.open({ listen: parseWebSocketAddress('127.0.0.1:0'), acceptor: ports }, rig.environment);
    const { client } = await dial(listener.address);
    const idle = connect({ host: '127.0.0.1', port: listener.port }).on('error', () => undefined);
    await once(idle, 'connect');
    const here = collect(await ports.next());
    const closed = once(client, 'close');
    await listener[Symbol.asyncDispose]();
    expect(await here.ended()).toBe('the switch ends');
    expect((await closed)[0]).toBe(1001);
    idle.destroy();
    await eventually(() => expect(descriptors()).toBe(before));
  });

  it('says which address is taken', async () => {
    const { listener } = await listenAt(new Rig());
    await expect(listenAt(new Rig(), { at: `127.0.0.1:${listener.port}` })).rejects.toMatchObject({ errno: 'EADDRINUSE' });
  });

  it('lets two browsers hear each other by way of a switch port each', async () => {
    const rig = new Rig();
    const { ports, listener } = await listenAt(rig);
    const [one, two] = [await dial(listener.address), await dial(listener.address)];
    const [a, b] = [await ports.next(), await ports.next()];
    collect(a, (frame) => rig.transmit(b, frame));
    collect(using(b));
    const heard = once(two.client, 'message') as Promise<[Buffer, boolean]>;
    one.client.send(frameOf(1514));
    const [octets, isBinary] = await heard;
    expect(isBinary).toBe(true);
    expect(Buffer.compare(octets, frameOf(1514))).toBe(0);
  });
});
