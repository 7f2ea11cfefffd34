/**
 * `npm test`: installs and builds what is missing, then runs all tests, part by part, and prints the time of each. Plain JavaScript,
 * since it runs before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare } from '../demo/prepare.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const only = process.argv.slice(2);

/** One worker for each processor of a small machine: by default one would be left free. */
const two = ['--maxWorkers', '2'];

const parts = {
  unit: () => vitest({}, '--exclude', 'test/e2e/**', ...two),
  // All that waits for descriptors, woken by a thread instead of Node's own loop.
  waker: () => vitest({ ETHERLOOM_WAKER: 'worker' }, 'test/ports/', 'test/system/readiness', ...two),
  conformance: async () => (await import('./conformance/run.mjs')).runConformance(),
  e2e: () => vitest({}, 'test/e2e/', '--maxWorkers', '4'),
};

await prepare();
const times = [];
const sum = { passed: 0, failed: 0, skipped: 0 };
for (const [name, run] of Object.entries(parts)) {
  if (only.length > 0 && !only.includes(name)) continue;
  const start = Date.now();
  const counts = await run();
  times.push(
    `${name}: ${((Date.now() - start) / 1000).toFixed(1)} s, ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`,
  );
  for (const key of Object.keys(sum)) sum[key] += counts[key];
}
console.log(`\n${times.join('\n')}`);
if (process.env.CI && sum.skipped > 0) {
  console.log('skipped tests fail in CI: every peer must be there');
  process.exitCode = 1;
}
if (sum.failed > 0 || sum.passed === 0) process.exitCode = 1;
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);

/** Runs vitest and counts. A run that breaks off counts as one failure more. */
function vitest(environment, ...args) {
  const directory = mkdtempSync(join(tmpdir(), 'etherloom-test-'));
  const file = join(directory, 'counts.json');
  try {
    const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...args], {
      stdio: 'inherit',
      env: { ...process.env, ...environment, ETHERLOOM_TEST_COUNTS: file },
    });
    const counts = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { passed: 0, failed: 1, skipped: 0 };
    if (status !== 0 && counts.failed === 0) counts.failed = 1;
    return counts;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
