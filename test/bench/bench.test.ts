import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { missingPrograms } from '../../bench/harness/programs.ts';

const directory = mkdtempSync(join(tmpdir(), 'elb-test-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

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

it('gives leases to clients beside dnsmasq, each checked, and says how many a second', { timeout: 120_000 }, async (context) => {
  const json = join(directory, 'dhcp.json');
  const options = [
    '--as-built',
    '--rounds',
    '1',
    '--seconds',
    '0.1',
    '--json',
    json,
    '--case',
    '100 of 100 clients at a time, beside dnsmasq',
  ];
  const { stdout } = await promisify(execFile)(process.execPath, ['bench/start.mjs', ...options, 'dhcp']);
  const { results } = JSON.parse(readFileSync(json, 'utf8')) as { results: readonly DhcpResult[] };
  const cases = results.flatMap((result) => result.cases);
  expect(cases).toHaveLength(1);
  for (const { exchangesPerSecond } of cases[0]?.ours ?? []) expect(exchangesPerSecond).toBeGreaterThan(1);
  expect(cases[0]?.ours).toHaveLength(1);
  if (cases[0]?.skipped !== undefined) {
    expect(stdout).toContain(`SKIPPED: the peer: ${cases[0].skipped}`);
    context.skip(cases[0].skipped);
  }
  expect(cases[0]?.peer[0]?.exchangesPerSecond).toBeGreaterThan(1);
  expect(stdout).toMatch(/exchanges per second .* ratio \d/);
});

it('moves frames through a tunnel and through a relay that has the same system calls', { timeout: 120_000 }, async (context) => {
  const json = join(directory, 'overlay.json');
  const options = ['--as-built', '--rounds', '1', '--seconds', '0.1', '--json', json, '--case', 'VXLAN, beside a relay: out, 60'];
  const { stdout } = await promisify(execFile)(process.execPath, ['bench/start.mjs', ...options, 'overlay']);
  const reason = /SKIPPED: (.*)/.exec(stdout)?.[1];
  if (reason !== undefined) context.skip(reason);
  const { results } = JSON.parse(readFileSync(json, 'utf8')) as { results: readonly Result[] };
  for (const side of ['ours', 'peer'] as const) {
    const figures = results.flatMap(({ cases }) => cases.flatMap((one) => one[side]));
    expect(figures).toHaveLength(1);
    expect(figures[0]?.perProcessorSecond).toBeGreaterThan(100);
  }
});

interface DhcpResult {
  readonly cases: readonly {
    readonly skipped?: string;
    readonly ours: readonly { readonly exchangesPerSecond: number }[];
    readonly peer: readonly { readonly exchangesPerSecond: number }[];
  }[];
}

interface Result {
  readonly name: string;
  readonly cases: readonly Readonly<Record<'ours' | 'peer', readonly { readonly perProcessorSecond: number }[]>>[];
}
