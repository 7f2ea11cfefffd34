import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StateDirectory } from '../../src/launcher/state-directory.ts';

let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'el-'));
});

afterEach(() => rmSync(scratch, { recursive: true, force: true }));

describe('a state directory', () => {
  it('is of one at a time', () => {
    const path = join(scratch, 'state');
    const first = StateDirectory.open(path);
    expect(() => StateDirectory.open(path)).toThrow(/another etherloom process.*--state/);
    first[Symbol.dispose]();
    StateDirectory.open(path)[Symbol.dispose]();
  });

  it('keeps texts, each replaced as one step', () => {
    using state = StateDirectory.open(join(scratch, 'state'));
    expect(state.read('note')).toBeUndefined();
    state.write('note', 'first');
    state.write('note', 'second');
    expect(state.read('note')).toBe('second');
    expect(statSync(state.in('note')).mode & 0o777).toBe(0o600);
    expect(readdirSync(state.path).sort()).toEqual(['lock', 'note']);
  });

  it('has the old text when the new one cannot be written, and tells', () => {
    using state = StateDirectory.open(join(scratch, 'state'));
    state.write('note', 'first');
    // What stands in the way of the new text stops even root.
    mkdirSync(state.in('note.next'));
    expect(() => state.write('note', 'second')).toThrow();
    expect(state.read('note')).toBe('first');
  });

  it('that others may write to is refused', () => {
    const path = join(scratch, 'state');
    StateDirectory.open(path)[Symbol.dispose]();
    chmodSync(path, 0o777);
    expect(() => StateDirectory.open(path)).toThrow(/--state/);
    expect(existsSync(path)).toBe(true);
  });
});
