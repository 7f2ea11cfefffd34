import { describe, expect, it } from 'vitest';
import { pingRound, roundTripIn } from '../../../src/launcher/demo/demo-pings.ts';

describe('the words of ping in a guest', () => {
  it('tell the round trip', () => {
    const output = [
      'PING 10.77.0.11 (10.77.0.11): 56 data bytes',
      '64 bytes from 10.77.0.11: seq=0 ttl=64 time=1.689 ms',
      '',
      '--- 10.77.0.11 ping statistics ---',
      '1 packets transmitted, 1 packets received, 0% packet loss',
      'round-trip min/avg/max = 1.689/1.689/1.689 ms',
    ].join('\n');
    expect(roundTripIn(output)).toBe(1.689);
  });

  it('tell none when no answer came', () => {
    const output = '--- 10.77.0.11 ping statistics ---\n1 packets transmitted, 0 packets received, 100% packet loss';
    expect(roundTripIn(output)).toBeUndefined();
  });
});

describe('a round of pings', () => {
  it('has no answers of guests that have no console', async () => {
    const results: unknown[] = [];
    const guests = ['10.77.0.10', '10.77.0.11'].map((address) => ({ console: '/nonexistent/console', address }));
    await pingRound(guests, (...result) => results.push(result), new AbortController().signal);
    expect(results).toEqual([
      [0, '10.77.0.11', undefined],
      [1, '10.77.0.10', undefined],
    ]);
  });

  it('ends with the reason for which it was aborted', async () => {
    const guests = ['10.77.0.10', '10.77.0.11'].map((address) => ({ console: '/nonexistent/console', address }));
    const reason = new Error('enough');
    await expect(pingRound(guests, () => undefined, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
