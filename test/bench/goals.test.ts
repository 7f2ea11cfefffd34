import { describe, expect, it } from 'vitest';
import { goalText, verdictOf } from '../../bench/harness/goals.ts';

describe('a verdict', () => {
  const more = { want: 'at-least', goal: 2, floor: 1.5 } as const;
  const less = { want: 'at-most', goal: 1, floor: 1.15 } as const;

  it('is met at the goal itself, and beyond', () => {
    expect([2, 3].map((figure) => verdictOf(figure, more))).toEqual(['met', 'met']);
    expect([1, 0.2].map((figure) => verdictOf(figure, less))).toEqual(['met', 'met']);
  });

  it('is floor between the floor and the goal', () => {
    expect([1.5, 1.99].map((figure) => verdictOf(figure, more))).toEqual(['floor', 'floor']);
    expect([1.15, 1.01].map((figure) => verdictOf(figure, less))).toEqual(['floor', 'floor']);
  });

  it('is not met below the floor, without a floor below the goal, and without a figure', () => {
    expect(verdictOf(1.49, more)).toBe('not met');
    expect(verdictOf(1.16, less)).toBe('not met');
    expect(verdictOf(1.99, { want: 'at-least', goal: 2 })).toBe('not met');
    expect(verdictOf(undefined, more)).toBe('not met');
    expect(verdictOf(NaN, less)).toBe('not met');
  });

  it('says what it is measured by', () => {
    expect(goalText(more)).toBe('>= 2 (floor 1.5)');
    expect(goalText({ want: 'at-most', goal: 0.5 })).toBe('<= 0.5');
  });
});
