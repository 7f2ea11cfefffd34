import { describe, expect, it } from 'vitest';
import { formatNumber, formatSpread, parseValue } from '../../../src/companions/wirefilter/value.ts';

/** Ways, node and amount, or undefined. */
function read(text: string): string | undefined {
  const value = parseValue(text);
  return value && `${value.ways.join('+')} ${value.node} ${formatSpread(value.amount)}`;
}

describe('the values of wirefilter', () => {
  it.each([
    ['5', 'LR+RL 0 5+0U'],
    ['.5', 'LR+RL 0 0.5+0U'],
    ['+5', 'LR+RL 0 5+0U'],
    ['1e2', 'LR+RL 0 100+0U'],
    ['0x10', 'LR+RL 0 16+0U'],
    ['LR5', 'LR 0 5+0U'],
    ['RL 20.5', 'RL 0 20.5+0U'],
    ['5+2N', 'LR+RL 0 5+2N'],
    ['5n', 'LR+RL 0 5+0N'],
    ['50+10kn', 'LR+RL 0 51200+10240N'],
    ['2.5g', 'LR+RL 0 2.68435e+09+0U'],
    ['5kk', 'LR+RL 0 5120+0U'],
    ['5nk', 'LR+RL 0 5120+0U'],
    ['30[1]', 'LR+RL 1 30+0U'],
    ['LR6 [ 12 ]', 'LR 12 6+0U'],
    ['5+3[2]k', 'LR+RL 2 5120+3072U'],
    // Suffixes that people write, and how the original reads them.
    ['5%', 'LR+RL 0 5+0U'],
    ['100ms', 'LR+RL 0 100+0U'],
    ['5 6', 'LR+RL 0 5+0U'],
    ['5+2 k n', 'LR+RL 0 5+2N'],
    // Each number with a factor of its own.
    ['1M+64KN', 'LR+RL 0 1.04858e+06+65536N'],
    ['10k+5', 'LR+RL 0 10240+5U'],
  ])('%s is %s', (text, expected) => expect(read(text)).toBe(expected));

  it.each(['', 'abc', '-5', 'LR', 'XX5', 'lr7', 'Lr8', '5+-3', '5[', '5[x]', '5[-1]', '5[1][2]', '1e999', 'inf', 'nan'])(
    '%j is none',
    (text) => expect(read(text)).toBe(undefined),
  );

  it('numbers are printed as C prints them', () => {
    const numbers = [0, 1e30, 1e-7, 123456789, 0.1, 100000, 999999, 1e6, 999999.5, 0.0001, 0.00001, 66.667, 1500.5, 2 ** 20, -5];
    const printed = '0 1e+30 1e-07 1.23457e+08 0.1 100000 999999 1e+06 1e+06 0.0001 1e-05 66.667 1500.5 1.04858e+06 -5';
    expect(numbers.map(formatNumber).join(' ')).toBe(printed);
  });
});
