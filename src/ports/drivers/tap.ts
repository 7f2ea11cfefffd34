import { openReturningTap } from '../tap.ts';
import type { Driver } from './driver.ts';

/** A TAP interface. */
export const tap: Driver = {
  scheme: 'tap',
  form: 'tap://NAME',
  summary: 'a network interface of this machine',
  listens: false,
  uses: (name) => `the interface ${name}`,
  open: async (name, environment) => ({ port: await openReturningTap(name, environment) }),
};
