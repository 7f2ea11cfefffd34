import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StateDirectory } from '../../src/daemon/state-directory.ts';
import { lockFile } from '../../src/system/file-lock.ts';
import { FaultyFiles } from '../disk/faulty-files.ts';

let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'el-'));
});

afterEach(() => rmSync(scratch, { recursive: true, force: true }));

describe('a state directory', () => {
  it('is of one at a time', async () => {
    const path = join(scratch, 'state');
    const first = StateDirectory.open(path);
    expect(() => StateDirectory.open(path)).toThrow(/another etherloom process.*--state/);
    await first[Symbol.asyncDispose]();
    await StateDirectory.open(path)[Symbol.asyncDispose]();
  });

  it("is locked as a directory, too, so that cleaners of /tmp leave it alone; one that is looking just now is in nobody's way", async () => {
    const path = join(scratch, 'state');
    const state = StateDirectory.open(path);
    expect(() => lockFile(path)).toThrow(/in use/);
    await state[Symbol.asyncDispose]();
    using _cleaner = lockFile(path);
    await StateDirectory.open(path)[Symbol.asyncDispose]();
  });

  it('keeps texts, each replaced as one step', async () => {
    await using state = StateDirectory.open(join(scratch, 'state'));
    expect(state.read('note')).toBeUndefined();
    await state.write('note', 'first');
    await state.write('note', 'second');
    expect(state.read('note')).toBe('second');
    expect(statSync(state.in('note')).mode & 0o777).toBe(0o600);
    expect(readdirSync(state.path).sort()).toEqual(['lock', 'note']);
  });

  it('has the old text when the new one cannot be written, and tells', async () => {
    await using state = StateDirectory.open(join(scratch, 'state'));
    await state.write('note', 'first');
    // A directory in the place of the new text stops even root.
    mkdirSync(state.in('note.next'));
    await expect(state.write('note', 'second')).rejects.toThrow();
    expect(state.read('note')).toBe('first');
  });

  it('removes a file for good, after all that was written before, and tells if it cannot', async () => {
    const files = new FaultyFiles();
    await using state = StateDirectory.open(join(scratch, 'state'), files);
    await Promise.all([state.write('note', 'text'), state.remove('note')]);
    expect(files.contents.size).toBe(0);
    // The disk knows the new name, and then that it is gone.
    expect(files.calls.filter((call) => call === 'remove' || call === 'syncDirectory')).toEqual([
      'syncDirectory',
      'remove',
      'syncDirectory',
    ]);
    for (const call of ['remove', 'syncDirectory'] as const) {
      files.faults.clear();
      files.faults.set(call, 'EROFS');
      await expect(state.remove('note')).rejects.toThrow(/cannot write .*note: read-only file system \(EROFS\); .*--state/);
    }
  });

  it('that others may write to is refused', async () => {
    const path = join(scratch, 'state');
    await StateDirectory.open(path)[Symbol.asyncDispose]();
    chmodSync(path, 0o777);
    expect(() => StateDirectory.open(path)).toThrow(/--state/);
    expect(existsSync(path)).toBe(true);
  });
});
