import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { StateDirectory } from '../../../src/daemon/state-directory.ts';
import { SlaveFiles } from '../../../src/star/node/slave-files.ts';
import { FaultyFiles } from '../../disk/faulty-files.ts';

it('a known membership needs no write, and one that could not be written is written again', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'el-'));
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
  const path = join(scratch, 'state');
  const known = { pin: 'm'.repeat(32), addresses: ['host:7378'] };
  const other = { ...known, addresses: ['other:7378'] };
  {
    await using state = StateDirectory.open(path);
    await new SlaveFiles(state).save(known);
  }
  const disk = new FaultyFiles();
  disk.faults.set('open', 'EROFS');
  await using state = StateDirectory.open(path, disk);
  const files = new SlaveFiles(state);
  expect(await files.load()).toMatchObject(known);
  await files.save(known);
  expect(disk.calls).toEqual([]);
  await expect(files.save(other)).rejects.toThrow(/cannot write .*membership\.json: read-only file system \(EROFS\)/);
  disk.faults.clear();
  await files.save(known);
  expect(new TextDecoder().decode(disk.contents.get(state.in('membership.json')))).toContain('host:7378');
});
