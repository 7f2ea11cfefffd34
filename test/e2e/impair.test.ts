import { expect, it } from 'vitest';
import { Plug } from './plug.ts';
import { freePort, useStage } from './stage.ts';

const stage = useStage(['vde_plug']);
const delay = 300;

/** Returns a broadcast with a number in it. */
function broadcast(serial: number, size: number): Buffer {
  const frame = Buffer.alloc(size);
  frame.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb5]);
  frame.writeUInt32BE(serial, 14);
  return frame;
}

it('a port that dials treats frames as badly as it is told to, each way, in real time', { timeout: 60_000 }, async () => {
  const address = `127.0.0.1:${await freePort()}`;
  await stage.etherloom('switch', '--sock', stage.path('a'), '--port', `tcp-listen://${address}`);
  await stage.etherloom('switch', '--sock', stage.path('b'), '--port', `tcp://${address}`, '--impair', `delay ${delay}, mtu 100`);
  const [a, b] = [new Plug(stage, stage.path('a')), new Plug(stage, stage.path('b'))];
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    // Again and again, until the link is there.
    const sent: number[] = [];
    const sending = setInterval(() => {
      from.send(broadcast(sent.length, 200));
      from.send(broadcast(sent.length, 60));
      sent.push(Date.now());
    }, 50);
    try {
      const { frame, at } = await to.hears('a short frame', ({ length }) => length === 60);
      // Timers are off by a millisecond.
      expect(at - (sent[Buffer.from(frame).readUInt32BE(14)] ?? 0)).toBeGreaterThanOrEqual(delay - 1);
    } finally {
      clearInterval(sending);
    }
    expect(to.heard.filter(({ frame }) => frame.length === 200)).toEqual([]);
  }
});
