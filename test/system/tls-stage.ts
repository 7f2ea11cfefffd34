import { generateKeyPairSync } from 'node:crypto';
import { closeSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { selfSign } from '../../src/star/node/certificate.ts';
import { ownName } from '../../src/system/socket-name.ts';
import { StreamMemory } from '../../src/system/stream-socket.ts';
import { boundTcpSocket, connectTcp, tcpSocket } from '../../src/system/tcp-socket.ts';
import { TlsContext, type TlsIdentity, type TlsOptions } from '../../src/system/tls-context.ts';
import type { TlsSession } from '../../src/system/tls-session.ts';
import { accept, listen, type Fd } from '../../src/system/unix-socket.ts';
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
  const listener = boundTcpSocket('127.0.0.1', 0, 2200);
  listen(listener, 8);
  const near = tcpSocket('127.0.0.1', 2200);
  connectTcp(near, '127.0.0.1', ownName(listener).port);
  let far = accept(listener);
  while (far === undefined) far = accept(listener);
  closeSync(listener);
  return [near, far];
}

/** Returns two ends of a TCP connection on loopback, closed when the test ends. */
export function tcpPair(): [Fd, Fd] {
  const [near, far] = openPair();
  return [closing(near), closing(far)];
}

/** Continues the handshakes of both ends until neither waits for the other, and returns how they ended. */
export function shake(near: TlsSession, far: TlsSession): readonly unknown[] {
  const settled = (state: unknown): boolean => state === 'done' || typeof state === 'object';
  let states: readonly unknown[] = [near.handshake(), far.handshake()];
  for (let turn = 0; turn < 10_000 && !states.every(settled); turn++) states = [near.handshake(), far.handshake()];
  return states;
}

/** Returns two ends of a session whose handshake is done. */
export function sessions(nearContext = context(), farContext = context()): { near: TlsSession; far: TlsSession; fds: [Fd, Fd] } {
  const fds = tcpPair();
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
