import { vi } from 'vitest';

/** Awaits what nothing tells of: resolves when `check` throws no more; within 10 s, for the machine may be busy. */
export function eventually<Result>(check: () => Result | Promise<Result>): Promise<Result> {
  return vi.waitFor(check, { timeout: 10_000, interval: 5 });
}
