import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { quietLog } from '../../src/log.ts';
import { realClock } from '../../src/clock.ts';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { DataPlane } from '../../src/daemon/data-plane.ts';
import { VdeListener } from '../../src/ports/vde/vde-listener.ts';
import { ReceiveRing, SendBatch } from '../../src/system/datagrams.ts';
import { newDirectory, using } from '../ports/rig.ts';
import { connect, type RawClient } from '../ports/vde-stage.ts';

/** How many frames a port is let in with at a time: of a batch, and of the ring's 256 when sixteen are ready. */
const batchSize = 64;
const share = 16;

/** The station in the switch that hears everything. */
const listener = 0xff;

const ring = new ReceiveRing(100);
const batch = new SendBatch(ring);

/** Returns a plane with clients, and a station that notes the sender of each frame. */
async function stage(
  count: number,
): Promise<{ plane: DataPlane; clients: RawClient[]; heard: number[]; untilHeard: (count: number) => Promise<void> }> {
  const plane = using(new DataPlane({ random: seededRandom(1), clock: realClock, log: quietLog }));
  const directory = join(newDirectory(), 's');
  using(VdeListener.open({ directory, acceptor: plane }, plane.environment));
  const clients: RawClient[] = [];
  while (clients.length < count) clients.push(await connect(directory));
  const heard: number[] = [];
  let awaited = { count: Infinity, tell: (): void => undefined };
  const say = plane.stations.add({
    receive: (frame) => {
      heard.push(frame[11] ?? 0);
      if (heard.length >= awaited.count) awaited.tell();
    },
  });
  plane.breath(() => say(frame(listener, 0)));
  // The frames of it that they have received.
  for (const { data } of clients) drain(data);
  const untilHeard = (count: number): Promise<void> => new Promise((resolve) => (awaited = { count, tell: resolve }));
  return { plane, clients, heard, untilHeard };
}

function frame(from: number, to: number): Uint8Array {
  const octets = new Uint8Array(60);
  octets.set([2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, 0x88, 0xb5]);
  return octets;
}

/** Sends so many frames at once, which the kernel must take. */
function fill({ data }: RawClient, one: Uint8Array, count: number): void {
  const frames = new Array<Uint8Array>(count).fill(one);
  for (let sent = 0; sent < count;) {
    const some = Number(batch.send(data, frames, sent));
    if (!(some > 0)) throw new Error(`the kernel took ${sent} frames only`);
    sent += some;
  }
}

function drain(fd: number): number {
  ring.rewind(1);
  const count = Number(ring.receive(fd));
  return count === batchSize ? count + drain(fd) : count;
}

describe('ports that are ready at once', () => {
  it('have their turns one after the other: a frame comes before all but a batch of those that another sent before it', async () => {
    const { clients, heard, untilHeard } = await stage(2);
    const [flooder, other] = clients;
    if (!flooder || !other) throw new Error('clients');
    fill(flooder, frame(1, listener), 200);
    fill(other, frame(2, listener), 1);
    await untilHeard(201);
    expect(heard.indexOf(2)).toBeLessThanOrEqual(batchSize);
  });

  it('get on alike when there are forty, more than the kernel tells at a time', async () => {
    const { clients, heard, untilHeard } = await stage(40);
    const each = 200;
    for (const [i, client] of clients.entries()) fill(client, frame(i, listener), each);
    await untilHeard(clients.length * each);
    const counts = clients.map(() => 0);
    for (const from of heard) {
      const count = (counts[from] ?? 0) + 1;
      counts[from] = count;
      // From here on there is nothing more of that one.
      if (count === each) break;
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2 * share);
    }
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(each - 2 * share);
  });

  it('cannot be starved by one that floods: each round trip of two others takes four rounds, and a batch of its frames a round', async () => {
    const { plane, clients, heard } = await stage(3);
    const [flooder, here, there] = clients;
    if (!flooder || !here || !there) throw new Error('clients');
    const { readiness } = plane.environment.loop;
    const trips = 300;
    let made = 0;
    // Their ports know each other before it begins.
    fill(there, frame(3, 2), 1);
    const done = new Promise<void>((resolve) => {
      // All are told by the very loop that carries their frames: so what counts is rounds, and no time.
      const flood = readiness.watch(flooder.data, { readable: false, writable: true }, () => {
        while (Number(batch.send(flooder.data, new Array<Uint8Array>(batchSize).fill(frame(1, listener)), 0)) > 0);
      });
      const answer = readiness.watch(there.data, { readable: true, writable: false }, () => {
        for (let pings = drain(there.data); pings > 0; pings--) fill(there, frame(3, 2), 1);
      });
      const ask = readiness.watch(here.data, { readable: true, writable: false }, () => {
        drain(here.data);
        if (made++ < trips) fill(here, frame(2, 3), 1);
        else {
          for (const watch of [flood, answer, ask]) watch[Symbol.dispose]();
          resolve();
        }
      });
    });
    await done;
    const flooded = heard.length;
    expect(flooded).toBeLessThanOrEqual((trips + 1) * 4 * batchSize);
    // It did flood, and was not starved either.
    expect(flooded).toBeGreaterThan(trips * batchSize);
    console.log(`${(flooded / trips).toFixed(0)} frames of a flooder crossed the switch in each round trip of two others`);
  });
});
