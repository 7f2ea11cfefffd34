import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { AttachedPort } from '../../src/impairment/attached-port.ts';
import { sound, type PortCondition } from '../../src/impairment/condition.ts';
import { ImpairedPort } from '../../src/impairment/impaired-port.ts';
import type { ImpairmentDrop } from '../../src/impairment/impairment.ts';
import { newPortCounters, type Port, type Receiver } from '../../src/ports/pure/port.ts';
import { MemoryPort } from '../../src/ports/pure/memory.ts';
import { ManualClock } from '../manual-clock.ts';
import { conforms } from '../ports/conformance.ts';

conforms({
  name: 'a port that is treated badly in no way',
  injects: false,
  farGone: 'closed',
  farSeesDown: 'carrier',
  open(rig) {
    const { breath, clock } = rig.environment;
    const [inner, far] = MemoryPort.pair({ breath, defer: clock.defer });
    const nobody = { lost: () => undefined, idle: () => undefined };
    return Promise.resolve({ port: new ImpairedPort(inner, { clock, breath, random: seededRandom(1), ...nobody }), far });
  },
});

/** A port that a test is both sides of. */
class Wire implements Port {
  readonly module = 'wire';
  readonly description = 'of a test';
  readonly counters = newPortCounters();
  readonly mtu = 1450;
  readonly sent: number[] = [];
  readonly enabled: boolean[] = [];
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

  enable(up: boolean): void {
    this.enabled.push(up);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

class Stage {
  readonly clock = new ManualClock();
  readonly wire = new Wire();
  readonly heard: number[] = [];
  readonly carriers: boolean[] = [];
  readonly lost: ImpairmentDrop[] = [];
  idle = 0;
  readonly port: ImpairedPort;

  constructor(condition: Partial<PortCondition> = {}) {
    this.port = new ImpairedPort(this.wire, {
      clock: this.clock,
      random: seededRandom(1),
      breath: (work) => work(),
      lost: (why) => this.lost.push(why),
      idle: () => this.idle++,
    });
    this.port.condition = { ...sound, ...condition };
    this.idle = 0;
    this.port.attach({
      receive: (frame) => this.heard.push(frame[0] ?? NaN),
      carrier: (up) => this.carriers.push(up),
      closed: () => undefined,
    });
  }

  /** Sends frames out in one breath, each known by its first octet. */
  send(...numbers: readonly number[]): void {
    for (const number of numbers) lend(number, (frame) => this.port.transmit(frame));
    this.port.flush();
  }

  /** Has frames come in. */
  come(...numbers: readonly number[]): void {
    for (const number of numbers) lend(number, (frame) => this.wire.receiver?.receive(frame));
  }
}

function lend(number: number, take: (frame: Uint8Array) => void): void {
  const lent = new Uint8Array(60).fill(number);
  take(lent);
  lent.fill(0xa5);
}

describe('an impaired port', () => {
  it('is late both ways by its delay, and flushes what goes late', () => {
    const stage = new Stage({ impairment: { delay: 10 } });
    stage.send(1);
    stage.come(2);
    stage.clock.advance(9);
    expect([stage.wire.sent, stage.heard]).toEqual([[], []]);
    stage.clock.advance(1);
    expect([stage.wire.sent, stage.heard]).toEqual([[1], [2]]);
  });

  it('counts what it loses, by why', () => {
    const stage = new Stage({ impairment: { loss: 100 } });
    stage.send(1);
    stage.come(2);
    stage.port.condition = { up: true, impairment: { mtu: 59 } };
    stage.send(3);
    expect([stage.wire.sent, stage.heard, stage.lost]).toEqual([[], [], ['loss', 'loss', 'mtu']]);
  });

  it('lets what is under way arrive at once when its impairment changes, in its order, before what comes then', () => {
    const stage = new Stage({ impairment: { bandwidth: 1 } });
    stage.send(1, 2);
    stage.come(3, 4);
    stage.port.condition = { up: true, impairment: { delay: 5 } };
    stage.send(5);
    stage.clock.advance(1);
    expect([stage.wire.sent, stage.heard]).toEqual([
      [1, 2],
      [3, 4],
    ]);
    stage.clock.advance(4);
    expect([stage.wire.sent, stage.lost, stage.idle]).toEqual([[1, 2, 5], [], 0]);
  });

  it('lets no more than 64 frames arrive in a millisecond when it is sound again, and tells when the last one has', () => {
    const stage = new Stage({ impairment: { delay: 3_600_000 } });
    const numbers = Array.from({ length: 150 }, (_, i) => i);
    stage.send(...numbers);
    stage.port.condition = sound;
    stage.send(200);
    const counts = [0, 1, 1, 1].map((step) => {
      stage.clock.advance(step);
      return [stage.wire.sent.length, stage.idle];
    });
    expect(counts).toEqual([
      [64, 0],
      [128, 0],
      [151, 1],
      [151, 1],
    ]);
    expect(stage.wire.sent).toEqual([...numbers, 200]);
    expect([stage.lost, stage.clock.timers]).toEqual([[], 0]);
  });

  it('keeps 16,384 frames and 32 MiB each way at most, and counts the others', () => {
    const stage = new Stage({ impairment: { delay: 1000 } });
    for (let i = 0; i < 16_390; i++) stage.send(1);
    expect(stage.lost).toEqual(new Array(6).fill('full'));
    stage.clock.advance(1000);
    const large = new Uint8Array(65_535);
    for (let i = 0; i < 520; i++) stage.port.transmit(large);
    expect(stage.lost.length).toBe(6 + 520 - Math.floor((32 * 2 ** 20) / 65_535));
  });
});

describe('a port that is down', () => {
  it('carries nothing, counts that, loses what was under way, and its carrier is gone for its switch', () => {
    const stage = new Stage({ impairment: { bandwidth: 1 } });
    stage.send(1);
    stage.come(2);
    stage.port.condition = { up: false, impairment: { bandwidth: 1 } };
    stage.send(3);
    stage.come(4);
    expect([stage.wire.sent, stage.heard, stage.lost]).toEqual([[], [], ['cut', 'cut']]);
    expect(stage.wire.counters.drops['port-down']).toBe(2);
    expect([stage.carriers, stage.wire.enabled]).toEqual([[true, false], [false]]);
    stage.port.condition = sound;
    stage.send(5);
    stage.come(6);
    // Frames that were cut do not hold up later ones.
    expect([stage.wire.sent, stage.heard, stage.idle]).toEqual([[5], [6], 1]);
    expect([stage.carriers, stage.wire.enabled]).toEqual([
      [true, false, true],
      [false, true],
    ]);
  });

  it('is down for its switch whatever its other side does, and afterwards as that is', () => {
    const stage = new Stage({ up: false });
    stage.wire.receiver?.carrier(false);
    stage.wire.receiver?.carrier(true);
    expect(stage.carriers).toEqual([false, false, false]);
    stage.wire.receiver?.carrier(false);
    stage.port.condition = sound;
    expect(stage.carriers.includes(true)).toBe(false);
    stage.wire.receiver?.carrier(true);
    expect(stage.carriers.at(-1)).toBe(true);
  });

  it('has the MTU of the port that it is around', () => {
    const { port, wire } = new Stage({ up: false });
    expect(port.mtu).toBe(1450);
    const attached = new AttachedPort(wire, { clock: new ManualClock(), random: seededRandom(1), breath: (work) => work() });
    expect(attached.mtu).toBe(1450);
  });

  it('says so, and what else is the matter, behind its description', () => {
    const { port } = new Stage({ up: false, impairment: { loss: 1 } });
    expect(port.description).toBe('of a test (impaired) (down)');
    port.condition = sound;
    expect(port.description).toBe('of a test');
  });
});
