import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeEthernet } from '../../src/wire/ethernet.ts';
import { broadcastMac, macFromNumber } from '../../src/wire/mac.ts';
import { debianPython } from './peers.ts';
import { Plug } from './plug.ts';
import type { Running } from './running.ts';
import { freePort, useStage } from './stage.ts';

const client = join(import.meta.dirname, 'websocket-client.py');

const payloadSizes = [46, 47, 200, 1000, 1500];

function frameFrom(station: number, size: number): Uint8Array {
  const payload = new Uint8Array(size).map((_, at) => (at * 7 + size + station) % 251);
  return encodeEthernet({ destination: broadcastMac, source: macFromNumber(0x0200_0000_0000 + station), etherType: 0x88b5, payload });
}

describe("Python's websockets on etherloom switch --port ws://", { timeout: 60_000 }, () => {
  const stage = useStage(['vde_plug', 'python3-websockets']);

  async function serve(query: string): Promise<{ ours: Running; url: string; directory: string }> {
    const directory = stage.path('sw');
    const url = `ws://127.0.0.1:${await freePort()}/frames${query}`;
    return { ours: await stage.etherloom('switch', '--sock', directory, '--port', url), url, directory };
  }

  it('hears what a vde_plug sends, and is heard by it: frames whole and in order', async () => {
    const { ours, url, directory } = await serve('?token=s3cret');
    const python = stage.start([debianPython, client, url]);
    await python.line(/^connected$/);
    const plug = new Plug(stage, directory);
    await ours.line(/port 2: unix prog/);
    for (const size of payloadSizes) {
      const [to, from] = [frameFrom(1, size), frameFrom(2, size)];
      plug.send(to);
      await python.line(new RegExp(`^heard ${Buffer.from(to).toString('hex')}$`));
      python.stdin.write(`${Buffer.from(from).toString('hex')}\n`);
      await plug.hears(`${size} octets`, (frame) => Buffer.compare(frame, from) === 0);
    }
    python.stdin.end();
    await ours.line(/port 1: websocket 127\.0\.0\.1:\d+ is gone/);
  });

  it('is refused without the token, and told when the switch ends with it', async () => {
    const { ours, url } = await serve('?token=s3cret');
    for (const [asked, status] of [
      [url.replace('s3cret', 'guess'), 401],
      [url.replace('frames', 'other'), 404],
    ] as const) {
      expect((await stage.run([debianPython, client, asked])).text).toBe(`refused ${status}`);
    }
    const python = stage.start([debianPython, client, url]);
    await python.line(/^connected$/);
    expect(await ours.end()).toEqual({ status: 0, signal: null });
    python.stdin.end();
    await python.exit;
  });

  it('is refused in the name of a page of elsewhere', async () => {
    const { url } = await serve('');
    expect((await stage.run([debianPython, client, url, 'https://example.com'])).text).toBe('refused 403');
    const python = stage.start([debianPython, client, url, 'http://localhost:8080']);
    await python.line(/^connected$/);
  });
});
