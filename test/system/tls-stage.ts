import { generateKeyPairSync } from 'node:crypto';
import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';
import { selfSign } from '../../src/star/node/certificate.ts';
import { ownName } from '../../src/system/socket-name.ts';
import { StreamMemory } from '../../src/system/stream-socket.ts';
import { boundTcpSocket, connectTcp, tcpSocket } from '../../src/system/tcp-socket.ts';
import { TlsContext, type TlsIdentity, type TlsOptions } from '../../src/system/tls-context.ts';
import type { TlsSession } from '../../src/system/tls-session.ts';
import { accept, bindFile, connectPath, listen, streamSocket, type Fd } from '../../src/system/unix-socket.ts';
import { closing } from './sockets.ts';

/** The protocol of tests. */
export const protocol = 'etherloom/link/1';

/** Returns a new key and its certificate. */
export function newIdentity(): TlsIdentity & { readonly spki: Uint8Array } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { key, certificate: selfSign(privateKey), spki: publicKey.export({ type: 'spki', format: 'der' }) };
}

/** Returns a context, disposed when the test ends. */
export function context(options: Partial<TlsOptions> & { readonly identity?: TlsIdentity } = {}): TlsContext {
  const { identity = newIdentity(), alpn = [protocol], ...rest } = options;
  const made = new TlsContext(identity, { alpn, ...rest });
  onTestFinished(() => made[Symbol.dispose]());
  return made;
}

/** Returns two ends of a TCP connection on loopback; the caller closes them. */
export function openPair(): [Fd, Fd] {
  const bound = boundTcpSocket('127.0.0.1', 0, 2200);
  listen(bound, 8);
  const near = tcpSocket('127.0.0.1', 2200);
  connectTcp(near, '127.0.0.1', ownName(bound).port);
  let far = accept(bound);
  while (far === undefined) far = accept(bound);
  closeSync(bound);
  return [near, far];
}

let listener: { readonly fd: Fd; readonly path: string } | undefined;

afterAll(() => {
  if (!listener) return;
  closeSync(listener.fd);
  rmSync(dirname(listener.path), { recursive: true, force: true });
});

/** Returns two ends of a connection of unix sockets, where octets that were sent have arrived; the caller closes them. */
export function openUnixPair(): [Fd, Fd] {
  listener ??= listenAt(join(mkdtempSync(join(tmpdir(), 'tls-')), 's'));
  const near = streamSocket();
  connectPath(near, listener.path);
  const far = accept(listener.fd);
  if (far === undefined) throw new Error('a connection waits to be accepted');
  return [near, far];
}

/** Returns such ends, closed when the test ends. */
export function unixPair(): [Fd, Fd] {
  const [near, far] = openUnixPair();
  return [closing(near), closing(far)];
}

function listenAt(path: string): { fd: Fd; path: string } {
  const fd = streamSocket();
  bindFile(fd, { path, mode: 0o600 });
  listen(fd, 8);
  return { fd, path };
}

/** Continues the handshakes of both ends until neither waits for the other, and returns how they ended. */
export function shake(near: TlsSession, far: TlsSession): readonly unknown[] {
  const settled = (state: unknown): boolean => state === 'done' || typeof state === 'object';
  let states: readonly unknown[] = [near.handshake(), far.handshake()];
  for (let turn = 0; turn < 1_000_000 && !states.every(settled); turn++) states = [near.handshake(), far.handshake()];
  return states;
}

/** Returns two ends of a session whose handshake is done. */
export function sessions(nearContext = context(), farContext = context()): { near: TlsSession; far: TlsSession; fds: [Fd, Fd] } {
  const fds = unixPair();
  const near = nearContext.connect(fds[0], protocol);
  const far = farContext.accept(fds[1]);
  onTestFinished(() => {
    near[Symbol.dispose]();
    far[Symbol.dispose]();
  });
  shake(near, far);
  return { near, far, fds };
}

/** Memory for one call. */
const scratch = new StreamMemory(2 ** 20);

/** Sends octets, and returns the result of the call. */
export function tell(session: TlsSession, octets: Uint8Array): number | string {
  scratch.octets.set(octets);
  return scratch.sendTo(session, 0, octets.length);
}

/** Returns the octets that one call receives, or its result if those are none. */
export function hear(session: TlsSession, room = 65_536): Uint8Array | number | string {
  const count = scratch.receiveFrom(session, 0, room);
  return typeof count === 'number' && count > 0 ? scratch.octets.slice(0, count) : count;
}

/** Returns what `hear` does, once it is not EAGAIN. */
export async function heard(session: TlsSession, room?: number): Promise<Uint8Array | number | string> {
  for (;;) {
    const result = hear(session, room);
    if (result !== 'EAGAIN') return result;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
