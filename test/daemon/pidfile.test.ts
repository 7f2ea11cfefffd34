import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openPidfile } from '../../src/daemon/pidfile.ts';
import { newDirectory } from '../ports/rig.ts';

describe('a pidfile', () => {
  it('has the number of the process, and goes with it', () => {
    const path = join(newDirectory(), 'pid');
    const file = openPidfile(path);
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
    expect(() => openPidfile(path)).toThrow('Error in pidfile creation: File exists');
    file[Symbol.dispose]();
    expect(existsSync(path)).toBe(false);
  });

  it('that is that of another process by now is left to it', () => {
    const path = join(newDirectory(), 'pid');
    const file = openPidfile(path);
    writeFileSync(path, '1\n');
    file[Symbol.dispose]();
    expect(readFileSync(path, 'utf8')).toBe('1\n');
  });
});
