import { vi } from 'vitest';

/** Awaits what nothing tells of: resolves when `check` throws no more; within `timeout` milliseconds, 10 s, for the machine may be busy. */
export function eventually<Result>(check: () => Result | Promise<Result>, timeout = 10_000): Promise<Result> {
  return vi.waitFor(check, { timeout, interval: 5 });
}
