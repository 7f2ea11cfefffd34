import { once } from 'node:events';
import { createPublicKey } from 'node:crypto';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { boundTcpSocket, connectTcp, tcpSocket } from '../../src/system/tcp-socket.ts';
import { ownName } from '../../src/system/socket-name.ts';
import type { HandshakeState, TlsSession } from '../../src/system/tls-session.ts';
import { accept, listen, type Fd } from '../../src/system/unix-socket.ts';
import { frameOf } from '../ports/rig.ts';
import { closing } from './sockets.ts';
import { context, hear, heard, newIdentity, protocol, tell } from './tls-stage.ts';

/* The other TLS here is Node's own. */

const theirs = newIdentity();
/** Made by `openssl req -x509 -newkey ed25519 -nodes -days 36500 -subj /CN=other`. */
const ed25519Key = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINhCbKxsAAFc9JUQWynzs2xVASRTKE+8/tLFCqJXatnw
-----END PRIVATE KEY-----
`;
const ed25519Certificate = `-----BEGIN CERTIFICATE-----
MIIBNjCB6aADAgECAhRs7yxBO9Nxi73GQ5VXPjRn14sdADAFBgMrZXAwEDEOMAwG
A1UEAwwFb3RoZXIwIBcNMjYxMTMwMDQxMTQ3WhgPMjEyNjExMDYwNDExNDdaMBAx
DjAMBgNVBAMMBW90aGVyMCowBQYDK2VwAyEAd1A06EtF+ozKV2Gy4b8ei+ujXwuL
YVG6vMeJw/NTWk2jUzBRMB0GA1UdDgQWBBTx7CrdbDTnaiVZnX3X8CFGC3+2MzAf
BgNVHSMEGDAWgBTx7CrdbDTnaiVZnX3X8CFGC3+2MzAPBgNVHRMBAf8EBTADAQH/
MAUGAytlcANBAEx2mvC6U/981lsJ1GH3Dg8yB0TieMVX3TlL1frFLD67MUP2tDBW
Ktbj/SF1OfCCtvWFqTRStqLoHECujc4X+g8=
-----END CERTIFICATE-----
`;

const asNode = { cert: theirs.certificate, key: theirs.key, rejectUnauthorized: false, ALPNProtocols: [protocol] } as const;

/** For the errors of sockets that our side closes while octets are under way: they are not under test. */
const ignored = (): void => undefined;

/** Lets Node's own event loop run. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Resolves with the end of a handshake. */
async function shaken(session: TlsSession): Promise<HandshakeState> {
  for (;;) {
    const state = session.handshake();
    if (state === 'done' || typeof state === 'object') return state;
    await turn();
  }
}

/** Returns our session, disposed when the test ends. */
function ours(session: TlsSession): TlsSession {
  onTestFinished(() => session[Symbol.dispose]());
  return session;
}

/** Returns our accepting session of a connection from Node's client with those options, and all that this client hears. */
async function acceptFrom(options: object): Promise<{ session: TlsSession; client: TLSSocket; ended: Promise<string> }> {
  const listener = closing(boundTcpSocket('127.0.0.1', 0, 2200));
  listen(listener, 1);
  const client = connectTls({ host: '127.0.0.1', port: ownName(listener).port, ...asNode, ...options });
  // It may be reset after its first error.
  client.on('error', ignored);
  onTestFinished(() => void client.destroy());
  const ended = new Promise<string>((resolve) =>
    client.once('error', (error: Error) => resolve(error.message)).once('close', () => resolve('closed')),
  );
  let fd: Fd | undefined;
  while ((fd = accept(listener)) === undefined) await turn();
  return { session: ours(context().accept(closing(fd))), client, ended };
}

/** Returns our dialling session of a connection to Node's server with those options, and that server's side of it. */
async function connectTo(options: TlsOptions): Promise<{ session: TlsSession; served: Promise<TLSSocket> }> {
  const server = createTlsServer({ ...asNode, requestCert: true, ...options });
  onTestFinished(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const served = new Promise<TLSSocket>((resolve) => server.once('secureConnection', resolve));
  server.on('secureConnection', (socket) => socket.on('error', ignored));
  const fd = closing(tcpSocket('127.0.0.1', 2200));
  connectTcp(fd, '127.0.0.1', (server.address() as AddressInfo).port);
  return { session: ours(context().connect(fd, protocol)), served };
}

/** Expects octets to cross both ways, and the end to be confirmed both ways. */
async function crosses(session: TlsSession, socket: TLSSocket): Promise<void> {
  const octets = frameOf(1_000_000);
  const taken: Buffer[] = [];
  socket.on('data', (data: Buffer) => taken.push(data));
  socket.write(octets);
  const got: Uint8Array[] = [];
  for (let at = 0, count = 0; at < octets.length || count < octets.length;) {
    const sent = at < octets.length ? tell(session, octets.subarray(at)) : 'EAGAIN';
    if (typeof sent === 'number') at += sent;
    const some = hear(session);
    if (some instanceof Uint8Array) {
      got.push(some);
      count += some.length;
    }
    await turn();
  }
  expect(Buffer.concat(got).equals(octets)).toBe(true);
  while (taken.reduce((sum, { length }) => sum + length, 0) < octets.length) await turn();
  expect(Buffer.concat(taken).equals(octets)).toBe(true);
  const ended = once(socket, 'end');
  session.end();
  await ended;
  socket.end();
  expect(await heard(session)).toBe(0);
}

describe('a TLS session with the TLS of Node', () => {
  it('takes its client, and is taken by it', async () => {
    const { session, client } = await acceptFrom({});
    expect(await shaken(session)).toBe('done');
    expect(session.spki).toEqual(new Uint8Array(theirs.spki));
    await crosses(session, client);
    expect(client.getProtocol()).toBe('TLSv1.3');
  });

  it('dials its server, and is taken by it', async () => {
    const { session, served } = await connectTo({});
    expect(await shaken(session)).toBe('done');
    expect(session.spki).toEqual(new Uint8Array(theirs.spki));
    const socket = await served;
    expect(socket.alpnProtocol).toBe(protocol);
    await crosses(session, socket);
  });

  it.for(['TLS_AES_128_GCM_SHA256', 'TLS_CHACHA20_POLY1305_SHA256'])('encrypts by %s', async (ciphers) => {
    const { session, client } = await acceptFrom({ ciphers });
    expect(await shaken(session)).toBe('done');
    await crosses(session, client);
    expect(client.getCipher().standardName).toBe(ciphers);
  });

  it('takes a key of Ed25519, in a certificate of another program', async () => {
    const { session } = await acceptFrom({ key: ed25519Key, cert: ed25519Certificate });
    expect(await shaken(session)).toBe('done');
    expect(session.spki).toEqual(new Uint8Array(createPublicKey(ed25519Key).export({ type: 'spki', format: 'der' })));
  });

  it.for([
    ['another protocol', { ALPNProtocols: ['h2'] }, 'TLS failed: no application protocol', /no.application.protocol/i],
    ['no protocol', { ALPNProtocols: undefined }, 'the far end names no protocol of ours (ALPN)', undefined],
    ['TLS 1.2', { maxVersion: 'TLSv1.2' }, 'TLS failed: unsupported protocol', /protocol.version/i],
    ['AES-256', { ciphers: 'TLS_AES_256_GCM_SHA384' }, 'TLS failed: no shared cipher', /handshake.failure/i],
    ['no certificate', { cert: undefined, key: undefined }, 'TLS failed: peer did not return a certificate', /certificate.required/i],
  ] as const)('refuses a client with %s', async ([, options, reason, heardThere]) => {
    const { session, ended, client } = await acceptFrom(options);
    client.on('secureConnect', () => client.write('let me in'));
    expect(await shaken(session)).toEqual({ failed: reason });
    expect(session.spki).toBeUndefined();
    // A refused one can be neither heard nor told anything.
    expect([hear(session), tell(session, frameOf(60))]).toEqual([reason, reason]);
    if (heardThere) expect(await ended).toMatch(heardThere);
  });

  it.for([
    ['another protocol', { ALPNProtocols: ['h2'] }, /^TLS failed: .*alert no application protocol$/],
    ['no protocol', { ALPNProtocols: undefined }, /^the far end names no protocol of ours \(ALPN\)$/],
    ['TLS 1.2', { maxVersion: 'TLSv1.2' }, /^TLS failed: tlsv1 alert protocol version$/],
  ] as const)('refuses a server with %s', async ([, options, reason]) => {
    const { session } = await connectTo(options);
    expect(await shaken(session)).toEqual({ failed: expect.stringMatching(reason) as string });
    expect(session.spki).toBeUndefined();
  });

  it('hears of a server that does not take its certificate when it receives', async () => {
    const { session } = await connectTo({ rejectUnauthorized: true });
    expect(await shaken(session)).toBe('done');
    expect(await heard(session)).not.toBeInstanceOf(Uint8Array);
  });

  it('fails when there is no TLS', async () => {
    const refuse = (socket: Socket): unknown => socket.on('error', ignored).end('HTTP/1.1 400 Bad Request\r\n\r\n');
    const server = createServer(refuse).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const fd = closing(tcpSocket('127.0.0.1', 2200));
    connectTcp(fd, '127.0.0.1', (server.address() as AddressInfo).port);
    expect(await shaken(ours(context().connect(fd, protocol)))).toEqual({ failed: 'TLS failed: wrong version number' });
  });

  it.for([
    ['an HTTP request', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'TLS failed: http request'],
    ['an end', '', 'the far end ended the connection without the end of TLS'],
  ])('fails when a client sends %s', async ([, text = '', failed]) => {
    const listener = closing(boundTcpSocket('127.0.0.1', 0, 2200));
    listen(listener, 1);
    const client = connect(ownName(listener).port, '127.0.0.1', () => client.end(text));
    client.on('error', ignored);
    onTestFinished(() => void client.destroy());
    let fd: Fd | undefined;
    while ((fd = accept(listener)) === undefined) await turn();
    expect(await shaken(ours(context().accept(closing(fd))))).toEqual({ failed });
  });
});
