import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeDirectory } from '../../src/system/make-directory.ts';

let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'el-'));
});

afterEach(() => rmSync(scratch, { recursive: true, force: true }));

describe('makeDirectory', () => {
  it('makes the parents that are missing, with its mode, and leaves those that exist as they are', () => {
    chmodSync(scratch, 0o755);
    makeDirectory(join(scratch, 'a', 'b', 'c'), 0o700);
    expect(['a', 'a/b', 'a/b/c'].map((path) => statSync(join(scratch, path)).mode & 0o777)).toEqual([0o700, 0o700, 0o700]);
    expect(statSync(scratch).mode & 0o777).toBe(0o755);
    chmodSync(join(scratch, 'a'), 0o750);
    makeDirectory(join(scratch, 'a'), 0o700);
    expect(statSync(join(scratch, 'a')).mode & 0o777).toBe(0o750);
  });

  it('follows a link to a directory', () => {
    mkdirSync(join(scratch, 'real'));
    symlinkSync(join(scratch, 'real'), join(scratch, 'link'));
    makeDirectory(join(scratch, 'link', 'below'));
    expect(statSync(join(scratch, 'real', 'below')).isDirectory()).toBe(true);
  });

  it.each(['/proc/x', '/proc/x/y', '/proc/x/y/z'])('ends with an error where nothing can be made: %s', (path) => {
    expect(() => makeDirectory(path)).toThrow(
      'cannot create /proc/x: no directory can be created in /proc: no such file or directory (ENOENT)',
    );
  });

  it('names what is in the way', () => {
    writeFileSync(join(scratch, 'file'), '');
    symlinkSync(join(scratch, 'nowhere'), join(scratch, 'dangling'));
    expect(() => makeDirectory(join(scratch, 'file'))).toThrow(`cannot use ${scratch}/file: not a directory (ENOTDIR)`);
    expect(() => makeDirectory(join(scratch, 'file', 'a', 'b'))).toThrow(`cannot create ${scratch}/file/a/b: not a directory (ENOTDIR)`);
    expect(() => makeDirectory(join(scratch, 'dangling'))).toThrow(`cannot use ${scratch}/dangling: not a directory (ENOTDIR)`);
    expect(() => makeDirectory(join(scratch, 'x'.repeat(300)))).toThrow('name too long (ENAMETOOLONG)');
  });
});
