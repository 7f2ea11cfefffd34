import { describe, expect, it } from 'vitest';
import type { BenchmarkResult, CaseResult } from '../../bench/harness/results.ts';
import { tableOf } from '../../bench/harness/table.ts';

const oneCase: CaseResult = {
  name: 'unicast',
  ours: [
    { perProcessorSecond: 400_000, lost: 0 },
    { perProcessorSecond: 600_000, lost: 0 },
  ],
  peer: [
    { perProcessorSecond: 200_000, lost: 1 },
    { perProcessorSecond: 400_000, lost: 3 },
  ],
  ratioGoals: { perProcessorSecond: { want: 'at-least', goal: 2, floor: 1.5 } },
  ownGoals: {},
};

const result: BenchmarkResult = { name: 'x', work: 'works', peer: 'a peer', skipped: undefined, cases: [oneCase], commonGoals: [] };

describe('the table of a benchmark', () => {
  it('has a line for each figure, with medians, extremes, the ratio and the verdict', () => {
    const [title, frames, lost] = tableOf(result);
    expect(title).toBe('x: works; peer: a peer');
    expect(frames?.replace(/ +/g, ' ').trim()).toBe(
      'frames per switch-CPU-second ours 500 k (400 k .. 600 k) peer 300 k (200 k .. 400 k) ratio 1.75 (1.50 .. 2.00) FLOOR: goal >= 2 (floor 1.5)',
    );
    expect(lost?.replace(/ +/g, ' ').trim()).toBe('lost [%] ours 0.000 (0.000 .. 0.000) peer 2.000 (1.000 .. 3.000)');
  });

  it('says that the peer was skipped, and why, and judges no ratio then', () => {
    const lines = tableOf({ ...result, skipped: 'the peer is not here', cases: [{ ...oneCase, peer: [] }] });
    expect(lines[1]).toBe('  SKIPPED: the peer is not here');
    expect(lines.join('\n')).not.toMatch(/ratio|goal|peer -/);
  });

  it('shows nothing of cases that were not run', () => {
    const lines = tableOf({ ...result, skipped: 'this machine has no qemu', cases: [{ ...oneCase, ours: [], peer: [] }] });
    expect(lines).toHaveLength(2);
  });

  it('judges what several cases have in common', () => {
    const commonGoals = [
      {
        title: 'spread',
        goal: { want: 'at-most', goal: 1.1 },
        figure: (ours: (name: string, figure: 'perProcessorSecond') => number | undefined) => ours('unicast', 'perProcessorSecond'),
      },
    ] as const;
    expect(tableOf({ ...result, commonGoals }).at(-1)).toBe('  spread: 500000   NOT MET: goal <= 1.1');
  });
});
