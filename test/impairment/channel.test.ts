import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { Channel, type ImpairmentRule } from '../../src/impairment/channel.ts';
import type { Quality } from '../../src/impairment/impairment.ts';
import { ManualClock } from '../manual-clock.ts';

class Line {
  readonly clock = new ManualClock();
  readonly delivered: { readonly time: number; readonly frame: Uint8Array }[] = [];
  readonly lost: { readonly why: string; readonly frame: Uint8Array }[] = [];
  readonly channel: Channel;
  readonly #begun = this.clock.monotonic();

  constructor(...rules: readonly ImpairmentRule[]) {
    this.channel = new Channel({
      clock: this.clock,
      random: seededRandom(7),
      deliver: (frame) => this.delivered.push({ time: this.clock.monotonic() - this.#begun, frame: frame.slice() }),
      dropped: (frame, why) => this.lost.push({ why, frame }),
    });
    for (const rule of rules) this.channel.add(rule);
  }

  send(length = 60, number = 0): void {
    const lent = new Uint8Array(length).fill(number);
    this.channel.submit(lent);
    lent.fill(0xa5);
  }

  get numbers(): (number | undefined)[] {
    return this.delivered.map(({ frame }) => frame[0]);
  }

  get times(): number[] {
    return this.delivered.map(({ time }) => time);
  }
}

function quality(of: Quality): ImpairmentRule {
  return { kind: 'quality', quality: of };
}

/** Returns the share of frames that come through, and how long the losses in a row are on average. */
function losses(line: Line, count: number): { share: number; burst: number } {
  let [bursts, before] = [0, 0];
  for (let n = 0; n < count; n++) {
    const lost = line.lost.length;
    line.send();
    const isLost = line.lost.length > lost ? 1 : 0;
    if (isLost > before) bursts++;
    before = isLost;
  }
  return { share: line.lost.length / count, burst: line.lost.length / bursts };
}

describe('a channel', () => {
  it('only delivers while it has no rules', () => {
    const line = new Line();
    expect(line.channel.idle).toBe(true);
    line.send(60, 1);
    expect(line.numbers).toEqual([1]);
  });

  it('loses as many as it is said to, by lot', () => {
    const { share, burst } = losses(new Line(quality({ loss: 20 })), 50_000);
    expect(share).toBeCloseTo(0.2, 1);
    expect(burst).toBeCloseTo(1 / 0.8, 1);
    expect(losses(new Line(quality({ loss: 100 })), 100).share).toBe(1);
  });

  it('loses as many in a row as it is said to, and the same share', () => {
    const { share, burst } = losses(new Line(quality({ loss: 20, lostburst: 10 })), 200_000);
    expect(share).toBeGreaterThan(0.18);
    expect(share).toBeLessThan(0.22);
    expect(burst).toBeGreaterThan(9);
    expect(burst).toBeLessThan(11);
  });

  it('repeats frames, and what was repeated again', () => {
    const line = new Line(quality({ dup: 50 }));
    for (let n = 0; n < 20_000; n++) line.send();
    // 1 + 1/2 + 1/4 + ...
    expect(line.delivered.length / 20_000).toBeCloseTo(2, 1);
  });

  it('drops what is longer than its MTU', () => {
    const line = new Line(quality({ mtu: 100 }));
    for (const length of [99, 100, 101]) line.send(length);
    expect([line.delivered.length, line.lost.map(({ why }) => why)]).toEqual([2, ['mtu']]);
  });

  it('delays within bounds, keeps the order unless told otherwise, and has one timer', () => {
    const jitter: Quality = { delay: { mean: 50, spread: 40 } };
    const [ordered, free] = [new Line(quality(jitter)), new Line(quality({ ...jitter, fifo: false }))];
    for (const line of [ordered, free]) {
      for (let n = 0; n < 100; n++) line.send(60, n);
      expect(line.clock.timers).toBe(1);
      line.clock.advance(9);
      expect(line.delivered).toEqual([]);
      line.clock.advance(82);
      expect(line.delivered.length).toBe(100);
    }
    expect(ordered.numbers).toEqual(Array.from({ length: 100 }, (_, n) => n));
    expect(free.numbers).not.toEqual(ordered.numbers);
    expect(Math.min(...free.times)).toBeLessThan(20);
  });

  it('spreads normally, with a third of the spread as deviation', () => {
    const line = new Line(quality({ delay: { mean: 500, spread: 90, distribution: 'normal' }, fifo: false }));
    for (let n = 0; n < 10_000; n++) line.send();
    line.clock.advance(1000);
    const mean = line.times.reduce((sum, time) => sum + time, 0) / 10_000;
    const deviation = Math.sqrt(line.times.reduce((sum, time) => sum + (time - mean) ** 2, 0) / 10_000);
    expect(Math.abs(mean - 500)).toBeLessThan(2);
    expect(Math.abs(deviation - 30)).toBeLessThan(2);
  });

  it.each<[string, Quality, number[]]>([
    ['a bandwidth', { bandwidth: 1000 }, [100, 200, 300]],
    ['a speed', { speed: 1000 }, [100, 200, 300]],
    ['a bandwidth and a delay', { bandwidth: 1000, delay: 50 }, [150, 250, 350]],
    ['a bandwidth behind a speed', { bandwidth: 500, speed: 1000 }, [300, 500, 700]],
  ])('lets frames wait for each other on %s', (_, of, times) => {
    const line = new Line(quality(of));
    for (let n = 0; n < 3; n++) line.send(100);
    line.clock.advance(1000);
    expect(line.times).toEqual(times);
  });

  it('holds so many octets, and loses what is more', () => {
    const line = new Line(quality({ bandwidth: 1000, capacity: 250 }));
    for (let n = 0; n < 3; n++) line.send(100, n);
    expect(line.lost.map(({ why }) => why)).toEqual(['capacity']);
    line.clock.advance(100);
    line.send(100, 3);
    line.clock.advance(1000);
    expect(line.numbers).toEqual([0, 1, 3]);
  });

  it('flips as many bits as it is said to, in a copy', () => {
    const replaced: Uint8Array[] = [];
    let flips = 0;
    const channel = new Channel({
      clock: new ManualClock(),
      random: seededRandom(3),
      lent: false,
      deliver: (frame) => (flips += frame.reduce((sum, octet) => sum + octet.toString(2).replaceAll('0', '').length, 0)),
      replaced: (frame) => replaced.push(frame),
    });
    channel.add(quality({ noise: 1000 }));
    const frame = new Uint8Array(1024);
    for (let n = 0; n < 10_240; n++) channel.submit(frame);
    expect(frame.every((octet) => octet === 0)).toBe(true);
    expect(flips / 10_000).toBeCloseTo(1, 1);
    expect(replaced.length).toBeGreaterThan(5000);
  });

  it('is for the frames that match, and others pass them by', () => {
    const line = new Line(
      { kind: 'filter', match: (frame) => frame[0] === 1 },
      { ...quality({ delay: 10 }), match: (frame) => frame[0] === 2 },
    );
    for (const number of [1, 2, 3]) line.send(60, number);
    line.clock.advance(10);
    expect(line.numbers).toEqual([3, 2]);
    expect(line.lost.map(({ why }) => why)).toEqual(['filtered']);
  });

  it('changes between states as often as it is said to', () => {
    const changes: number[] = [];
    const nodes = [{ quality: {} }, { quality: { loss: 100 } }];
    const edges = [
      { from: 0, to: 1, percent: 10 },
      { from: 1, to: 0, percent: 30 },
    ];
    const line = new Line({ kind: 'markov', markov: { nodes, edges, time: 10, changed: (node) => changes.push(node) } });
    for (let n = 0; n < 40_000; n++) {
      line.send();
      line.clock.advance(10);
    }
    // In the second state for 10 / (10 + 30) of the time.
    expect(line.lost.length / 40_000).toBeCloseTo(0.25, 1);
    expect(changes.slice(0, 3)).toEqual([1, 0, 1]);
  });

  it('holds frames back, and lets them go in their order through what comes behind', () => {
    const line = new Line();
    const hold = line.channel.add({ kind: 'hold' });
    line.channel.add(quality({ delay: 5 }));
    for (let n = 0; n < 3; n++) line.send(60, n);
    line.clock.advance(1000);
    expect([line.delivered.length, line.channel.delayed]).toEqual([0, 0]);
    hold[Symbol.dispose]();
    hold[Symbol.dispose]();
    line.send(60, 3);
    line.clock.advance(5);
    expect(line.numbers).toEqual([0, 1, 2, 3]);
  });

  it('holds a bounded number', () => {
    const line = new Line({ kind: 'hold' });
    for (let n = 0; n < 20_000; n++) line.send();
    expect(new Set(line.lost.map(({ why }) => why))).toEqual(new Set(['full']));
    expect(line.lost.length).toBe(20_000 - 16_384);
  });

  it.each<[string, Quality]>([
    ['loss cannot be 101', { loss: 101 }],
    ['`dup` cannot be 100', { dup: 100 }],
    ['delay cannot be -1', { delay: -1 }],
    ['bandwidth cannot be 0', { bandwidth: 0 }],
    ['delay cannot be 5 ± NaN', { delay: { mean: 5, spread: NaN } }],
  ])('refuses what makes no sense: %s', (message, of) => {
    expect(() => new Line().channel.add(quality(of))).toThrow(message);
  });

  it('loses nothing without saying so, and delivers nothing twice that it does not repeat, whatever rules come and go', () => {
    const rule = fc.oneof(
      fc.record({
        kind: fc.constant('quality'),
        quality: fc.record({ loss: fc.nat(99), delay: fc.nat(50), bandwidth: fc.integer({ min: 100, max: 10_000 }) }),
      }),
      fc.record({ kind: fc.constant('quality'), quality: fc.record({ capacity: fc.nat(500), delay: fc.nat(50), fifo: fc.boolean() }) }),
      fc.constant({ kind: 'hold' }),
    ) as fc.Arbitrary<ImpairmentRule>;
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.constant('send' as const) },
      { weight: 2, arbitrary: rule },
      { weight: 2, arbitrary: fc.record({ end: fc.nat(9) }) },
      { weight: 2, arbitrary: fc.record({ wait: fc.nat(40) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const line = new Line();
        const rules: Disposable[] = [];
        let sent = 0;
        for (const one of steps) {
          if (one === 'send') line.send(60, sent++);
          else if ('end' in one) rules[one.end]?.[Symbol.dispose]();
          else if ('wait' in one) line.clock.advance(one.wait);
          else rules.push(line.channel.add(one));
        }
        for (const one of rules) one[Symbol.dispose]();
        line.clock.advance(100_000);
        const seen = [...line.numbers, ...line.lost.map(({ frame }) => frame[0])].map(Number);
        expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: sent }, (_, n) => n % 256));
        expect([line.channel.idle, line.channel.delayed, line.clock.timers]).toEqual([true, 0, 0]);
      }),
      { numRuns: 300 },
    );
  });

  it('forgets its timers when it is disposed', () => {
    const line = new Line(quality({ delay: 50 }), { kind: 'markov', markov: { nodes: [{ quality: {} }], edges: [] } });
    line.send();
    line.channel[Symbol.dispose]();
    expect(line.clock.timers).toBe(0);
  });
});
