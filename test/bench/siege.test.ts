import { describe, expect, it } from 'vitest';
import { siegeArguments } from '../../bench/siege/arguments.ts';

describe('the arguments of npm run siege', () => {
  it('have the bounds of the star by default', () => {
    const from = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'];
    const bounds = { loss: 0.15, back: 2000, growth: 5_000_000 };
    expect(siegeArguments([])).toEqual({ seconds: 10, halfOpen: 10_000, handshakes: 500, from, bounds });
  });

  it('can be chosen', () => {
    const args = '--seconds 2 --half-open 9 --handshakes 0 --from 127.0.0.1 --loss 40 --back-within 9000 --growth 7'.split(' ');
    const bounds = { loss: 0.4, back: 9000, growth: 7_000_000 };
    expect(siegeArguments(args)).toEqual({ seconds: 2, halfOpen: 9, handshakes: 0, from: ['127.0.0.1'], bounds });
  });

  it.each([[['--seconds', '0']], [['--loss', 'x']], [['--nonsense']]])('are refused: %s', (args) => {
    expect(() => siegeArguments(args)).toThrow();
  });
});
