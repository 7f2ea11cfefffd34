import { chmodSync, closeSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectOwned } from '../../src/system/owned-socket.ts';
import { bindFile, datagramSocket, listen, streamSocket } from '../../src/system/unix-socket.ts';
import { descriptors } from '../ports/rig.ts';
import { actAs } from '../rights.ts';
import { bound, closing, newDirectory } from './sockets.ts';

const own = process.geteuid?.() ?? 0;
const other = own + 1;

describe('connecting to a socket that shall be somebody’s', () => {
  it('does so when it is', () => {
    const path = join(newDirectory(), 'far');
    bound(path);
    expect(() => connectOwned(closing(datagramSocket()), path, own)).not.toThrow();
  });

  it('refuses a link, a file, a directory, a stream, and what is not there', () => {
    const directory = newDirectory();
    const path = join(directory, 'far');
    bound(path);
    symlinkSync(path, join(directory, 'link'));
    writeFileSync(join(directory, 'file'), '');
    mkdirSync(join(directory, 'directory'));
    const stream = closing(streamSocket());
    bindFile(stream, { path: join(directory, 'stream'), mode: 0o600 });
    listen(stream, 1);
    const fd = closing(datagramSocket());
    const before = descriptors();
    for (const name of ['link', 'file', 'directory']) {
      expect(() => connectOwned(fd, join(directory, name), own)).toThrow('is not a socket');
    }
    expect(() => connectOwned(fd, join(directory, 'stream'), own)).toThrow('EPROTOTYPE');
    expect(() => connectOwned(fd, join(directory, 'nothing'), own)).toThrow('ENOENT');
    expect(descriptors()).toBe(before);
  });

  it("refuses another user's, also by a second name of it", () => {
    const directory = newDirectory();
    const path = join(directory, 'far');
    bound(path);
    linkSync(path, join(directory, 'second'));
    for (const name of [path, join(directory, 'second')]) {
      expect(() => connectOwned(closing(datagramSocket()), name, other)).toThrow(`belongs to uid ${own}, not to its client, uid ${other}`);
    }
  });

  it('says of one that nobody holds, or that this user may not write to, which it is and what to do', (context) => {
    const dead = join(newDirectory(), 'dead');
    const fd = datagramSocket();
    bindFile(fd, { path: dead, mode: 0o600 });
    closeSync(fd);
    expect(() => connectOwned(closing(datagramSocket()), dead, own)).toThrow(
      `cannot connect to the client's socket ${dead}: connection refused (ECONNREFUSED); no process has it open any more`,
    );
    const actor = actAs('a user in two groups', context);
    const path = actor.path('closed');
    // Its owner may not write either.
    bindFile(closing(datagramSocket()), { path, mode: 0o400 });
    chmodSync(actor.directory, 0o755);
    const { stdout } = actor.run(actor.probe('test/system/connect-process.ts', path, String(own)));
    expect(stdout).toBe(
      `cannot connect to the client's socket ${path}: permission denied (EACCES); its mode is 0400 and its owner uid ${own};` +
        ` give it a mode by which uid ${actor.uid} may write, or run the switch as root or as uid ${own}\n`,
    );
  });

  it('refuses a uid that stands for many in a user namespace: files and abstract names of it prove nothing', (context) => {
    const actor = actAs('a user namespace with one group', context);
    const path = join(newDirectory(), 'far');
    bound(path);
    for (const name of [path, '@']) {
      const { stdout } = actor.run(actor.probe('test/system/connect-process.ts', name, '65534'));
      expect(stdout).toMatch(
        /^uid 65534 stands for all users that the switch's user namespace does not map, so it does not identify the client; map /,
      );
    }
  });
});
