import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { MarkovChain } from '../../src/impairment/markov-chain.ts';
import { ManualClock } from '../manual-clock.ts';

function setUp(): { clock: ManualClock; chain: MarkovChain; steps: string[] } {
  const [clock, steps]: [ManualClock, string[]] = [new ManualClock(), []];
  const chain = new MarkovChain({ clock, random: seededRandom(3), changed: (node, before) => void steps.push(`${before}>${node}`) });
  return { clock, chain, steps };
}

describe('a chain of states', () => {
  it('rests until it is run, and goes on as often as it is said to', () => {
    const { clock, chain, steps } = setUp();
    chain.setEdge(0, 1, 100);
    chain.setEdge(1, 0, 100);
    clock.advance(1000);
    expect([steps, clock.timers]).toEqual([[], 0]);
    chain.run(100);
    clock.advance(250);
    expect([steps, chain.node]).toEqual([['0>1', '1>0'], 0]);
    chain.run(10);
    clock.advance(10);
    expect([steps.length, chain.node, clock.timers]).toEqual([3, 1, 1]);
    chain[Symbol.dispose]();
    clock.advance(1000);
    expect([steps.length, clock.timers]).toEqual([3, 0]);
  });

  it('is in its states as often as the ways between them say', () => {
    const { clock, chain, steps } = setUp();
    chain.setEdge(0, 1, 10);
    chain.setEdge(1, 0, 30);
    chain.run(1);
    let bad = 0;
    for (let n = 0; n < 40_000; n++) {
      clock.advance(1);
      bad += chain.node;
    }
    // 10 / (10 + 30)
    expect(Math.abs(bad / 40_000 - 0.25)).toBeLessThan(0.03);
    expect(steps.length).toBeGreaterThan(4000);
  });

  it('stays with what no way takes, and can be moved', () => {
    const { chain } = setUp();
    chain.setEdge(0, 1, 30);
    chain.setEdge(0, 2, 20);
    expect([chain.edge(0, 0), chain.edge(0, 1), chain.edge(1, 1), chain.edge(1, 0)]).toEqual([50, 30, 100, 0]);
    chain.setEdge(0, 1, 0);
    expect(chain.edge(0, 0)).toBe(80);
    chain.moveTo(2);
    expect(chain.node).toBe(2);
  });

  it('forgets states that are there no more, and all ways to them', () => {
    const { clock, chain, steps } = setUp();
    chain.setEdge(0, 2, 100);
    chain.setEdge(2, 0, 100);
    chain.moveTo(2);
    chain.cut(2);
    expect([chain.node, chain.edge(0, 2), chain.edge(0, 0), chain.edge(2, 0)]).toEqual([0, 0, 100, 0]);
    chain.run(1);
    clock.advance(10);
    expect(steps).toEqual([]);
  });
});
