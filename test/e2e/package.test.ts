import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { guestNeeds } from './peers.ts';
import { until, useStage } from './stage.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The files of the tree that are in the package, by their beginning. */
const contents = [
  /^bin\//,
  /^build\/commands\/[\w.-]+\.c?js$/,
  /^build\/(?!cli\/|commands\/)[\w/-]+\.(js|d\.ts|d\.ts\.map)$/,
  /^build\/page\/browser\.css$/,
  // The declarations lead to it.
  /^src\/(?!cli\/)[\w/-]+\.ts$/,
  /^demo\//,
  /^docs\/[\w-]+\.(md|svg|json)$/,
  /^examples\//,
  /^template\//,
  /^(CHANGELOG|README|SECURITY)\.md$/,
  /^(LICENSE|package\.json)$/,
];

describe('the packed package, installed into an empty prefix', { timeout: 180_000 }, () => {
  const stage = useStage(['npm', 'registry', 'unixcmd', ...guestNeeds.slice(0, 1)]);

  it('has a vde_switch that QEMU connects to, and nothing that is not to be in it', async () => {
    const home = { env: { npm_config_cache: stage.path('cache'), npm_config_fund: 'false', npm_config_audit: 'false' } };
    const packed = await stage.run(['npm', 'pack', '--json', '--pack-destination', stage.path(), root], home);
    const [{ files }] = JSON.parse(packed.text.slice(packed.text.indexOf('['), packed.text.lastIndexOf(']') + 1)) as [
      { files: { path: string }[] },
    ];
    expect(files.map(({ path }) => path).filter((path) => !contents.some((pattern) => pattern.test(path)))).toEqual([]);
    const tarball = readdirSync(stage.path()).find((name) => name.endsWith('.tgz')) ?? 'nothing';
    const installed = await stage.run(['npm', 'install', '--global', '--prefix', stage.path('prefix'), stage.path(tarball)], home);
    expect(installed.status, installed.text).toBe(0);

    // By its name, as a script would.
    const env = { PATH: `${stage.path('prefix', 'bin')}:${process.env['PATH'] ?? ''}` };
    const ours = stage.start(['vde_switch', '-s', stage.path('sw'), '-M', stage.path('mgmt'), '-d', '-p', stage.path('pid')], { env });
    expect(await ours.exit).toEqual({ status: 0, signal: null });
    const qemu = guestNeeds[0] ?? '';
    stage.start([qemu, '-S', '-M', 'none', '-nodefaults', '-display', 'none', '-netdev', `vde,id=n,sock=${stage.path('sw')}`], { env });
    const command = (line: string): Promise<{ text: string }> =>
      stage.run(['unixcmd', '-s', stage.path('mgmt'), '-f', '/etc/vde2/vdecmd', line], { env });
    await until('QEMU is there', async () => (await command('port/print')).text.includes('module unix prog   : QEMU'));
    await command('shutdown');
    await until('it has ended', () => !readdirSync(stage.path()).includes('pid'));
  });
});
