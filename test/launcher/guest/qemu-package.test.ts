import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { installQemu, qemuInstallLine } from '../../../src/launcher/guest/qemu-package.ts';

/** Makes programs of these scripts the only ones there are; each writes its name and arguments to the file that is returned. */
function onlyPrograms(scripts: Readonly<Record<string, string>>): { calls: () => string[] } {
  const directory = mkdtempSync(join(tmpdir(), 'el-'));
  const record = join(directory, 'calls');
  writeFileSync(record, '');
  for (const [name, script] of Object.entries(scripts)) {
    const path = join(directory, name);
    writeFileSync(path, `#!/bin/sh\necho "${name} $*" >> ${record}\n${script}\n`);
    chmodSync(path, 0o755);
  }
  symlinkSync('/usr/bin/env', join(directory, 'env'));
  vi.stubEnv('PATH', directory);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(directory, { recursive: true, force: true });
  });
  return { calls: () => readFileSync(record, 'utf8').split('\n').slice(0, -1) };
}

const root = (): void => void vi.spyOn(process, 'getuid').mockReturnValue(0);
const nobody = (): void => void vi.spyOn(process, 'getuid').mockReturnValue(65_534);
const progress = { log: () => undefined };
const install = 'apt-get -q -o DPkg::Lock::Timeout=60 install -y --no-install-recommends qemu-system-x86';

describe('installing QEMU', () => {
  it('is, for root, an update, a download, and then the installation, without questions', async () => {
    root();
    const { calls } = onlyPrograms({ 'apt-get': '[ "$DEBIAN_FRONTEND" = noninteractive ]' });
    await installQemu('x64', progress);
    expect(calls()).toEqual(['apt-get -q update', `${install} --download-only`, install]);
  });

  it('is done by sudo where that wants no password', async () => {
    nobody();
    const { calls } = onlyPrograms({ sudo: 'exit 0' });
    await installQemu('arm64', progress);
    expect(calls()[0]).toBe('sudo -n true');
    expect(calls()[1]).toBe('sudo -n env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -q update');
    expect(calls()[3]).toMatch(/ qemu-system-arm$/);
  });

  it.each([
    ['wants a password', { sudo: 'exit 1' }],
    ['is not there', {}],
  ])('is not permitted where sudo %s, and nothing is tried', async (_, scripts) => {
    nobody();
    const { calls } = onlyPrograms({ ...scripts, 'apt-get': '' });
    await expect(installQemu('x64', progress)).rejects.toMatchObject({ code: 'not-permitted' });
    expect(calls().filter((call) => call.includes('apt-get'))).toEqual([]);
  });

  it("fails with apt's own words, and without apt with clear ones", async () => {
    root();
    onlyPrograms({ 'apt-get': 'echo "E: Unable to fetch some archives" >&2; exit 100' });
    await expect(installQemu('x64', progress)).rejects.toMatchObject({
      code: 'refused',
      message: 'apt-get failed: E: Unable to fetch some archives',
    });
    onlyPrograms({});
    await expect(installQemu('x64', progress)).rejects.toMatchObject({ code: 'missing-peer' });
  });

  it('is told line by line, and ends when it is aborted, before anything is unpacked', async () => {
    root();
    const reason = new Error('enough');
    const abort = new AbortController();
    const { calls } = onlyPrograms({ 'apt-get': 'echo Get:1; exec /bin/sleep 60' });
    const log = (line: string): void => {
      expect(line).toBe('apt-get: Get:1');
      abort.abort(reason);
    };
    await expect(installQemu('x64', { log, signal: abort.signal })).rejects.toBe(reason);
    expect(calls()).toEqual(['apt-get -q update']);
  });

  it('is one line to paste', () => {
    expect(qemuInstallLine('x64')).toBe('sudo apt-get install -y --no-install-recommends qemu-system-x86');
  });
});
