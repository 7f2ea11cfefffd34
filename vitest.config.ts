import { defineConfig } from 'vitest/config';
import { Report } from './test/report.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    // What is put away may be the tree of a package, and processes that are slow to end.
    hookTimeout: 60_000,
    // Forks, not threads: descriptors polled by the native layer must end with their process.
    pool: 'forks',
    env: { ETHERLOOM_POISON: '1' },
    // The thread that wakes the loop is a source too; without one, that need not be read.
    execArgv: process.env['ETHERLOOM_WAKER'] === 'worker' ? ['--import', './test/typescript.mjs'] : [],
    reporters: ['default', new Report()],
  },
});
