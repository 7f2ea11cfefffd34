import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openLoop } from '../../src/system/loop.ts';
import { bindFile, connectPath, datagramSocket, type Fd } from '../../src/system/unix-socket.ts';

/** The readiness of a loop that is of no other use. */
export const { readiness } = openLoop({ frameSize: 100, breath: (work) => work() });

/** Returns a new directory, removed when the test ends. */
export function newDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'system-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Closes a descriptor when the test ends, and returns it. */
export function closing(fd: Fd): Fd {
  onTestFinished(() => closeSync(fd));
  return fd;
}

/** Returns a datagram socket bound at that path. */
export function bound(path: string): Fd {
  const fd = closing(datagramSocket());
  bindFile(fd, { path, mode: 0o600 });
  return fd;
}

/** Two datagram sockets, each connected to the other. */
export function datagramPair(): [Fd, Fd] {
  const directory = newDirectory();
  const [a, b] = [join(directory, 'a'), join(directory, 'b')];
  const pair: [Fd, Fd] = [bound(a), bound(b)];
  connectPath(pair[0], b);
  connectPath(pair[1], a);
  return pair;
}
