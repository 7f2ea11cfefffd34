import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { reasonWithoutNamespaces } from '../../bench/harness/namespace.ts';
import { Workplace } from '../../bench/harness/workplace.ts';
import { roundsArguments } from '../../bench/shortcuts/arguments.ts';
import { Checker, everyone } from '../../bench/shortcuts/checker.ts';
import { areNear, drawFault, faultKinds, pathDuring, type Fault } from '../../bench/shortcuts/fault.ts';
import { Loop, plantKinds, type PlantKind } from '../../bench/shortcuts/plant.ts';
import { summary, type Round } from '../../bench/shortcuts/rounds.ts';
import { Traffic } from '../../bench/shortcuts/traffic.ts';
import { TwoLans } from '../../bench/shortcuts/two-lans.ts';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { until } from '../e2e/stage.ts';

describe('the rounds of shortcuts', () => {
  it('have options, and refuse those that make no sense', () => {
    expect(roundsArguments([], 7)).toEqual({ rounds: 60, seed: 7, plant: undefined });
    expect(roundsArguments(['--rounds', '3', '--seed', '9', '--plant', 'loop'], 7)).toEqual({ rounds: 3, seed: 9, plant: 'loop' });
    for (const wrong of [
      ['--rounds', '0'],
      ['--seed', '1.5'],
      ['--plant', 'tree'],
    ])
      expect(() => roundsArguments(wrong, 7), wrong.join(' ')).toThrow(wrong[1]);
  });

  it('draw the same faults by the same seed: of all kinds, of all nodes, within a LAN', () => {
    const draw = (): readonly Fault[] => {
      const random = seededRandom(5);
      return Array.from({ length: 300 }, () => drawFault(random));
    };
    const faults = draw();
    expect(draw()).toEqual(faults);
    expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(faultKinds));
    expect([...new Set(faults.map(({ node }) => node))].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    for (const { node, other } of faults) expect(node === 0 || areNear(node, other)).toBe(true);
  });

  it('know which frames have a path', () => {
    const path = (kind: Fault['kind'], node: number, one: number, two: number, isDirect: boolean): string =>
      pathDuring({ kind, node, other: 2, lasts: 100 }, one, two, isDirect);
    // The master is gone: direct flows go on.
    expect(path('kill', 0, 1, 2, true)).toBe('for a while');
    expect(path('stop', 0, 1, 2, false)).toBe('perhaps never');
    expect(path('stop', 0, 4, 0, false)).toBe('perhaps never');
    // A node is: those of others go on.
    expect([path('kill', 1, 1, 2, true), path('pull', 1, 2, 1, true)]).toEqual(['perhaps never', 'perhaps never']);
    expect(path('kill', 1, 2, 3, true)).toBe('always');
    // One way is cut, the other, or both.
    expect([path('lan', 1, 1, 2, true), path('lan', 1, 1, 2, false)]).toEqual(['always', 'always']);
    expect([path('away', 1, 1, 2, true), path('away', 1, 1, 2, false), path('away', 1, 1, 4, false)]).toEqual([
      'for a while',
      'perhaps never',
      'perhaps never',
    ]);
    expect([path('both', 1, 1, 2, true), path('both', 1, 3, 1, true), path('both', 1, 3, 2, false)]).toEqual([
      'perhaps never',
      'for a while',
      'always',
    ]);
    expect([path('island', 1, 3, 2, true), path('island', 1, 3, 5, false), path('island', 1, 4, 5, false)]).toEqual([
      'for a while',
      'perhaps never',
      'always',
    ]);
  });

  it('give the longest gap and the time until all are back', () => {
    const round = (gap: number, back?: number): Round => ({
      fault: { kind: 'lan', node: 1, other: 2, lasts: 100 },
      direct: 6,
      gap,
      back,
    });
    const [lan, away] = summary([round(100, 20), round(300), round(700, 40)]);
    expect(lan).toBe('lan    3 rounds; longest gap with a path: median 300 ms, worst 700 ms; all back after 0.03 s, worst 0.04 s');
    expect(away).toBe('away   none');
  });
});

describe('the checker of shortcuts', () => {
  it('takes each frame once, in order, and misses those that do not come', () => {
    const checker = new Checker(3);
    const first = checker.marks();
    for (const number of [0, 1, 2]) checker.sent(0, 1, number, 0);
    checker.sent(2, everyone, 0, 0);
    const end = checker.marks();
    for (const number of [0, 2]) checker.heard(1, 0, 1, number, 5);
    checker.heard(0, 2, everyone, 0, 5);
    expect(checker.faults).toEqual([]);
    expect(checker.missing(first, end)).toEqual(['from 0 to 1: 1 frames are lost', 'from 2 to all at 1: 1 frames are lost']);
  });

  it('finds frames that come twice, late or back', () => {
    const checker = new Checker(3);
    for (const number of [0, 2, 2, 1, 1]) checker.heard(1, 0, 1, number, 5);
    for (const [at, number] of [
      [1, 0],
      [1, 0],
      [0, 0],
    ] as const)
      checker.heard(at, 0, everyone, number, 5);
    expect(checker.faults).toEqual([
      '0.01 s: from 0 to 1: frame 2 came twice',
      '0.01 s: from 0 to 1: frame 1 came after later ones',
      '0.01 s: from 0 to 1: frame 1 came twice',
      '0.01 s: a loop: broadcast 0 of 0 at 1 came twice',
      '0.01 s: a loop: frame 0 of station 0 came back to it',
    ]);
  });

  it('finds a flow that brings nothing, while it has a path and frames are under way', () => {
    const checker = new Checker(2);
    const flow = checker.flow(0, 1);
    flow.protect(0, Infinity);
    checker.look(5000);
    checker.sent(0, 1, 0, 5000);
    checker.heard(1, 0, 1, 0, 5010);
    checker.look(8000);
    flow.excuse();
    checker.sent(0, 1, 1, 8000);
    checker.look(10_000);
    expect(checker.faults).toEqual([]);
    flow.protect(10_000, Infinity);
    checker.look(11_000);
    expect(checker.faults).toEqual([]);
    checker.heard(1, 0, 1, 1, 11_010);
    checker.look(11_010);
    checker.look(11_020);
    expect(checker.faults).toEqual(['11.01 s: from 0 to 1: nothing comes for 1010 ms, though there is a path']);
    // While the machine has no processor for a node, its frames cannot come.
    checker.sent(0, 1, 2, 12_000);
    checker.starved[1] = 600;
    checker.heard(1, 0, 1, 2, 13_500);
    checker.look(13_500);
    expect([checker.faults.length, flow.worstGap]).toEqual([1, 1010]);
    checker.sent(0, 1, 3, 14_000);
    checker.look(19_010);
    expect(checker.faults.length).toBe(2);
  });

  it('finds each planted fault in a star of processes', { timeout: 180_000 }, async (context) => {
    const reason = reasonWithoutNamespaces('cables');
    if (reason !== undefined) context.skip(reason);
    await using workplace = new Workplace({ ours: fileURLToPath(new URL('../..', import.meta.url)) });
    const star = await TwoLans.open(workplace);
    const words: Readonly<Record<PlantKind, RegExp>> = {
      loop: /a loop: broadcast \d+ of \d at \d came twice/,
      duplicate: /from 1 to \d: frame \d+ came twice/,
      reorder: /from 1 to \d: frame \d+ came after later ones/,
      gap: /from 1 to \d: nothing comes for \d+ ms/,
    };
    for (const plant of plantKinds) {
      using traffic = new Traffic(star.places, { isDense: areNear, plant });
      using _loop = plant === 'loop' ? new Loop(star.node(1).sock, star.node(4).sock) : undefined;
      await traffic.open();
      await until(`the ${plant} is found`, () => traffic.checker.faults.some((fault) => words[plant].test(fault)), 60_000);
    }
  });
});
