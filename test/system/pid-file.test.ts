import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PidFileTaken, writePidFile } from '../../src/system/pid-file.ts';
import { newDirectory } from '../ports/rig.ts';
import { actAs, everyRights } from '../rights.ts';

const programs = ['etherloom-test'];
const script = join(import.meta.dirname, 'pid-file-process.ts');
const typescript = join(import.meta.dirname, '../typescript.mjs');

function path(content?: string): string {
  const file = join(newDirectory(), 'pid');
  if (content !== undefined) writeFileSync(file, content);
  return file;
}

/** Returns a process that holds a pid file, or its read lock alone. */
async function holder(file: string, how: 'file' | 'read lock' = 'file'): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', typescript, script, file, how], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

describe('a pid file', () => {
  it('has the number of the process in one line, and goes with it', () => {
    const file = path();
    const written = writePidFile(file, { programs });
    expect(readFileSync(file, 'utf8')).toBe(`${process.pid}\n`);
    written[Symbol.dispose]();
    expect(existsSync(file)).toBe(false);
  });

  it('of a process that was killed is written over, in place, whatever its length was', async () => {
    const file = path();
    const first = await holder(file);
    const { ino } = statSync(file);
    expect(() => writePidFile(file, { programs })).toThrow(`is held by process ${first.pid}, which runs; stop it`);
    first.kill('SIGKILL');
    await once(first, 'exit');
    using _ = writePidFile(file, { number: 7, programs });
    expect(readFileSync(file, 'utf8')).toBe('7\n');
    expect(statSync(file).ino).toBe(ino);
  });

  it.each(['', '2147483647\n', ` ${process.pid}\n`])('that holds %j is written over', (content) => {
    const file = path(content);
    using _ = writePidFile(file, { programs: [] });
    expect(readFileSync(file, 'utf8')).toBe(`${process.pid}\n`);
  });

  it.each(['precious', '12 13\n', '0x12\n', '1.5\n', '99999999999\n', `${'1'.repeat(70)}\n`])('that holds %j is left alone', (content) => {
    const file = path(content);
    expect(() => writePidFile(file, { programs })).toThrow(PidFileTaken);
    expect(readFileSync(file, 'utf8')).toBe(content);
  });

  it('with the number of a living process that is such a program is left alone, and of another one written over', () => {
    const file = path(`${process.ppid}\n`);
    const name = readFileSync(`/proc/${process.ppid}/comm`, 'utf8').trim();
    expect(() => writePidFile(file, { programs: [name] })).toThrow(`names process ${process.ppid}, which runs`);
    expect(readFileSync(file, 'utf8')).toBe(`${process.ppid}\n`);
    using _ = writePidFile(file, { programs });
    expect(readFileSync(file, 'utf8')).toBe(`${process.pid}\n`);
  });

  it('with the number of a program that has ended, and whose parent has not asked yet, is written over', async () => {
    // The shell becomes one that never asks for its child.
    const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [text] = (await once(parent.stdout, 'data')) as [Buffer];
    const stat = (): string => readFileSync(`/proc/${Number(String(text))}/stat`, 'utf8');
    await expect.poll(stat).toMatch(/^\d+ \(sleep\) Z /);
    using _ = writePidFile(path(String(text)), { programs: ['sleep'] });
  });

  it('is written over though a stranger holds its read lock', async () => {
    const file = path('2147483647\n');
    await holder(file, 'read lock');
    using _ = writePidFile(file, { programs });
    expect(readFileSync(file, 'utf8')).toBe(`${process.pid}\n`);
  });

  it('that is none is left alone: a directory, a link, a device', () => {
    const [directory, link, target] = [path(), path(), path('1\n')];
    mkdirSync(directory);
    symlinkSync(target, link);
    for (const file of [directory, link, '/dev/null']) expect(() => writePidFile(file, { programs })).toThrow('is not a regular file');
    expect(readFileSync(target, 'utf8')).toBe('1\n');
  });

  it('that names another process by now, or is another file, stays', () => {
    const file = path();
    const written = writePidFile(file, { programs });
    writeFileSync(file, '1\n');
    written[Symbol.dispose]();
    expect(readFileSync(file, 'utf8')).toBe('1\n');
  });
});

describe.each(everyRights)('a pid file, written by %s', (rights) => {
  it('is written over when it is its own, and left alone when it is another user’s', (context) => {
    const actor = actAs(rights, context);
    const [own, other] = [actor.path('own'), actor.path('other')];
    for (const file of [own, other]) writeFileSync(file, '2147483647\n', { mode: 0o666 });
    if (process.geteuid?.() === 0) chownSync(own, actor.uid, -1);
    const result = actor.run(actor.probe('test/system/pid-file-process.ts', own, 'once'));
    expect(result).toMatchObject({ status: 0, stdout: 'written\n' });
    if (process.geteuid?.() !== 0) return;
    chownSync(other, actor.uid === 0 ? 1 : 0, -1);
    expect(actor.run(actor.probe('test/system/pid-file-process.ts', other, 'once')).stdout).toMatch(/belongs to another user/);
    expect(readFileSync(other, 'utf8')).toBe('2147483647\n');
  });
});
