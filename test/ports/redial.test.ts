import { expect, it } from 'vitest';
import { firstRedial, nextRedial } from '../../src/ports/redial.ts';

it('waits longer after each failure, from 100 ms up to 1 s', () => {
  const delays = [];
  for (let redial = firstRedial(), i = 0; i < 6; i++, redial = nextRedial(redial)) delays.push(redial.delay);
  expect(delays).toEqual([100, 200, 400, 800, 1000, 1000]);
});
