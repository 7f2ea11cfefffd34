import {
  chownSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  accept,
  answers,
  bindFile,
  checkUnixPath,
  connectPath,
  datagramSocket,
  listen,
  maxUnixPath,
  peerCredentials,
  changeOwn,
  setBoundHook,
  streamSocket,
} from '../../src/system/unix-socket.ts';
import { descriptors } from '../ports/rig.ts';
import { bound, closing, newDirectory } from './sockets.ts';

const root = process.geteuid?.() === 0;
const own = process.geteuid?.() ?? -1;
const nobody = 65_534;
const onlyRoot = 'only root can give files away';

function modeOf(path: string): string {
  return (lstatSync(path).mode & 0o7777).toString(8);
}

describe('binding a socket file', () => {
  it.each([0o600, 0o666, 0o777, 0o000, 0o620])('gives it its mode, whatever the umask: %o', (mode) => {
    const umask = process.umask(0o077);
    onTestFinished(() => void process.umask(umask));
    const path = join(newDirectory(), 'socket');
    bindFile(closing(datagramSocket()), { path, mode });
    expect(modeOf(path)).toBe(mode.toString(8));
    expect(process.umask(0o077)).toBe(0o077);
  });

  it('says why it cannot be, and leaves the umask', () => {
    const umask = process.umask(0o027);
    onTestFinished(() => void process.umask(umask));
    const fd = closing(datagramSocket());
    const directory = newDirectory();
    expect(() => bindFile(fd, { path: join(directory, 'no', 'where'), mode: 0o600 })).toThrow('ENOENT');
    writeFileSync(join(directory, 'taken'), '');
    expect(() => bindFile(fd, { path: join(directory, 'taken'), mode: 0o600 })).toThrow('EADDRINUSE');
    expect(process.umask(0o027)).toBe(0o027);
  });

  it('refuses a file that was put in the place of the one that was bound, and leaves both as they are', () => {
    const directory = newDirectory();
    const gid = process.getgroups?.().at(-1) ?? 0;
    const other = join(directory, 'other');
    bound(other);
    const victim = join(directory, 'shadow');
    writeFileSync(victim, 'secret', { mode: 0o640 });
    const swaps = {
      link: (path: string) => symlinkSync(victim, path),
      file: (path: string) => linkSync(victim, path),
      'another socket': (path: string) => linkSync(other, path),
      nothing: () => undefined,
    };
    onTestFinished(() => setBoundHook(undefined));
    const before = [victim, other].map((path) => statSync(path));
    for (const [name, swap] of Object.entries(swaps)) {
      const path = join(directory, name);
      const moved = `${path}-moved`;
      setBoundHook(() => {
        renameSync(path, moved);
        swap(path);
      });
      expect(() => bindFile(closing(datagramSocket()), { path, mode: 0o666, gid })).toThrow(`${path} was replaced by another file`);
      expect(modeOf(moved)).toBe('0');
    }
    const after = [victim, other].map((path) => statSync(path));
    expect(after.map(({ uid, gid, mode }) => ({ uid, gid, mode }))).toEqual(before.map(({ uid, gid, mode }) => ({ uid, gid, mode })));
  });

  it('gives it its mode with its group, whatever the umask', () => {
    const umask = process.umask(0o077);
    onTestFinished(() => void process.umask(umask));
    const path = join(newDirectory(), 'socket');
    const gid = process.getgroups?.().at(-1) ?? 0;
    bindFile(closing(datagramSocket()), { path, mode: 0o660, gid });
    expect([modeOf(path), lstatSync(path).gid]).toEqual(['660', gid]);
  });

  it('changes the owner alone, or the group alone', ({ skip }) => {
    skip(!root, onlyRoot);
    const directory = newDirectory();
    const [user, group] = [join(directory, 'user'), join(directory, 'group')];
    bindFile(closing(datagramSocket()), { path: user, mode: 0o600, uid: nobody });
    bindFile(closing(datagramSocket()), { path: group, mode: 0o600, gid: nobody });
    expect([lstatSync(user), lstatSync(group)].map(({ uid, gid }) => [uid, gid])).toEqual([
      [nobody, 0],
      [0, nobody],
    ]);
  });

  it('leaves no descriptor', () => {
    const directory = newDirectory();
    const fd = closing(datagramSocket());
    const before = descriptors();
    bindFile(fd, { path: join(directory, 'a'), mode: 0o600, ...(root ? { uid: nobody } : { gid: process.getegid?.() }) });
    expect(descriptors()).toBe(before);
    setBoundHook((path) => renameSync(path, `${path}-moved`));
    onTestFinished(() => setBoundHook(undefined));
    const second = closing(datagramSocket());
    expect(() => bindFile(second, { path: join(directory, 'b'), mode: 0o600, gid: process.getegid?.() })).toThrow('was replaced');
    expect(descriptors()).toBe(before + 1);
  });
});

describe('restricting a socket of ours', () => {
  it('sets its mode, and touches nothing else: no link, no file, no socket of somebody else', () => {
    const directory = newDirectory();
    const path = join(directory, 'own');
    bindFile(closing(datagramSocket()), { path, mode: 0o666 });
    changeOwn(path, 0o700);
    expect(modeOf(path)).toBe('700');
    const file = join(directory, 'file');
    writeFileSync(file, '', { mode: 0o644 });
    symlinkSync(path, join(directory, 'link'));
    changeOwn(file, 0o777);
    changeOwn(join(directory, 'link'), 0o777);
    changeOwn(join(directory, 'nothing'), 0o777);
    expect([modeOf(path), modeOf(file)]).toEqual(['700', '644']);
    if (!root) return;
    chownSync(path, nobody, nobody);
    changeOwn(path, 0o777);
    expect(modeOf(path)).toBe('700');
  });
});

describe('a unix socket', () => {
  it('knows who is on its other side', () => {
    const path = join(newDirectory(), 'ctl');
    const server = closing(streamSocket());
    bindFile(server, { path, mode: 0o600 });
    listen(server, 4);
    connectPath(closing(streamSocket()), path);
    const connection = closing(accept(server) ?? -1);
    expect(peerCredentials(connection)).toEqual({ pid: process.pid, uid: own, gid: process.getegid?.() });
  });

  it('answers while somebody holds it', () => {
    const directory = newDirectory();
    const path = join(directory, 'far');
    const fd = datagramSocket();
    bindFile(fd, { path, mode: 0o600 });
    expect(answers(path, 'datagram')).toBe(true);
    // One that is connected to somebody else refuses strangers, and lives.
    connectPath(fd, path);
    expect(answers(path, 'datagram')).toBe(true);
    const before = descriptors();
    closeSync(fd);
    expect(answers(path, 'datagram')).toBe(false);
    expect(answers(join(directory, 'nothing'), 'stream')).toBe(false);
    expect(descriptors()).toBe(before - 1);
  });

  it('has a path of 107 octets at most, and octets are not letters', () => {
    const directory = newDirectory();
    const fits = join(directory, 'x'.repeat(maxUnixPath - directory.length - 1));
    bound(fits);
    expect(existsSync(fits)).toBe(true);
    expect(readdirSync(directory)[0]?.length).toBe(maxUnixPath - directory.length - 1);
    expect(() => checkUnixPath(`${fits}x`, 'shorten it')).toThrow(/108 octets.*107: shorten it/);
    expect(() => checkUnixPath(`/${'ä'.repeat(54)}`, '')).toThrow(expect.objectContaining({ code: 'path-too-long' }) as Error);
    expect(() => connectPath(closing(datagramSocket()), `${fits}x`)).toThrow(expect.objectContaining({ code: 'path-too-long' }) as Error);
  });

  it('that was bound is gone from this process when closed, but its file stays until removed', () => {
    const path = join(newDirectory(), 'far');
    const fd = datagramSocket();
    bindFile(fd, { path, mode: 0o600 });
    closeSync(fd);
    expect(lstatSync(path).isSocket()).toBe(true);
    expect(() => connectPath(closing(datagramSocket()), path)).toThrow('ECONNREFUSED');
    expect(readFileSync('/proc/net/unix', 'utf8')).not.toContain(path);
  });
});
