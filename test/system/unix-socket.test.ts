import {
  chownSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
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
  connectPath,
  datagramSocket,
  listen,
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
    // A socket that is connected to another one refuses strangers, and lives.
    connectPath(fd, path);
    expect(answers(path, 'datagram')).toBe(true);
    const before = descriptors();
    closeSync(fd);
    expect(answers(path, 'datagram')).toBe(false);
    expect(answers(join(directory, 'nothing'), 'stream')).toBe(false);
    expect(descriptors()).toBe(before - 1);
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

describe('a socket with a long path', () => {
  const longest = 107;

  /** Returns whether the kernel lists a socket by this name. */
  function isListed(name: string): boolean {
    return readFileSync('/proc/net/unix', 'utf8')
      .split('\n')
      .some((line) => line.endsWith(` ${name}`));
  }

  /** Returns a directory whose path has that many octets. */
  function directoryOf(octets: number): string {
    const parent = newDirectory();
    const directory = join(parent, 'x'.repeat(octets - parent.length - 1));
    mkdirSync(directory);
    return directory;
  }

  it('is bound by its own path up to 107 octets, and beyond through its directory', () => {
    const directory = directoryOf(longest - 4);
    for (const name of ['far', 'very']) bound(join(directory, name));
    expect(readdirSync(directory).sort()).toEqual(['far', 'very']);
    expect(isListed(join(directory, 'far'))).toBe(true);
    expect(isListed(join(directory, 'very'))).toBe(false);
    connectPath(closing(datagramSocket()), join(directory, 'far'));
    connectPath(closing(datagramSocket()), join(directory, 'very'));
  });

  it('is bound by its real path, whatever name was given: that is what systemd-tmpfiles compares', () => {
    const directory = newDirectory();
    symlinkSync(directory, `${directory}/link`);
    bound(`${directory}/link/link/./far`);
    expect(isListed(join(directory, 'far'))).toBe(true);
  });

  it('is counted in octets, not in letters', () => {
    const directory = directoryOf(80);
    bound(join(directory, 'ä'.repeat(20)));
    expect(readdirSync(directory)).toEqual(['ä'.repeat(20)]);
    expect(isListed(join(directory, 'ä'.repeat(20)))).toBe(false);
  });

  it('has a mode, an owner, and an answer, and costs no descriptor', () => {
    const path = join(directoryOf(200), 'far');
    const before = descriptors();
    expect(answers(path, 'datagram')).toBe(false);
    const fd = closing(datagramSocket());
    bindFile(fd, { path, mode: 0o620, gid: process.getegid?.() });
    expect([modeOf(path), lstatSync(path).gid]).toEqual(['620', process.getegid?.()]);
    expect(answers(path, 'datagram')).toBe(true);
    expect(() => connectPath(closing(datagramSocket()), `${path}-none`)).toThrow(`cannot connect to ${path}-none: no such file`);
    expect(descriptors()).toBe(before + 2);
  });

  it('is not given to another file that was put in its place', ({ skip }) => {
    skip(!root, onlyRoot);
    const path = join(directoryOf(200), 'far');
    bound(`${path}-other`);
    setBoundHook(() => {
      renameSync(path, `${path}-moved`);
      linkSync(`${path}-other`, path);
    });
    onTestFinished(() => setBoundHook(undefined));
    const fd = closing(datagramSocket());
    expect(() => bindFile(fd, { path, mode: 0o600, uid: nobody })).toThrow('was replaced by another file');
    expect(lstatSync(path).uid).toBe(0);
  });

  it('has a last part that its name holds', () => {
    const directory = directoryOf(150);
    bound(join(directory, 'x'.repeat(87)));
    expect(() => bound(join(directory, 'x'.repeat(88)))).toThrow(
      expect.objectContaining({ code: 'path-too-long', message: expect.stringContaining('choose a shorter name') as string }) as Error,
    );
    expect(readdirSync(directory)).toEqual(['x'.repeat(87)]);
  });
});
