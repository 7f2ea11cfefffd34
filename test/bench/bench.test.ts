import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import { missingPrograms } from '../../bench/harness/programs.ts';

const directory = mkdtempSync(join(tmpdir(), 'elb-test-'));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it('runs the core alone and the switch against the original, and keeps the raw figures', { timeout: 60_000 }, async (context) => {
  const json = join(directory, 'raw.json');
  const args = ['bench/start.mjs', '--as-built', '--rounds', '1', '--seconds', '0.1', '--json', json, 'core', 'unicast-60'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toMatch(/^core: /m);
  expect(stdout).toMatch(/^unicast-60: /m);
  const { results } = JSON.parse(readFileSync(json, 'utf8')) as { results: readonly Result[] };
  expect(results.map(({ name }) => name)).toEqual(['unicast-60', 'core']);
  const samples = results.flatMap(({ cases }) => cases.flatMap(({ ours }) => ours));
  for (const { perProcessorSecond } of samples) expect(perProcessorSecond).toBeGreaterThan(1000);

  const missing = missingPrograms(['vde_switch']);
  if (missing.length > 0) {
    expect(stdout).toContain('SKIPPED: the peer is not here');
    context.skip('this machine has no vde_switch to compare with');
  }
  expect(stdout).toMatch(/ratio \d/);
});

interface Result {
  readonly name: string;
  readonly cases: readonly { readonly ours: readonly { readonly perProcessorSecond: number }[] }[];
}
