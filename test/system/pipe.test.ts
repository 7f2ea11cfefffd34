import { spawnSync } from 'node:child_process';
import { closeSync, readFileSync, readSync, writeSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openPipe, ownEnd, sharedEnd } from '../../src/system/pipe.ts';
import { StreamMemory } from '../../src/system/stream-socket.ts';
import { descriptors } from '../ports/rig.ts';

const O_NONBLOCK = 0o4000;

function waits(fd: number): boolean {
  return (parseInt(/flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '', 8) & O_NONBLOCK) === 0;
}

describe('a pipe', () => {
  it('is not known to programs that are started beside', () => {
    const { read, write } = openPipe();
    const { stdout } = spawnSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' });
    expect(stdout).not.toContain(/ino:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${read}`, 'utf8'))?.[1] ?? 'nothing');
    closeSync(read);
    closeSync(write);
  });

  it('has one end that does not wait, while the other does', () => {
    const { read, write } = openPipe();
    using end = ownEnd(read);
    expect([waits(end.fd), waits(write)]).toEqual([false, true]);
    expect(() => readSync(end.fd, Buffer.alloc(1))).toThrow(/EAGAIN/);
    closeSync(write);
  });
});

describe('an end that others share', () => {
  it('is read without waiting, while they go on waiting, and is given back', () => {
    const before = descriptors();
    const { read, write } = openPipe();
    const end = sharedEnd(read, 'read');
    expect([waits(end.fd), waits(read)]).toEqual([false, true]);
    writeSync(write, 'x');
    expect(readSync(end.fd, Buffer.alloc(9))).toBe(1);
    end[Symbol.dispose]();
    closeSync(read);
    closeSync(write);
    expect(descriptors()).toBe(before);
  });

  it('that cannot be opened anew is read and written without waiting, while it waits for others', () => {
    const { read, write } = openPipe();
    onTestFinished(() => [read, write].forEach((fd) => closeSync(fd)));
    const size = 200_000;
    const memory = new StreamMemory(size);
    expect(memory.receive(read, 0, 100, 'waiting')).toBe('EAGAIN');
    const room = memory.send(write, 0, size, 'waiting');
    expect(room).toBe(65_536);
    expect(memory.send(write, 0, size, 'waiting')).toBe('EAGAIN');
    expect(memory.receive(read, 0, size, 'waiting')).toBe(room);
    expect([waits(read), waits(write)]).toEqual([true, true]);
  });

  it('whose reader is gone is there all the same, to be told so', () => {
    const { read, write } = openPipe();
    closeSync(read);
    const end = sharedEnd(write, 'write');
    expect(waits(end.fd)).toBe(false);
    expect(() => writeSync(end.fd, 'x')).toThrow(/EPIPE/);
    expect(new StreamMemory(100).send(write, 0, 1, 'waiting')).toBe('EPIPE');
    end[Symbol.dispose]();
    expect(waits(write)).toBe(true);
    closeSync(write);
  });
});
