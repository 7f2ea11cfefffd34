import { expect, it } from 'vitest';
import { portSet } from '../../src/cli/option-values.ts';

it.each([
  ['all', [0, 1, 2, 3, 4, 9, 10, 65_535]],
  ['1,4-9', [1, 4, 9]],
  ['3', [3]],
] as const)('the set of ports %s has these ports', (text, ports) => {
  const has = portSet(text);
  expect([0, 1, 2, 3, 4, 9, 10, 65_535].filter(has)).toEqual([...ports]);
});

it.each(['', ',', '1,', 'a', '1-', '9-4', '-3', '1 2', 'all,1', '123456'])('%j is no set of ports', (text) => {
  expect(() => portSet(text)).toThrow('It must be all, or numbers of ports, as 1,4-9.');
});
