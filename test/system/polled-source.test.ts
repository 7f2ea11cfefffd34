import { describe, expect, it, onTestFinished } from 'vitest';
import { ReceiveRing, SendBatch } from '../../src/system/datagrams.ts';
import { openLoop } from '../../src/system/loop.ts';
import type { PolledSource } from '../../src/system/readiness.ts';
import { frameOf } from '../ports/rig.ts';
import { datagramPair } from './sockets.ts';

/** A ring that is filled by the test, and notifies of what comes while it is armed. */
class Ring implements PolledSource {
  readonly handled: number[] = [];
  arms = 0;
  polls = 0;
  /** Called when the ring is armed, before it looks once more. */
  armed: () => void = () => undefined;
  readonly #items: number[] = [];
  readonly #kick: () => void;
  #isArmed = false;

  constructor(kick: () => void) {
    this.#kick = kick;
  }

  put(...items: readonly number[]): void {
    this.#items.push(...items);
    if (this.#isArmed) this.#kick();
    this.#isArmed = false;
  }

  poll(): boolean {
    this.polls++;
    const some = this.#items.splice(0, 4);
    this.handled.push(...some);
    return some.length > 0;
  }

  arm(): boolean {
    this.arms++;
    this.armed();
    this.#isArmed = this.#items.length === 0;
    return !this.#isArmed;
  }
}

/** Returns a loop with such a ring, and the breaths in which it ran. */
function polling(): { ring: Ring; breaths: () => number; source: Disposable; until: (isSo: () => boolean) => Promise<void> } {
  let breaths = 0;
  const loop = openLoop({
    frameSize: 100,
    breath: (work) => {
      breaths++;
      work();
    },
  });
  const [near, far] = datagramPair();
  const [own, batch] = [new ReceiveRing(100), new SendBatch(new ReceiveRing(100))];
  const ring = new Ring(() => void batch.send(near, [frameOf(60)], 0));
  const watch = loop.readiness.watch(far, { readable: true, writable: false }, () => {
    own.rewind(1);
    own.receive(far);
  });
  const source = loop.poll(ring);
  onTestFinished(() => {
    source[Symbol.dispose]();
    watch[Symbol.dispose]();
  });
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await new Promise(setImmediate);
  };
  return { ring, breaths: () => breaths, source, until };
}

describe('a source that is polled', () => {
  it('is polled at once, and armed before the loop sleeps', async () => {
    const { ring, until, breaths } = polling();
    ring.put(1, 2, 3, 4, 5);
    await until(() => ring.arms > 0);
    expect(ring.handled).toEqual([1, 2, 3, 4, 5]);
    expect(breaths()).toBeGreaterThanOrEqual(3);
  });

  it('sleeps once it is armed, and is woken by its notification', async () => {
    const { ring, until } = polling();
    await until(() => ring.arms > 0);
    const { polls } = ring;
    for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate);
    expect(ring.polls).toBe(polls);
    ring.put(7);
    await until(() => ring.handled.length > 0);
    expect(ring.handled).toEqual([7]);
  });

  it('is polled again without a notification when something came while it was armed', async () => {
    const { ring, until } = polling();
    ring.armed = () => {
      ring.armed = () => undefined;
      ring.put(9);
    };
    await until(() => ring.arms > 1);
    expect(ring.handled).toEqual([9]);
  });

  it("leaves turns to Node's own event loop while it has more than a turn takes", async () => {
    const { ring, until } = polling();
    const item = { turns: 0 };
    ring.armed = () => ring.put(1);
    await until(() => ++item.turns > 20);
    expect(ring.handled.length).toBeGreaterThan(20);
    ring.armed = () => undefined;
    const { arms } = ring;
    await until(() => ring.arms > arms);
  });

  it('is polled no more once it is disposed', async () => {
    const { ring, source, until } = polling();
    await until(() => ring.arms > 0);
    source[Symbol.dispose]();
    const { polls } = ring;
    ring.put(1);
    for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate);
    expect([ring.polls, ring.handled]).toEqual([polls, []]);
  });
});
