import { cpSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { useStage } from './stage.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('the template of a project that tests networks', { timeout: 180_000 }, () => {
  const stage = useStage(['npm', 'registry']);

  it('works after npm install and npm test, with nothing but the packed package', async () => {
    const home = { env: { npm_config_cache: stage.path('cache'), npm_config_fund: 'false', npm_config_audit: 'false' } };
    const packed = await stage.run(['npm', 'pack', '--silent', '--pack-destination', stage.path(), root], home);
    expect(packed.status, packed.text).toBe(0);
    const tarball = readdirSync(stage.path()).find((name) => name.endsWith('.tgz')) ?? 'nothing';
    cpSync(`${root}/template`, stage.path('project'), { recursive: true });
    const prefix = ['--prefix', stage.path('project')];
    const installed = await stage.run(['npm', 'install', ...prefix, '--save-dev', stage.path(tarball)], home);
    expect(installed.status, installed.text).toBe(0);
    const tested = await stage.run(['npm', 'test', ...prefix], home);
    expect(tested.status, tested.text).toBe(0);
    expect(tested.text).toMatch(/3 passed/);
  });
});
