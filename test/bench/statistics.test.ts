import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ratiosOf, spreadOf } from '../../bench/harness/statistics.ts';

describe('the spread of a figure', () => {
  it('is its median, least and greatest', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
    expect(spreadOf([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 });
    expect(spreadOf([7])).toEqual({ median: 7, min: 7, max: 7 });
  });

  it('leaves out what is no number, and is undefined when nothing is left', () => {
    expect(spreadOf([NaN, 5, NaN])).toEqual({ median: 5, min: 5, max: 5 });
    expect(spreadOf([NaN])).toBeUndefined();
    expect(spreadOf([])).toBeUndefined();
  });

  it('has as many figures below its median as above', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1 }), (figures) => {
        const median = spreadOf(figures)?.median ?? NaN;
        const below = figures.filter((figure) => figure < median).length;
        const above = figures.filter((figure) => figure > median).length;
        expect(Math.max(below, above)).toBeLessThanOrEqual(figures.length / 2);
      }),
    );
  });
});

describe('the ratios of two sides', () => {
  it('are those of each round, so that what slows a round down slows both', () => {
    expect(ratiosOf([10, 5], [5, 2.5])).toEqual([2, 2]);
  });

  it('leave out rounds that lack a figure, or have nothing to divide by', () => {
    expect(ratiosOf([10, undefined, 6, 4], [5, 5, 0, undefined])).toEqual([2]);
  });
});
