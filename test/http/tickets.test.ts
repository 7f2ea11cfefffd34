import { describe, expect, it } from 'vitest';
import { Tickets } from '../../src/http/tickets.ts';
import { isToken, newToken } from '../../src/http/token.ts';
import { realRandom } from '../../src/random.ts';
import { ManualClock } from '../manual-clock.ts';

describe('tickets', () => {
  it('are good for ten seconds', () => {
    const clock = new ManualClock();
    const tickets = new Tickets(clock, realRandom);
    const [early, late] = [tickets.make('/a'), tickets.make('/a')];
    clock.advance(9_999);
    expect(tickets.use(early, '/a')).toBe(true);
    clock.advance(1);
    expect(tickets.use(late, '/a')).toBe(false);
  });

  it('are 256 at most, of which the oldest go first', () => {
    const tickets = new Tickets(new ManualClock(), realRandom);
    const made = Array.from({ length: 300 }, () => tickets.make('/a'));
    expect(made.map((ticket) => tickets.use(ticket, '/a'))).toEqual(made.map((_, i) => i >= 300 - 256));
  });
});

describe('a token', () => {
  it('has 128 bits, all of them random', () => {
    const tokens = Array.from({ length: 64 }, () => newToken(realRandom));
    expect(tokens.every((token) => isToken(token) && Buffer.from(token, 'base64url').length === 16)).toBe(true);
    const octets = tokens.map((token) => Buffer.from(token, 'base64url'));
    for (let bit = 0; bit < 128; bit++) {
      const ones = octets.filter((one) => ((one[bit >> 3] ?? 0) >> (bit & 7)) & 1).length;
      expect(ones, `bit ${bit}`).toBeGreaterThan(0);
      expect(ones, `bit ${bit}`).toBeLessThan(64);
    }
  });

  it.each(['', 'short', 'A'.repeat(21), `${'A'.repeat(22)}\n`, `${'A'.repeat(22)} `, 'A'.repeat(257)])('is not: %j', (text) =>
    expect(isToken(text)).toBe(false),
  );
});
