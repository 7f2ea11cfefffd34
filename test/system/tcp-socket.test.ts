import { closeSync, writeSync } from 'node:fs';
import { createServer, Socket, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { libc } from '../../src/system/libc.ts';
import { answersItself, ownName, peerName } from '../../src/system/socket-name.ts';
import { boundTcpSocket, closeAfterReading, connectTcp, peek, setLeastReadable, tcpSocket } from '../../src/system/tcp-socket.ts';
import { accept, listen } from '../../src/system/unix-socket.ts';
import { descriptors } from '../ports/rig.ts';
import { closing } from './sockets.ts';

const AF_INET = 2;
const SOCK_STREAM = 1;
const IPPROTO_TCP = 6;
const SOL_SOCKET = 1;
const SO_KEEPALIVE = 9;
const TCP_NODELAY = 1;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_USER_TIMEOUT = 18;
const TCP_RTO_MAX_MS = 44;

function option(fd: number, level: number, name: number): number {
  const value = Buffer.alloc(4);
  expect(libc.getsockopt(fd, level, name, value, Buffer.from([4, 0, 0, 0]))).toBe(0);
  return value.readInt32LE(0);
}

/** Returns where a socket is bound, as Node reads it. */
async function addressOf(fd: number): Promise<AddressInfo> {
  const server = createServer();
  server.listen({ fd });
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return address;
}

/** Returns the two ends of a connection. The caller closes them. */
function pair(): { near: number; far: number } {
  const listener = closing(boundTcpSocket('127.0.0.1', 0, 3000));
  listen(listener, 1);
  const near = tcpSocket('127.0.0.1', 3000);
  connectTcp(near, '127.0.0.1', ownName(listener).port);
  return { near, far: accept(listener) ?? -1 };
}

/** Returns the question whether a descriptor is readable, for `poll`. */
function pollFor(fd: number): Buffer {
  const question = Buffer.alloc(8);
  question.writeInt32LE(fd);
  question.writeInt16LE(1, 4);
  return question;
}

describe('a TCP socket', () => {
  it('has its user timeout', () => {
    expect(option(closing(tcpSocket('127.0.0.1', 3000)), IPPROTO_TCP, TCP_USER_TIMEOUT)).toBe(3000);
    expect(option(closing(tcpSocket('::1', 1234)), IPPROTO_TCP, TCP_USER_TIMEOUT)).toBe(1234);
  });

  it('waits for nothing before it sends, and is asked for a sign of life each second of silence; so are those accepted from it', () => {
    const listener = closing(boundTcpSocket('127.0.0.1', 0, 3000));
    listen(listener, 1);
    const near = closing(tcpSocket('127.0.0.1', 3000));
    connectTcp(near, '127.0.0.1', ownName(listener).port);
    const far = closing(accept(listener) ?? -1);
    for (const fd of [near, far]) {
      expect(option(fd, IPPROTO_TCP, TCP_NODELAY)).not.toBe(0);
      expect(option(fd, SOL_SOCKET, SO_KEEPALIVE)).not.toBe(0);
      expect([TCP_KEEPIDLE, TCP_KEEPINTVL].map((name) => option(fd, IPPROTO_TCP, name))).toEqual([1, 1]);
      expect(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT)).toBe(3000);
    }
    expect(peerName(near)).toEqual(ownName(listener));
    expect(peerName(far)).toEqual(ownName(near));
    expect(answersItself(near)).toBe(false);
  });

  it('sends again within a second during an outage, where the kernel has an option for that; so do those accepted from it', () => {
    const usual = closing(libc.socket(AF_INET, SOCK_STREAM, 0));
    // Linux 6.15 brought it.
    const isKnown = libc.getsockopt(usual, IPPROTO_TCP, TCP_RTO_MAX_MS, Buffer.alloc(4), Buffer.from([4, 0, 0, 0])) === 0;
    const longest = (fd: number): number | undefined => (isKnown ? option(fd, IPPROTO_TCP, TCP_RTO_MAX_MS) : undefined);
    const { near, far } = pair();
    expect([near, far].map((fd) => longest(closing(fd)))).toEqual(isKnown ? [1000, 1000] : [undefined, undefined]);
  });

  it('knows when it was connected to itself', () => {
    const fd = closing(boundTcpSocket('127.0.0.1', 0, 3000));
    connectTcp(fd, '127.0.0.1', ownName(fd).port);
    expect(answersItself(fd)).toBe(true);
  });

  it.each([
    ['::1', '::1', '::1'],
    ['::ffff:127.0.0.1', '127.0.0.1', '127.0.0.1'],
  ])('is named at %s as %s', (address, to, name) => {
    const listener = closing(boundTcpSocket(address, 0, 3000));
    listen(listener, 1);
    const near = closing(tcpSocket(to, 3000));
    connectTcp(near, to, ownName(listener).port);
    expect(ownName(listener).host).toBe(name);
    expect(peerName(closing(accept(listener) ?? -1)).host).toBe(name);
    expect(() => peerName(listener)).toThrow('ENOTCONN');
  });

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['::1', '::1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['::', '::'],
    ['::ffff:127.0.0.1', '::ffff:127.0.0.1'],
  ])('is bound to %s', async (given, address) => {
    const bound = await addressOf(boundTcpSocket(given, 0, 3000));
    expect(bound.address).toBe(address);
    expect(bound.port).toBeGreaterThan(0);
  });

  it('takes connections of both families at ::', () => {
    const listener = closing(boundTcpSocket('::', 0, 3000));
    listen(listener, 2);
    for (const address of ['127.0.0.1', '::1']) {
      const near = closing(tcpSocket(address, 3000));
      connectTcp(near, address, ownName(listener).port);
      expect(peerName(closing(accept(listener) ?? -1)).host).toBe(address);
    }
  });

  it('shows the octets that wait without taking them, and the end', () => {
    const { near, far } = pair();
    expect(peek(far, 6)).toBe('nothing');
    writeSync(near, Buffer.from('a frame'));
    expect(peek(far, 6)).toEqual(new Uint8Array(Buffer.from('a fram')));
    expect(peek(far, 100)).toEqual(new Uint8Array(Buffer.from('a frame')));
    closeSync(near);
    expect(peek(far, 1)).toEqual(new Uint8Array(Buffer.from('a')));
    closeAfterReading(far);
  });

  it('shows the end of a connection that has nothing to read', () => {
    const { near, far } = pair();
    closeSync(near);
    expect(peek(far, 6)).toBe('end');
    closeSync(far);
  });

  it('counts as readable when enough octets wait, or at the end', () => {
    const { near, far } = pair();
    const ready = (): number => libc.poll(pollFor(far), 1, 0);
    setLeastReadable(far, 6);
    writeSync(near, new Uint8Array(5));
    expect(ready()).toBe(0);
    writeSync(near, new Uint8Array(1));
    expect(ready()).toBe(1);
    setLeastReadable(far, 7);
    expect(ready()).toBe(0);
    closeSync(near);
    expect(ready()).toBe(1);
    closeSync(far);
  });

  it('gives the far end its last octets when it is closed with others unread', async () => {
    const { near, far } = pair();
    writeSync(near, new Uint8Array(10_000));
    writeSync(far, Buffer.from('bye'));
    closeAfterReading(far);
    const socket = new Socket({ fd: near });
    const [said] = (await once(socket, 'data')) as [Buffer];
    expect(said.toString()).toBe('bye');
    await once(socket, 'close');
  });

  it('says when its address is taken or not ours, and leaves no descriptor', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const before = descriptors();
    expect(() => closeSync(boundTcpSocket('127.0.0.1', port, 3000))).toThrow('EADDRINUSE');
    expect(() => closeSync(boundTcpSocket('192.0.2.1', 0, 3000))).toThrow('EADDRNOTAVAIL');
    expect(descriptors()).toBe(before);
    await new Promise((resolve) => server.close(resolve));
  });
});
