import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openPidfile } from '../../src/daemon/pidfile.ts';
import { newDirectory } from '../ports/rig.ts';

describe('a pidfile', () => {
  it('has the number of the process, and goes with it', () => {
    const path = join(newDirectory(), 'pid');
    const file = openPidfile(path);
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
    const taken = `Error in pidfile creation: File exists: ${path} is held by process ${process.pid}, which runs; stop it, or give another file`;
    expect(() => openPidfile(path)).toThrow(taken);
    file[Symbol.dispose]();
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    ['no/pid', 'No such file or directory', 'make its directory'],
    ['here', 'File exists', 'is not a regular file; give another file'],
  ])('that cannot be written is refused in the words of the original, and with what to do: %s', (name, words, remedy) => {
    const directory = newDirectory();
    mkdirSync(join(directory, 'here'));
    expect(() => openPidfile(join(directory, name))).toThrow(new RegExp(`^Error in pidfile creation: ${words}: .*${remedy}`));
  });
});
