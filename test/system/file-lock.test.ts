import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lockFile } from '../../src/system/file-lock.ts';
import { descriptors } from '../ports/rig.ts';
import { newDirectory } from './sockets.ts';

const busy = expect.objectContaining({ code: 'busy' }) as Error;

describe('a lock on a file', () => {
  it('is held by one, until it is disposed', () => {
    const path = join(newDirectory(), 'lock');
    const before = descriptors();
    const lock = lockFile(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(() => lockFile(path)).toThrow(busy);
    lock[Symbol.dispose]();
    lock[Symbol.dispose]();
    expect(descriptors()).toBe(before);
    lockFile(path)[Symbol.dispose]();
  });

  it('leaves what is in the file, and may be on a directory', () => {
    const path = join(newDirectory(), 'file');
    writeFileSync(path, 'kept');
    lockFile(path)[Symbol.dispose]();
    expect(readFileSync(path, 'utf8')).toBe('kept');
    const directory = join(newDirectory(), 'directory');
    mkdirSync(directory);
    const lock = lockFile(directory);
    expect(() => lockFile(directory)).toThrow(busy);
    lock[Symbol.dispose]();
  });

  it('is free when its holder was killed', async () => {
    const path = join(newDirectory(), 'lock');
    const script = [join(import.meta.dirname, '../typescript.mjs'), join(import.meta.dirname, 'lock-holder.ts')];
    const holder = spawn(process.execPath, ['--import', ...script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void holder.kill('SIGKILL'));
    await once(holder.stdout, 'data');
    expect(() => lockFile(path)).toThrow(busy);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    lockFile(path)[Symbol.dispose]();
  });

  it('is not to be had on a link, nor on what is no file, and that does not wait', () => {
    const directory = newDirectory();
    symlinkSync(join(directory, 'elsewhere'), join(directory, 'link'));
    expect(() => lockFile(join(directory, 'link'))).toThrow('ELOOP');
    expect(spawnSync('mkfifo', [join(directory, 'fifo')]).status).toBe(0);
    const before = descriptors();
    expect(() => lockFile(join(directory, 'fifo'))).toThrow(expect.objectContaining({ code: 'bad-state' }) as Error);
    expect(() => lockFile(join(directory, 'no', 'where'))).toThrow('ENOENT');
    expect(descriptors()).toBe(before);
  });
});
