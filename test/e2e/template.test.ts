import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { useStage } from './stage.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const plain = `
import { test } from 'node:test';
import { assertReaches, lab } from 'etherloom/lab';
import { encodePcap, summarize } from 'etherloom/wire';
import { DhcpServer } from 'etherloom/dhcp';
import { Switch } from 'etherloom/switch';

test('two hosts ping', async () => {
  if (![encodePcap, summarize, DhcpServer, Switch].every((one) => typeof one === 'function')) throw new Error('a door is shut');
  const net = lab();
  const s1 = net.switch('s1');
  await assertReaches(net.host('a', s1), net.host('b', s1));
  net[Symbol.dispose]();
});
`;

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
    // Its types are there: what is wrong is found.
    writeFileSync(stage.path('project', 'wrong.ts'), `import { lab } from 'etherloom/lab';\nlab({ sed: 7 });\n`);
    const wrong = await stage.run(['npm', 'test', ...prefix], home);
    expect(wrong.text).toMatch(/wrong\.ts\(2,7\): error .*'sed' does not exist in type 'LabOptions'/);
    // The same package by Node's own runner, in plain JavaScript.
    writeFileSync(stage.path('project', 'plain.mjs'), plain);
    const byNode = await stage.run(['node', '--test', stage.path('project', 'plain.mjs')], home);
    expect(byNode.status, byNode.text).toBe(0);
    expect(byNode.text).toMatch(/pass 1$/m);
  });
});
