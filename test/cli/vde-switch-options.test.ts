import { expect, it } from 'vitest';
import { getopt } from '../../src/cli/getopt.ts';
import { settingsOf, vdeSwitchOptions } from '../../src/cli/vde-switch-options.ts';

it.each([
  ['0x19000', 0x9000],
  ['-1', 0xffff],
  ['70000', 4464],
  ['0', 0],
])('--priority %s is %i, of 16 bits as in a BPDU', (text, priority) => {
  const parsed = getopt(['--priority', text], vdeSwitchOptions);
  expect(settingsOf(parsed, () => undefined).priority).toBe(priority);
});
