import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaultSocketDirectory, defaultStateDirectory, ownDirectory } from '../../src/daemon/directories.ts';

let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'el-'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(scratch, { recursive: true, force: true });
});

describe('a directory of our own', () => {
  it('is made, with its parents, for us alone', () => {
    const path = join(scratch, 'a', 'b');
    expect(ownDirectory(path, '--state')).toBe(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('that is there is taken', () => {
    mkdirSync(join(scratch, 'a'), { mode: 0o755 });
    expect(ownDirectory(join(scratch, 'a'), '--state')).toBe(join(scratch, 'a'));
  });

  it('that others may write to is refused', () => {
    const path = join(scratch, 'a');
    mkdirSync(path);
    chmodSync(path, 0o777);
    expect(() => ownDirectory(path, '--state')).toThrow(/--state/);
  });

  it('that is a link is refused', () => {
    mkdirSync(join(scratch, 'a'));
    symlinkSync(join(scratch, 'a'), join(scratch, 'link'));
    expect(() => ownDirectory(join(scratch, 'link'), '--sock')).toThrow(/--sock/);
  });

  it.each(['/proc/x/y', '/dev/null/x'])('that cannot be made ends with what to do: %s', (path) => {
    expect(() => ownDirectory(path, '--state')).toThrow(/^cannot create \/(proc|dev).*; choose another directory with --state$/);
  });

  it('that is a file, or cannot be made, is refused with what to do', () => {
    writeFileSync(join(scratch, 'file'), '');
    expect(() => ownDirectory(join(scratch, 'file'), '--state')).toThrow(/--state/);
    expect(() => ownDirectory(join(scratch, 'file', 'below'), '--state')).toThrow(/--state/);
  });
});

describe('the default directories', () => {
  it('need no home: without one the state is beside the sockets, with a warning', () => {
    vi.stubEnv('XDG_RUNTIME_DIR', join(scratch, 'run'));
    vi.stubEnv('XDG_STATE_HOME', undefined);
    vi.stubEnv('HOME', '');
    const warnings: string[] = [];
    const state = join(scratch, 'run/etherloom/master.state');
    expect(defaultStateDirectory('master', (message) => warnings.push(message))).toBe(state);
    expect(warnings).toEqual([expect.stringMatching(`no home directory.*${state}.*--state$`)]);
  });

  it('are where the user has them', () => {
    vi.stubEnv('XDG_RUNTIME_DIR', join(scratch, 'run'));
    vi.stubEnv('XDG_STATE_HOME', join(scratch, 'state'));
    expect(defaultSocketDirectory('switch')).toBe(join(scratch, 'run/etherloom/switch'));
    expect(statSync(join(scratch, 'run/etherloom')).mode & 0o777).toBe(0o700);
    expect(defaultStateDirectory('master', expect.fail)).toBe(join(scratch, 'state/etherloom/master'));
  });

  it('are in /tmp, named for the user, and at home otherwise', () => {
    vi.stubEnv('XDG_RUNTIME_DIR', undefined);
    vi.stubEnv('XDG_STATE_HOME', undefined);
    vi.stubEnv('TMPDIR', scratch);
    vi.stubEnv('HOME', join(scratch, 'home'));
    expect(defaultSocketDirectory('switch')).toBe(join(scratch, `etherloom-${process.getuid?.() ?? 0}`, 'switch'));
    expect(defaultStateDirectory('slave', expect.fail)).toBe(join(scratch, 'home/.local/state/etherloom/slave'));
  });
});
