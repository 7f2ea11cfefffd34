import { describe, expect, it } from 'vitest';
import { Filter, maxNodes } from '../../../src/companions/wirefilter/filter.ts';
import { parseValue, type Way } from '../../../src/companions/wirefilter/value.ts';
import type { QualityWord } from '../../../src/impairment/impairment.ts';
import { seededRandom } from '../../../src/lab/seeded-random.ts';
import { ManualClock } from '../../manual-clock.ts';

function setUp(): {
  clock: ManualClock;
  filter: Filter;
  heard: string[];
  steps: string[];
  set: (word: QualityWord, text: string) => boolean;
} {
  const [clock, heard, steps]: [ManualClock, string[], string[]] = [new ManualClock(), [], []];
  const filter = new Filter({
    clock,
    random: seededRandom(4),
    breath: (work: () => void) => work(),
    deliver: (way, frame) => heard.push(`${way} ${frame[0] ?? ''}`),
    changed: (node, before) => steps.push(`${before}>${node}`),
  });
  const set = (word: QualityWord, text: string): boolean => {
    const value = parseValue(text);
    return value !== undefined && filter.set(word, value);
  };
  return { clock, filter, heard, steps, set };
}

/** Submits a frame from memory that is overwritten afterwards. */
function lend(filter: Filter, way: Way, number: number, length = 100): void {
  const lent = new Uint8Array(length).fill(number);
  filter.submit(way, lent);
  lent.fill(0xa5);
}

describe('a filter', () => {
  it('lets all pass at once where nothing is set', () => {
    const { clock, filter, heard } = setUp();
    lend(filter, 'LR', 1);
    lend(filter, 'RL', 2);
    expect([heard, clock.timers]).toEqual([['LR 1', 'RL 2'], 0]);
  });

  it('has values for each way, and each way has its own order', () => {
    const { clock, filter, heard, set } = setUp();
    set('delay', 'LR1000');
    lend(filter, 'LR', 1);
    lend(filter, 'RL', 2);
    set('delay', 'LR 0');
    // It waits for the first one: frames stay in their order.
    lend(filter, 'LR', 3);
    expect([heard, filter.waiting('LR'), filter.waiting('RL')]).toEqual([['RL 2'], { frames: 2, octets: 200 }, { frames: 0, octets: 0 }]);
    filter.fifo = false;
    lend(filter, 'LR', 4);
    clock.advance(1);
    expect(heard).toEqual(['RL 2', 'LR 4']);
    clock.advance(999);
    expect(heard).toEqual(['RL 2', 'LR 4', 'LR 1', 'LR 3']);
  });

  it('loses what is too long, and counts what it loses by why; 0 does nothing', () => {
    const { filter, heard, set } = setUp();
    set('mtu', 'LR100');
    lend(filter, 'LR', 1, 101);
    lend(filter, 'LR', 2, 100);
    set('loss', 'RL100');
    lend(filter, 'RL', 3);
    expect([heard, [...filter.lost.LR], [...filter.lost.RL]]).toEqual([['LR 2'], [['mtu', 1]], [['loss', 1]]]);
    for (const word of ['mtu', 'loss', 'speed', 'bandwidth', 'capacity', 'dup', 'noise', 'lostburst'] as const) set(word, '0');
    lend(filter, 'LR', 4, 9000);
    expect(heard).toEqual(['LR 2', 'LR 4']);
  });

  it.each([
    ['LR', 'RL'],
    ['RL', 'LR'],
  ] as const)('tells until when %s is busy, from its first frame on', (way, other) => {
    const { clock, filter, heard, set } = setUp();
    set('speed', `${way}1000`);
    lend(filter, way, 1);
    expect([filter.busyUntil(way) - clock.monotonic(), filter.busyUntil(other) > clock.monotonic()]).toEqual([100, false]);
    clock.advance(99);
    expect(heard).toEqual([]);
    clock.advance(1);
    expect(heard).toEqual([`${way} 1`]);
  });

  it('has as many nodes as it is told, each with its values, and goes from one to another by lot', () => {
    const { clock, filter, heard, steps, set } = setUp();
    expect([set('loss', '100[1]'), filter.resize(2), set('loss', '100[1]')]).toEqual([false, true, true]);
    expect([filter.setEdge(0, 1, 100), filter.setEdge(1, 0, 100), filter.setTime(50)]).toEqual([true, true, true]);
    lend(filter, 'LR', 1);
    clock.advance(50);
    lend(filter, 'LR', 2);
    clock.advance(50);
    lend(filter, 'LR', 3);
    expect([heard, steps]).toEqual([
      ['LR 1', 'LR 3'],
      ['0>1', '1>0'],
    ]);
    expect([filter.moveTo(1), filter.current, filter.moveTo(2)]).toEqual([true, 1, false]);
    lend(filter, 'LR', 4);
    expect(heard).toEqual(['LR 1', 'LR 3']);
    // With one node left nothing is drawn any more, and that one rules.
    expect([filter.resize(1), filter.current, clock.timers]).toEqual([true, 0, 0]);
    lend(filter, 'LR', 5);
    expect(heard).toEqual(['LR 1', 'LR 3', 'LR 5']);
    expect([filter.resize(2), filter.amount('loss', 'LR', 1).mean, filter.edge(0, 1)]).toEqual([true, 0, 0]);
  });

  it('refuses what makes no sense', () => {
    const { filter, set } = setUp();
    filter.resize(3);
    expect([filter.resize(0), filter.resize(maxNodes + 1), filter.resize(NaN)]).toEqual([false, false, false]);
    expect([filter.setTime(0), filter.setTime(-1), filter.setTime(2 ** 31), filter.setTime(NaN)]).toEqual([false, false, false, false]);
    expect([filter.setEdge(0, 3, 1), filter.setEdge(0, 1, -1), filter.setEdge(0, 1, 101)]).toEqual([false, false, false]);
    expect([filter.setEdge(0, 1, 60), filter.setEdge(0, 2, 50), filter.setEdge(0, 1, 50), filter.setEdge(0, 2, 50)]).toEqual([
      true,
      false,
      true,
      true,
    ]);
    expect([filter.edge(0, 0), filter.nodes.length]).toEqual([0, 3]);
    expect([set('dup', '100'), set('dup', '99'), set('delay', '5[3]')]).toEqual([false, true, false]);
  });

  it('forgets all when it is disposed', () => {
    const { clock, filter, heard, set } = setUp();
    filter.resize(2);
    set('delay', '10');
    lend(filter, 'LR', 1);
    filter[Symbol.dispose]();
    clock.advance(1000);
    expect([heard, clock.timers]).toEqual([[], 0]);
  });
});
