import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, closeSync, mkdirSync, openSync, readFileSync, readSync, statSync, writeFileSync, constants } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { filesFor } from '../../src/console-server/console-files.ts';
import { ownRights } from '../../src/console-server/own-rights.ts';
import { logTo, quietLog } from '../../src/log.ts';
import type { OpenFile } from '../../src/management/files.ts';
import { newDirectory } from '../ports/rig.ts';

const logged: string[] = [];
const own = filesFor(
  ownRights(),
  logTo((message) => void logged.push(message)),
);
const isRoot = process.geteuid?.() === 0;

function opened(file: OpenFile | string): OpenFile {
  if (typeof file === 'string') throw new Error(file);
  return file;
}

function pipe(): string {
  const path = join(newDirectory(), 'pipe');
  expect(spawnSync('mkfifo', [path]).status).toBe(0);
  return path;
}

describe('a file that a console reads', () => {
  it('is read whole, or refused with the reason', () => {
    const directory = newDirectory();
    const path = join(directory, 'rc');
    writeFileSync(path, 'port/print\n# é\n');
    expect(own.read(path)).toEqual({ text: 'port/print\n# é\n' });
    expect(own.read(directory)).toBe('EISDIR');
    expect(own.read(join(directory, 'none'))).toBe('ENOENT');
    expect(own.read(join(path, 'x'))).toBe('ENOTDIR');
    expect(own.read(join(directory, 'x'.repeat(300)))).toBe('ENAMETOOLONG');
    expect(own.read('')).toBe('ENOENT');
    expect(own.read('/dev/null')).toBe('EINVAL');
    expect(own.read(pipe())).toBe('EINVAL');
  });

  it('may have 1 MiB and no more, whatever it says of itself', () => {
    const path = join(newDirectory(), 'rc');
    writeFileSync(path, 'x'.repeat(2 ** 20));
    expect(own.read(path)).toEqual({ text: 'x'.repeat(2 ** 20) });
    writeFileSync(path, 'x'.repeat(2 ** 20 + 1));
    expect(own.read(path)).toBe('EFBIG');
    // It has a size of 0.
    expect(own.read('/proc/self/comm')).toEqual({ text: readFileSync('/proc/self/comm', 'utf8') });
  });

  it.runIf(isRoot)('tells nobody of this process what he could not read himself (needs root)', () => {
    const nobody = filesFor({ uid: 65534, gid: 65534, groups: [] }, quietLog);
    for (const name of ['maps', 'comm', 'environ']) expect(nobody.read(`/proc/self/${name}`), name).toBe('EACCES');
  });
});

describe('a file that a console writes', () => {
  it('is new and private, and emptied or added to when it is there', async () => {
    const path = join(newDirectory(), 'log');
    for (const [how, text] of [
      ['new', 'one'],
      ['append', 'onetwo'],
      ['new', 'two'],
    ] as const) {
      const file = opened(own.open(path, how));
      file.write(Buffer.from(text.slice(-3)));
      file[Symbol.dispose]();
      await own.closing();
      expect(readFileSync(path, 'utf8')).toBe(text);
    }
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('takes what it has room for, in order, and tells how many records it lost', async () => {
    const path = join(newDirectory(), 'capture');
    const file = opened(own.open(path, 'new'));
    logged.length = 0;
    // The threads of this process do not check the file meanwhile.
    const taken = Array.from({ length: 200 }, (_, n) => file.write(Buffer.alloc(2 ** 16, String(n % 10)))).filter(Boolean).length;
    expect(taken).toBe(64);
    file[Symbol.dispose]();
    expect(logged).toEqual([expect.stringContaining('cannot take more now'), `${path}: 136 records lost`]);
    await own.closing();
    const text = readFileSync(path, 'latin1');
    expect(text.match(/(\d)\1*/g)?.join('')).toBe(Array.from({ length: 64 }, (_, n) => String(n % 10).repeat(2 ** 16)).join(''));
  });

  it('on a disk that is full is written to no more, and says so once', async () => {
    const file = opened(own.open('/dev/full', 'new'));
    logged.length = 0;
    for (let n = 0; n < 3; n++) file.write(Buffer.from('x'));
    expect(file.failed).toBe(true);
    expect(logged).toEqual([expect.stringMatching(/^cannot write \/dev\/full: ENOSPC/)]);
    file[Symbol.dispose]();
    await own.closing();
  });

  it('is refused with the reason, and a pipe without a reader does not hold anybody up', () => {
    const directory = newDirectory();
    expect(own.open(directory, 'new')).toBe('EISDIR');
    expect(own.open(join(directory, 'none', 'x'), 'append')).toBe('ENOENT');
    expect(own.open(pipe(), 'new')).toBe('ENXIO');
  });

  it('loses whole records only when it is a pipe that nobody reads for a while, and says so once', () => {
    const path = pipe();
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    onTestFinished(() => closeSync(reader));
    const file = opened(own.open(path, 'new'));
    logged.length = 0;
    const record = (n: number): Uint8Array => Buffer.from(`${String(n).padStart(4, '0')}:${'x'.repeat(5_000)}\n`);
    const read = (): string => {
      const memory = Buffer.alloc(2 ** 20);
      let size = 0;
      try {
        for (let count = 1; count > 0; size += count) count = readSync(reader, memory, size, memory.length - size, null);
      } catch {
        // It holds no more for now.
      }
      return memory.toString('latin1', 0, size);
    };
    for (let n = 0; n < 100; n++) file.write(record(n));
    let text = read();
    for (let n = 100; n < 110; n++) file.write(record(n));
    text += read();
    file.write(record(110));
    text += read();
    const lines = text.split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.every((line) => /^\d{4}:x{5000}$/.test(line))).toBe(true);
    const numbers = lines.map((line) => Number(line.slice(0, 4)));
    expect(numbers.slice(0, 3)).toEqual([0, 1, 2]);
    expect(numbers.at(-1)).toBe(110);
    expect(numbers.length).toBeLessThan(110);
    expect(logged).toEqual([expect.stringContaining('cannot take more')]);
    file[Symbol.dispose]();
  });

  it('is written to no more when its reader is gone, and says so once', () => {
    const path = pipe();
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const file = opened(own.open(path, 'new'));
    logged.length = 0;
    closeSync(reader);
    for (let n = 0; n < 3; n++) file.write(Buffer.from('x'));
    expect(logged).toEqual([expect.stringMatching(/^cannot write .*EPIPE.*nothing more is written/)]);
    file[Symbol.dispose]();
  });
});

describe.skipIf(!isRoot)('files with the rights of a user, from a switch of root (needs root)', () => {
  const user = 65_534;
  const theirs = filesFor({ uid: user, gid: user, groups: [user, 4_711] }, quietLog);

  /** Returns a directory that all may enter. */
  function directory(): string {
    const path = newDirectory();
    chmodSync(path, 0o755);
    return path;
  }

  it('are his, and no others', () => {
    const place = directory();
    const path = join(place, 'secret');
    writeFileSync(path, 'secret', { mode: 0o600 });
    expect(theirs.read(path)).toBe('EACCES');
    expect(theirs.open(path, 'append')).toBe('EACCES');
    expect(theirs.open(join(place, 'new'), 'new')).toBe('EACCES');
    // The user's groups count, too.
    chownSync(path, 0, 4_711);
    chmodSync(path, 0o640);
    expect(theirs.read(path)).toEqual({ text: 'secret' });
    expect(theirs.open(path, 'append')).toBe('EACCES');
    // And this process has its own rights again.
    expect(own.read(path)).toEqual({ text: 'secret' });
  });

  it('belong to him when they are new', () => {
    const place = join(directory(), 'his');
    mkdirSync(place);
    chownSync(place, user, user);
    opened(theirs.open(join(place, 'new'), 'new'))[Symbol.dispose]();
    expect(statSync(join(place, 'new'))).toMatchObject({ uid: user, gid: user });
  });
});
