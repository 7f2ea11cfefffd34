import { closeSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { libc } from '../../src/system/libc.ts';
import { boundTcpSocket, tcpSocket } from '../../src/system/tcp-socket.ts';
import { descriptors } from '../ports/rig.ts';
import { closing } from './sockets.ts';

const IPPROTO_TCP = 6;
const TCP_USER_TIMEOUT = 18;

function userTimeout(fd: number): number {
  const value = Buffer.alloc(4);
  expect(libc.getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, value, Buffer.from([4, 0, 0, 0]))).toBe(0);
  return value.readInt32LE(0);
}

/** Where a socket is bound, as Node reads it. */
async function addressOf(fd: number): Promise<AddressInfo> {
  const server = createServer();
  server.listen({ fd });
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return address;
}

describe('a TCP socket', () => {
  it('has its user timeout', () => {
    expect(userTimeout(closing(tcpSocket('127.0.0.1', 3000)))).toBe(3000);
    expect(userTimeout(closing(tcpSocket('::1', 1234)))).toBe(1234);
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
