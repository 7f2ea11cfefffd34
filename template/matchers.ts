import { matchers, type LabMatchers } from 'etherloom/lab';
import { expect } from 'vitest';

declare module 'vitest' {
  interface Matchers<T> extends LabMatchers {}
}

expect.extend(matchers);
