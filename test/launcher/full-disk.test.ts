import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

/** The flags of `unshare` that let this user mount a file system of its own; undefined when none do. */
const flags = ['-Urm', '-m'].find((candidate) => spawnSync('unshare', [candidate, 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0);

const noMounts = 'this machine has no mount namespaces for this user (unshare, mount)';
if (flags === undefined && process.env['CI'] !== undefined) throw new Error(`${noMounts}, and CI must have them`);

it('a state file is whole, old or new, when the disk gets full half-way', ({ skip }) => {
  skip(flags === undefined, noMounts);
  const mount = mkdtempSync(join(tmpdir(), 'full-'));
  onTestFinished(() => rmSync(mount, { recursive: true }));
  const child = [
    process.execPath,
    '--import',
    join(import.meta.dirname, '../typescript.mjs'),
    join(import.meta.dirname, 'full-disk-process.ts'),
  ];
  const script = 'mount -t tmpfs -o size=64k,mode=700 none "$0" && exec "$@"';
  const { stdout, stderr } = spawnSync('unshare', [flags ?? '', 'sh', '-c', script, mount, ...child, mount], { encoding: 'utf8' });
  expect(JSON.parse(stdout || JSON.stringify(stderr))).toEqual({ whenFull: 'ENOSPC', kept: 'old', whenRoom: 'written', length: 12_288 });
});
