import { expect, test } from 'vitest';
import { Quota } from '../../src/dhcp/quota.ts';

test('each key has so many in each stretch of time, and no more', () => {
  const quota = new Quota(2, 1000);
  expect([1, 1, 1, 2].map((key) => quota.take(key, 5000))).toEqual([true, true, false, true]);
  expect(quota.take(1, 5999)).toBe(false);
  expect(quota.take(1, 6000)).toBe(true);
});
