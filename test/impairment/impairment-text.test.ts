import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAmount, formatMarkov, formatQuality, parseAmount, parseMarkov, parseQuality } from '../../src/impairment/impairment-text.ts';
import type { Amount, Quality } from '../../src/impairment/impairment.ts';

describe('impairments in text', () => {
  it.each<[string, Amount | undefined]>([
    ['5', 5],
    ['0.5', 0.5],
    ['20+5', { mean: 20, spread: 5, distribution: 'uniform' }],
    ['20+5n', { mean: 20, spread: 5, distribution: 'normal' }],
    ['2k', 2048],
    ['1+1M', { mean: 1048576, spread: 1048576, distribution: 'uniform' }],
    ['-5', undefined],
    ['5x', undefined],
    ['', undefined],
    ['5+', undefined],
  ])('the amount %s', (text, amount) => expect(parseAmount(text)).toEqual(amount));

  it('a quality is read word by word', () => {
    expect(parseQuality('loss 5, delay 20+5n, band 1m, chanbufsize 64k, fifo 0')).toEqual({
      loss: 5,
      bandwidth: 2 ** 20,
      capacity: 2 ** 16,
      fifo: false,
      delay: { mean: 20, spread: 5, distribution: 'normal' },
    });
  });

  it.each([
    ['lost 5', /"lost 5" is not an impairment; write it as .* with any of mtu, loss, /],
    ['loss', /"loss" is not an impairment/],
    ['loss 5 6', /"loss 5 6" is not an impairment/],
    ['loss 500', /loss cannot be 500; use 0 to 100/],
    ['', /"" is not an impairment/],
    ['loss 5, loss 6', /^loss is given twice; give it once$/],
    ['fifo 0, fifo 1', /^fifo is given twice/],
    ['band 5, bandwidth 6', /^bandwidth is given twice/],
  ])('%s is refused', (text, message) => expect(() => parseQuality(text)).toThrow(message));

  it('what is written is read again', () => {
    const amount = fc.oneof(
      fc.nat(99),
      fc.double({ min: 0, max: 99, noNaN: true }).map(Math.abs),
      fc.record({ mean: fc.nat(90), spread: fc.nat(90), distribution: fc.constantFrom<('uniform' | 'normal')[]>('uniform', 'normal') }),
    );
    const qualities = fc.record(
      { mtu: amount, loss: amount, delay: amount, noise: amount, fifo: fc.boolean() },
      { requiredKeys: ['loss'] },
    );
    fc.assert(
      fc.property(amount, (one) => {
        expect(parseAmount(formatAmount(one))).toEqual(one);
      }),
    );
    fc.assert(
      fc.property(qualities, (one) => {
        expect(parseQuality(formatQuality(one as Quality))).toEqual(one);
      }),
    );
    const markov = {
      time: 50,
      nodes: [
        { name: 'good', quality: {} },
        { name: 'bad', quality: { loss: 50, delay: { mean: 5, spread: 1, distribution: 'uniform' as const } } },
      ],
      edges: [{ from: 0, to: 1, percent: 12.5 }],
    };
    expect(parseMarkov(formatMarkov(markov))).toEqual(markov);
  });

  it.each([
    ['', /does not describe Markov states; write "time MS"/],
    ['state good; edge 0,1,5', /there is no edge from 0 to 1/],
    ['state a; state b; edge 0,1,60; edge 0,1,50', /the edges from state 0 have 110 % together/],
    ['time 5', /there are none/],
  ])('the Markov states "%s" are refused', (text, message) => expect(() => parseMarkov(text)).toThrow(message));
});
