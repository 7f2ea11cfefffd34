/**
 * `npm test`: installs and builds missing parts, then runs all tests, part by part, and prints the time of each. Arguments choose parts,
 * and their order; `--without-pure` leaves out the rooms that do no I/O, which the user's rights cannot affect. Plain JavaScript, since it
 * runs before the installation.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare } from '../demo/prepare.mjs';
import { forbiddenSkips, printSkips } from './skips.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const only = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const withoutPure = process.argv.includes('--without-pure');

/** Returns the tests of the rooms that must run in a browser, too, and the fuzzer; test/architecture.test.ts keeps I/O out of those rooms. */
const pureTests = () => [...JSON.parse(readFileSync('test/pure-rooms.json', 'utf8')), 'fuzz'].map((room) => `test/${room}/*`);

/**
 * One worker for each processor of a small machine, where by default one would be left free; tests of real peers wait more than they work.
 * CI has two runs side by side, and each takes half.
 */
const workers = process.env.CI ? { unit: 1, e2e: 2 } : { unit: 2, e2e: 4 };
const unitWorkers = ['--maxWorkers', `${workers.unit}`];

const parts = {
  unit: () =>
    vitest({}, ...['test/e2e/**', ...(withoutPure ? pureTests() : [])].flatMap((pattern) => ['--exclude', pattern]), ...unitWorkers),
  // All that waits for descriptors, woken by a thread instead of Node's own loop.
  waker: () => vitest({ ETHERLOOM_WAKER: 'worker' }, 'test/ports/', 'test/system/readiness', ...unitWorkers),
  conformance: async () => (await import('./conformance/run.mjs')).runConformance(),
  e2e: () => vitest({}, 'test/e2e/', '--maxWorkers', `${workers.e2e}`),
};
const unknown = only.filter((name) => !(name in parts));
if (unknown.length > 0) {
  console.error(`there is no part ${unknown.join(', ')} of the tests: the parts are ${Object.keys(parts).join(', ')}`);
  process.exit(1);
}

await prepare();
const times = [];
const sum = { passed: 0, failed: [], skipped: [] };
for (const name of only.length > 0 ? only : Object.keys(parts)) {
  const start = Date.now();
  const { passed, failed, skipped } = await parts[name]();
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  times.push(`${name}: ${seconds} s, ${passed} passed, ${failed.length} failed, ${skipped.length} skipped`);
  sum.passed += passed;
  sum.failed.push(...failed);
  sum.skipped.push(...skipped);
}
// Last, so that the end of a long log tells it.
for (const { name, message } of sum.failed) console.log(`failed: ${name}\n${shortened(message).replace(/^/gm, '    ')}`);
console.log(`\n${times.join('\n')}`);
const forbidden = process.env.CI ? forbiddenSkips(sum.skipped) : [];
if (forbidden.length > 0) {
  console.log(`CI must not skip these tests:`);
  printSkips(forbidden);
}
if (sum.failed.length > 0 || sum.passed === 0 || forbidden.length > 0) process.exitCode = 1;
console.log(`${sum.passed} passed, ${sum.failed.length} failed, ${sum.skipped.length} skipped`);

/** Runs vitest and counts. A run that breaks off counts as one failure more. */
function vitest(environment, ...args) {
  const directory = mkdtempSync(join(tmpdir(), 'etherloom-test-'));
  const file = join(directory, 'counts.json');
  try {
    const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...args], {
      stdio: 'inherit',
      env: { ...process.env, ...environment, ETHERLOOM_TEST_COUNTS: file },
    });
    const counts = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { passed: 0, failed: [], skipped: [] };
    if (status !== 0 && counts.failed.length === 0)
      counts.failed.push({ name: `vitest run ${args.join(' ')}`, message: `exit status ${status}` });
    return counts;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Returns the first lines of what a test said. */
function shortened(message) {
  const lines = message.split('\n');
  return lines.length > 20 ? [...lines.slice(0, 20), '...'].join('\n') : message;
}
