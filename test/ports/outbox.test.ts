import { join } from 'node:path';
import { closeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BacklogBudget } from '../../src/ports/pure/backlog.ts';
import { Outbox } from '../../src/ports/stream/outbox.ts';
import { newPortCounters, type PortCounters } from '../../src/ports/pure/port.ts';
import { SendQueue } from '../../src/ports/pure/send-queue.ts';
import type { ByteChannel } from '../../src/ports/stream/byte-channel.ts';
import { StreamMemory } from '../../src/system/stream-socket.ts';
import { accept, bindFile, connectPath, listen, streamSocket, type Fd } from '../../src/system/unix-socket.ts';
import { closing, newDirectory } from '../system/sockets.ts';
import { dropped, frameOf } from './rig.ts';
import { encodeFrames } from './stream-stage.ts';

interface Stage {
  readonly outbox: Outbox;
  readonly queue: SendQueue;
  readonly budget: BacklogBudget;
  readonly counters: PortCounters;
  readonly near: Fd;
  /** Returns all octets that have come and were not read yet. */
  read(): Buffer;
}

function stage(limit = 1_000_000, budget = new BacklogBudget()): Stage {
  const path = join(newDirectory(), 's');
  const listener = closing(streamSocket());
  bindFile(listener, { path, mode: 0o600 });
  listen(listener, 1);
  const near = streamSocket();
  connectPath(near, path);
  const far = closing(accept(listener) ?? -1);
  const memory = new StreamMemory(2 ** 20);
  const read = (): Buffer => {
    const parts: Buffer[] = [];
    for (;;) {
      const count = memory.receive(far, 0, 2 ** 20);
      if (typeof count === 'string' || count === 0) return Buffer.concat(parts);
      parts.push(Buffer.from(memory.octets.subarray(0, count)));
    }
  };
  const counters = newPortCounters();
  const outbox = new Outbox({ channel: channelOn(near), lengthSize: 2, budget });
  const queue = new SendQueue({ sink: outbox, counters, budget, limits: { frames: Infinity, octets: limit }, longest: 65_535 });
  return { outbox, queue, budget, counters, near, read };
}

/** Returns the part of a channel that an outbox needs. */
function channelOn(fd: Fd): ByteChannel {
  const unused = (): never => {
    throw new Error('an outbox only sends');
  };
  return { receive: unused, watch: unused, send: (memory, start, end) => memory.send(fd, start, end), [Symbol.dispose]: unused };
}

/** Drains it, and returns whether something waits even so. */
function drain({ queue }: Stage): boolean {
  queue.drain();
  return queue.blocked;
}

/** Forgets what waits. */
function clear({ outbox, queue }: Stage): void {
  queue.drop('no-carrier');
  outbox.clear();
}

/** Adds frames until one is refused; returns those that were taken. */
function fill({ queue, counters }: Stage, size: number): Uint8Array[] {
  const taken: Uint8Array[] = [];
  for (;;) {
    const frame = frameOf(size, taken.length);
    queue.add(frame);
    queue.flush();
    if (dropped(counters) > 0) return taken;
    taken.push(frame);
  }
}

describe('an outbox', () => {
  it('hands over what was added since the last flush, by then and not before', () => {
    const { queue, near, read } = stage();
    queue.add(frameOf(60));
    queue.add(frameOf(1514));
    expect(read().length).toBe(0);
    queue.flush();
    expect(queue.blocked).toBe(false);
    expect(Buffer.compare(read(), encodeFrames([frameOf(60), frameOf(1514)]))).toBe(0);
    queue.flush();
    expect(read().length).toBe(0);
    closeSync(near);
  });

  it('keeps no borrowed memory', () => {
    const { queue, near, read } = stage();
    const frame = frameOf(60);
    queue.add(frame);
    queue.flush();
    frame.fill(0xa5);
    expect(Buffer.compare(read(), encodeFrames([frameOf(60)]))).toBe(0);
    closeSync(near);
  });

  it.each([60, 1514, 9000, 65_535])('keeps what the system does not take, bounded, and drains it octet by octet: frames of %i', (size) => {
    const staged = stage();
    const { outbox, queue, budget, counters, near, read } = staged;
    const taken = fill(staged, size);
    expect(counters.drops['backlog-full']).toBe(1);
    expect(outbox.kept).toBeGreaterThan(0);
    const waiting = (taken.length - counters.sentFrames) * size;
    expect(waiting).toBeLessThanOrEqual(1_000_000);
    expect(waiting).toBeGreaterThan(1_000_000 - size);
    expect(budget.used).toBeGreaterThan(waiting);
    const parts: Buffer[] = [];
    const limit = taken.length + 40;
    // While it drains more comes, in order behind what waits.
    for (let more = true; more; more = drain(staged)) {
      parts.push(read());
      for (let i = 0; i < 3 && taken.length < limit; i++) {
        const before = dropped(counters);
        const frame = frameOf(size, taken.length);
        queue.add(frame);
        queue.flush();
        if (dropped(counters) === before) taken.push(frame);
      }
    }
    parts.push(read());
    expect(Buffer.compare(Buffer.concat(parts), encodeFrames(taken))).toBe(0);
    expect(counters).toMatchObject({ sentFrames: taken.length, sentOctets: taken.length * size });
    expect([queue.blocked, outbox.kept, budget.used]).toEqual([false, 0, 0]);
    closeSync(near);
  });

  it('takes nothing that the budget of all ports has no room for', () => {
    const staged = stage(10_000_000, new BacklogBudget({ budget: 500_000 }));
    fill(staged, 1000);
    expect(staged.counters.drops['budget-full']).toBe(1);
    expect(staged.budget.used).toBeLessThanOrEqual(500_000);
    clear(staged);
    expect(staged.budget.used).toBe(0);
    closeSync(staged.near);
  });

  it('gives way to another that has less, of the frames that came last, and breaks none', () => {
    const budget = new BacklogBudget({ budget: 2_000_000 });
    const [stalled, other] = [stage(10_000_000, budget), stage(10_000_000, budget)];
    const taken = fill(stalled, 1000);
    const before = dropped(stalled.counters);
    for (const count of [500, 300]) {
      for (let i = 0; i < count; i++) other.queue.add(frameOf(1000));
      other.queue.flush();
    }
    expect(dropped(other.counters)).toBe(0);
    const given = dropped(stalled.counters) - before;
    expect(given).toBeGreaterThan(0);
    const parts: Buffer[] = [];
    for (let more = true; more; more = drain(stalled)) parts.push(stalled.read());
    parts.push(stalled.read());
    expect(Buffer.compare(Buffer.concat(parts), encodeFrames(taken.slice(0, taken.length - given)))).toBe(0);
    for (const one of [stalled, other]) {
      clear(one);
      closeSync(one.near);
    }
  });

  it('says why the system refuses for good, and takes nothing from then on', () => {
    const staged = stage();
    const { outbox, queue, budget, counters, near } = staged;
    const taken = fill(staged, 1000);
    closeSync(near);
    queue.drain();
    expect([outbox.error, outbox.kept]).toEqual(['EBADF', 0]);
    expect(counters.sentFrames + queue.count).toBe(taken.length);
    expect(outbox.send([frameOf(60)], 0, 1)).toBe(0);
    queue.drop('no-carrier');
    expect(budget.used).toBe(0);
  });
});
