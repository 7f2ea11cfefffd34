import { describe, expect, it } from 'vitest';
import { MemoryPort } from '../../../src/ports/pure/memory.ts';
import { conforms } from '../conformance.ts';
import { collect, frameOf, Rig } from '../rig.ts';

function cable(rig: Rig): [MemoryPort, MemoryPort] {
  const { breath, clock } = rig.environment;
  return MemoryPort.pair({ breath, defer: clock.defer });
}

conforms({
  name: 'a cable in memory',
  injects: false,
  farGone: 'closed',
  farSeesDown: 'carrier',
  open(rig) {
    const [port, far] = cable(rig);
    return Promise.resolve({ port, far });
  },
});

describe('a cable in memory', () => {
  it('delivers nothing within the call that sent it', async () => {
    const rig = new Rig();
    const [a, b] = cable(rig);
    const there = collect(b);
    rig.send(a, frameOf(60));
    expect(there.frames).toEqual([]);
    await there.count(1);
  });

  it('delivers nothing after it said that the other end was closed', async () => {
    const rig = new Rig();
    const [a, b] = cable(rig);
    const there = collect(b);
    rig.send(a, frameOf(60));
    await a[Symbol.asyncDispose]();
    expect(there.reason).toBeDefined();
    await new Promise(setImmediate);
    expect(there.frames).toEqual([]);
  });

  it('delivers no more once it was closed by who receives, however much waits', async () => {
    const rig = new Rig();
    const [a, b] = cable(rig);
    const there = collect(b, () => void b[Symbol.asyncDispose]());
    rig.send(a, ...Array.from({ length: 100 }, () => frameOf(1500)));
    await there.count(1);
    await new Promise(setImmediate);
    expect(there.frames.length).toBe(1);
  });
});
