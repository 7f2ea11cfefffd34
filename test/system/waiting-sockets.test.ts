import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { hasSocket, holderOf, socketsAt } from '../../src/system/waiting-sockets.ts';

async function listen(host: string): Promise<number> {
  const server = createServer((socket: Socket) => void socket.destroy()).listen({ host, port: 0 });
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

it('finds what listens at a port, its address and its process', async () => {
  const port = await listen('127.0.0.2');
  const [found, ...more] = socketsAt('tcp', port);
  expect([found?.address, more]).toEqual(['127.0.0.2', []]);
  expect(holderOf(found?.inode ?? '')).toMatchObject({ pid: process.pid });
  expect([hasSocket(process.pid, found?.inode ?? ''), hasSocket(process.ppid, found?.inode ?? '')]).toEqual([true, false]);
  expect(socketsAt('udp', port)).toEqual([]);
});

it('finds what is bound to a port of UDP, and not what TCP has there', async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  const { port } = socket.address();
  expect(socketsAt('udp', port)).toMatchObject([{ address: '127.0.0.1' }]);
  expect(socketsAt('tcp', port)).toEqual([]);
});

it('knows no process of a socket that is not there', () => {
  expect(holderOf('0')).toBeUndefined();
  expect(hasSocket(process.pid, '0')).toBe(false);
});
