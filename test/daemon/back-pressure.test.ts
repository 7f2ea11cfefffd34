import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { quietLog } from '../../src/log.ts';
import { realClock, type Clock } from '../../src/clock.ts';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { DataPlane } from '../../src/daemon/data-plane.ts';
import type { BacklogBounds } from '../../src/ports/pure/backlog.ts';
import type { Port } from '../../src/ports/pure/port.ts';
import { VdeListener } from '../../src/ports/vde/vde-listener.ts';
import { ReceiveRing, SendBatch } from '../../src/system/datagrams.ts';
import { eventually } from '../eventually.ts';
import { dropped, frameOf, newDirectory, using } from '../ports/rig.ts';
import { connect, type RawClient } from '../ports/vde-stage.ts';

const ring = new ReceiveRing(1514);
const batch = new SendBatch(ring);

/** Returns a plane with a sender and readers that do not read. */
async function stage(
  backlog: BacklogBounds,
  clock: Clock = realClock,
): Promise<{ plane: DataPlane; sender: RawClient; readers: RawClient[] }> {
  const plane = using(new DataPlane({ random: seededRandom(1), clock, log: quietLog, backlog, poison: true }));
  const directory = join(newDirectory(), 's');
  using(VdeListener.open({ directory, acceptor: plane }, plane.environment));
  const sender = await connect(directory);
  const readers = [await connect(directory), await connect(directory), await connect(directory)];
  return { plane, sender, readers };
}

/** Sends so many broadcasts, as the plane takes them, and waits until it has them all. */
async function broadcast(plane: DataPlane, { data }: RawClient, count: number, size: number): Promise<void> {
  const frame = frameOf(size);
  frame.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb5]);
  const frames = new Array<Uint8Array>(count).fill(frame);
  for (let sent = 0; sent < count;) {
    sent += Number(batch.send(data, frames, sent));
    await new Promise(setImmediate);
  }
  await eventually(() => expect(portAt(plane, 1).counters.receivedFrames).toBe(count));
}

/** A frame unlike those. */
const youngFrame = Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb5, ...new Uint8Array(47)]);

function portAt(plane: DataPlane, at: number): Port {
  const found = [...plane.ports.endpoints()].find(({ number }) => number === at);
  if (!found) throw new Error(`there is no port ${at}`);
  return found.port;
}

/** Reads until nothing comes any more and nothing waits; returns how many frames came. */
async function readAll(plane: DataPlane, readers: readonly RawClient[]): Promise<number[]> {
  const heard = readers.map(() => 0);
  await eventually(() => {
    for (const [i, { data }] of readers.entries()) {
      ring.rewind(1);
      const count = Number(ring.receive(data));
      heard[i] = (heard[i] ?? 0) + count;
      expect(count).toBe(0);
    }
    expect(plane.environment.budget.used).toBe(0);
  });
  return heard;
}

describe('what a reader is not given', () => {
  it.each([
    { why: 'backlog-full', for: 'more frames than its port keeps', bounds: { frames: 100 }, size: 60 },
    { why: 'backlog-full', for: 'more octets than its port keeps', bounds: { octets: 10_000 }, size: 1514 },
    { why: 'budget-full', for: 'more than all ports keep', bounds: { budget: 100_000 }, size: 1514 },
  ] as const)('is counted as $why, when it is $for', async ({ why, bounds, size }) => {
    const { plane, sender, readers } = await stage(bounds);
    await broadcast(plane, sender, 2000, size);
    const heard = await readAll(plane, readers);
    for (const [i, frames] of heard.entries()) {
      const { counters } = portAt(plane, 2 + i);
      expect(counters.drops[why]).toBeGreaterThan(0);
      // Each frame was sent or dropped, for that reason alone; and what was sent came.
      expect(counters.drops[why]).toBe(dropped(counters));
      expect(counters.sentFrames + dropped(counters)).toBe(2000);
      expect(frames).toBe(counters.sentFrames);
      expect(plane.switch.port(2 + i)?.counters.sentFrames).toBe(2000);
    }
  });

  it('is counted as backlog-age when it waited too long: new frames come behind what the system had taken, and nothing between', async () => {
    let later = 0;
    const { plane, sender, readers } = await stage({ age: 500 }, { ...realClock, monotonic: () => realClock.monotonic() + later });
    await broadcast(plane, sender, 2000, 60);
    const { counters } = portAt(plane, 2);
    const taken = counters.sentFrames;
    expect(counters.drops['backlog-age']).toBe(0);
    // The reader was stopped for so long; what comes now is young.
    later = 1000;
    const { data } = readers[0] ?? expect.fail('there is a reader');
    batch.send(
      sender.data,
      Array.from({ length: 20 }, () => youngFrame),
      0,
    );
    await eventually(() => expect(portAt(plane, 1).counters.receivedFrames).toBe(2020));
    const sizes: number[] = [];
    await eventually(() => {
      ring.rewind(1);
      const count = Number(ring.receive(data));
      for (let i = 0; i < count; i++) sizes.push(ring.frame(i)?.length ?? 0);
      expect(count).toBe(0);
      expect(sizes.at(-1)).toBe(61);
    });
    expect(sizes).toEqual([...new Array<number>(taken).fill(60), ...new Array<number>(20).fill(61)]);
    expect(counters.drops['backlog-age']).toBe(2000 - taken);
    expect(counters.sentFrames).toBe(taken + 20);
  });
});
