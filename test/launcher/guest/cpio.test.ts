import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCpio, type CpioEntry } from '../../../src/launcher/guest/cpio.ts';
import { missing } from './real-guest.ts';

const field = (value: number): string => value.toString(16).padStart(8, '0');
const noBusybox = missing('busybox');

describe('encodeCpio', () => {
  it('writes header, name and contents at multiples of four, and the trailer', () => {
    const archive = encodeCpio([{ kind: 'file', path: 'init', mode: 0o755, contents: Buffer.from('hello') }]);
    const header = (inode: number, mode: number, size: number, nameSize: number): string =>
      '070701' + [inode, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, nameSize, 0].map(field).join('');
    expect(archive.toString('latin1')).toBe(
      `${header(1, 0o100755, 5, 5)}init\0${'\0'.repeat(1)}hello\0\0\0${header(0, 0, 0, 11)}TRAILER!!!\0${'\0'.repeat(3)}`,
    );
  });

  it('gives a device its numbers and a link its target as contents', () => {
    const archive = encodeCpio([
      { kind: 'character-device', path: 'console', mode: 0o600, major: 5, minor: 1 },
      { kind: 'link', path: 'sh', target: 'busybox' },
    ]).toString('latin1');
    expect(archive.slice(14, 22)).toBe(field(0o020600));
    expect(archive.slice(78, 94)).toBe(field(5) + field(1));
    const second = archive.indexOf('070701', 6);
    expect(archive.slice(second + 14, second + 22)).toBe(field(0o120777));
    expect(archive.slice(second + 116, second + 123)).toBe('busybox');
  });

  it('is a whole number of words for any names and contents', () => {
    const entry = fc.record({
      kind: fc.constant('file' as const),
      path: fc.string({ minLength: 1 }),
      mode: fc.nat(0o777),
      contents: fc.uint8Array({ maxLength: 100 }),
    });
    fc.assert(fc.property(fc.array(entry), (entries: CpioEntry[]) => encodeCpio(entries).length % 4 === 0));
  });

  it.skipIf(noBusybox !== undefined)(`is read by busybox as it was meant ${noBusybox ?? ''}`, () => {
    const input = encodeCpio([
      { kind: 'directory', path: 'bin', mode: 0o755 },
      { kind: 'file', path: 'bin/run', mode: 0o700, contents: Buffer.alloc(1001) },
      { kind: 'link', path: 'bin/sh', target: 'busybox' },
      { kind: 'character-device', path: 'console', mode: 0o600, major: 5, minor: 1 },
    ]);
    const listing = spawnSync('busybox', ['cpio', '-tv'], { input }).stdout.toString();
    expect(listing.split('\n').map((line) => line.replaceAll(/\s+/g, ' ').replace(/ [\d-]+ [\d:]+ /, ' '))).toEqual([
      'drwxr-xr-x 0/0 0 bin',
      '-rwx------ 0/0 1001 bin/run',
      'lrwxrwxrwx 0/0 0 bin/sh -> busybox',
      'crw------- 0/0 0 console',
      '',
    ]);
  });
});
