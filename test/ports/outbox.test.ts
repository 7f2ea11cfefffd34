import { join } from 'node:path';
import { closeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BacklogBudget } from '../../src/ports/backlog.ts';
import { Outbox } from '../../src/ports/outbox.ts';
import { StreamMemory } from '../../src/system/stream-socket.ts';
import { accept, bindFile, connectPath, listen, streamSocket, type Fd } from '../../src/system/unix-socket.ts';
import { closing, newDirectory } from '../system/sockets.ts';
import { frameOf } from './rig.ts';
import { encodeFrames } from './stream-stage.ts';

interface Stage {
  readonly outbox: Outbox;
  readonly budget: BacklogBudget;
  readonly near: Fd;
  /** All octets that have come and were not read yet. */
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
  return { outbox: new Outbox({ fd: near, lengthSize: 2, limit, budget }), budget, near, read };
}

/** Adds frames until one is refused; returns those that were taken, and why the last was not. */
function fill(outbox: Outbox, size: number): { taken: Uint8Array[]; drop: string } {
  const taken: Uint8Array[] = [];
  for (;;) {
    const frame = frameOf(size, taken.length);
    const drop = outbox.add(frame);
    if (drop !== undefined) return { taken, drop };
    taken.push(frame);
    outbox.flush();
  }
}

describe('an outbox', () => {
  it('hands over what was added since the last flush, by then and not before', () => {
    const { outbox, near, read } = stage();
    outbox.add(frameOf(60));
    outbox.add(frameOf(1514));
    expect(read().length).toBe(0);
    expect(outbox.flush()).toBe(false);
    expect(Buffer.compare(read(), encodeFrames([frameOf(60), frameOf(1514)]))).toBe(0);
    expect(outbox.flush()).toBe(false);
    expect(read().length).toBe(0);
    closeSync(near);
  });

  it('keeps no borrowed memory', () => {
    const { outbox, near, read } = stage();
    const frame = frameOf(60);
    outbox.add(frame);
    frame.fill(0xa5);
    outbox.flush();
    expect(Buffer.compare(read(), encodeFrames([frameOf(60)]))).toBe(0);
    closeSync(near);
  });

  it.each([60, 1514, 9000, 65_535])('keeps what the system does not take, bounded, and drains it octet by octet: frames of %i', (size) => {
    const { outbox, budget, near, read } = stage();
    const { taken, drop } = fill(outbox, size);
    expect(drop).toBe('backlog-full');
    expect(outbox.waiting).toBeLessThanOrEqual(1_000_000);
    expect(outbox.waiting).toBeGreaterThan(1_000_000 - size - 2);
    expect(budget.used).toBe(outbox.waiting);
    const parts: Buffer[] = [];
    let added = taken.length;
    // While it drains more comes, in order behind what waits.
    for (let more = true; more; more = outbox.drain()) {
      parts.push(read());
      for (let i = 0; i < 3 && taken.length < added + 40; i++) {
        const frame = frameOf(size, taken.length);
        if (outbox.add(frame) === undefined) taken.push(frame);
      }
    }
    added = taken.length;
    outbox.flush();
    parts.push(read());
    expect(Buffer.compare(Buffer.concat(parts), encodeFrames(taken))).toBe(0);
    expect(added).toBe(taken.length);
    expect([outbox.waiting, budget.used]).toEqual([0, 0]);
    closeSync(near);
  });

  it('takes nothing that the budget of all ports has no room for', () => {
    const { outbox, budget, near } = stage(10_000_000, new BacklogBudget({ budget: 300_000 }));
    expect(fill(outbox, 1000).drop).toBe('budget-full');
    expect(budget.used).toBeLessThanOrEqual(300_000);
    outbox.clear();
    expect(budget.used).toBe(0);
    closeSync(near);
  });

  it('says that nobody is there, and takes nothing from then on', () => {
    const { outbox, budget, near } = stage();
    fill(outbox, 1000);
    closeSync(near);
    outbox.drain();
    expect(outbox.error).toBe('EBADF');
    expect(outbox.add(frameOf(60))).toBe('send-failed');
    expect(budget.used).toBe(0);
  });
});
