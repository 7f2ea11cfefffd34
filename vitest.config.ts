import { defineConfig } from 'vitest/config';
import { Report } from './test/report.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    // Forks, not threads: descriptors polled by the native layer must end with their process.
    pool: 'forks',
    env: { ETHERLOOM_POISON: '1' },
    reporters: ['default', new Report()],
  },
});
