import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { ImpairedPort } from '../../src/ports/impaired-port.ts';
import { newPortCounters, type Port, type Receiver } from '../../src/ports/port.ts';
import { MemoryPort } from '../../src/ports/memory.ts';
import { ManualClock } from '../manual-clock.ts';
import { conforms } from './conformance.ts';

conforms({
  name: 'a port that is treated badly in no way',
  injects: false,
  farGone: 'closed',
  open(rig) {
    const { breath, clock } = rig.environment;
    const [inner, far] = MemoryPort.pair({ breath, defer: clock.defer });
    return Promise.resolve({ port: new ImpairedPort(inner, { clock, breath, random: seededRandom(1) }), far });
  },
});

/** A port that a test is both sides of. */
class Wire implements Port {
  readonly module = 'wire';
  readonly description = 'of a test';
  readonly counters = newPortCounters();
  readonly sent: number[] = [];
  receiver: Receiver | undefined;
  #taken: number[] = [];

  attach(receiver: Receiver): void {
    this.receiver = receiver;
    receiver.carrier(true);
  }

  transmit(frame: Uint8Array): void {
    this.#taken.push(frame[0] ?? NaN);
  }

  flush(): void {
    this.sent.push(...this.#taken.splice(0));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

function setUp(): { clock: ManualClock; wire: Wire; port: ImpairedPort; heard: number[]; carriers: boolean[] } {
  const [clock, wire, heard, carriers]: [ManualClock, Wire, number[], boolean[]] = [new ManualClock(), new Wire(), [], []];
  const port = new ImpairedPort(wire, { clock, random: seededRandom(1), breath: (work) => work() });
  port.attach({
    receive: (frame) => heard.push(frame[0] ?? NaN),
    carrier: (up) => carriers.push(up),
    closed: () => undefined,
  });
  return { clock, wire, port, heard, carriers };
}

function lend(number: number, take: (frame: Uint8Array) => void): void {
  const lent = new Uint8Array(60).fill(number);
  take(lent);
  lent.fill(0xa5);
}

describe('an impaired port', () => {
  it('treats what goes out and what comes in each by its own rules, and flushes what goes late', () => {
    const { clock, wire, port, heard } = setUp();
    port.out.add({ kind: 'quality', quality: { delay: 10 } });
    port.in.add({ kind: 'quality', quality: { loss: 100 } });
    lend(1, (frame) => port.transmit(frame));
    port.flush();
    lend(2, (frame) => wire.receiver?.receive(frame));
    expect(wire.sent).toEqual([]);
    clock.advance(10);
    expect([wire.sent, heard]).toEqual([[1], []]);
    expect([...port.lost]).toEqual([['loss', 1]]);
  });

  it('fails so that all notice, loses what was on its way, and is there again', () => {
    const { clock, wire, port, heard, carriers } = setUp();
    port.out.add({ kind: 'quality', quality: { delay: 10 } });
    lend(1, (frame) => port.transmit(frame));
    const failure = port.fail();
    lend(2, (frame) => port.transmit(frame));
    lend(3, (frame) => wire.receiver?.receive(frame));
    clock.advance(100);
    failure[Symbol.dispose]();
    lend(4, (frame) => wire.receiver?.receive(frame));
    lend(5, (frame) => port.transmit(frame));
    clock.advance(10);
    expect([wire.sent, heard, carriers]).toEqual([[5], [4], [true, false, true]]);
    expect([...port.lost]).toEqual([['cut', 1]]);
  });

  it('flaps until that ends, and is up then', () => {
    const { clock, port, carriers } = setUp();
    const flapping = port.flap({ up: 100, down: 20 });
    clock.advance(125);
    flapping[Symbol.dispose]();
    clock.advance(1000);
    expect(carriers).toEqual([true, false, true, false, true]);
    expect(clock.timers).toBe(0);
    expect(() => port.flap({ up: 0, down: 5 })).toThrow('up and down for more than 0 ms');
  });
});
