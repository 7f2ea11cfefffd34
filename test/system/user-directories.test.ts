import { homedir, tmpdir } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { homeDirectory, temporaryDirectory } from '../../src/system/user-directories.ts';

afterEach(() => vi.unstubAllEnvs());

describe('the home directory', () => {
  it('is HOME, else that of the user database', () => {
    vi.stubEnv('HOME', '/some/where');
    expect(homeDirectory()).toBe('/some/where');
    vi.stubEnv('HOME', undefined);
    expect(homeDirectory()).toBe(homedir());
  });

  it.each(['', 'relative'])('is none where HOME is %j: files would end up in the current directory', (home) => {
    vi.stubEnv('HOME', home);
    expect(homeDirectory()).toBeUndefined();
  });
});

describe('the temporary directory', () => {
  it('is TMPDIR, unless nothing can be written there', () => {
    expect(temporaryDirectory()).toBe(tmpdir());
    vi.stubEnv('TMPDIR', '/proc/nonexistent');
    expect(temporaryDirectory()).toBe('/tmp');
  });
});
