import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';
import { WebSocketListener, type WebSocketListenerOptions } from '../../src/ports/websocket.ts';
import { parseWebSocketAddress } from '../../src/ports/websocket-address.ts';
import { Ports, using, type Rig } from './rig.ts';

/** Returns a listener on a port that the system chose, and who is given its ports. */
export async function listenAt(
  rig: Rig,
  options: Partial<WebSocketListenerOptions> & { readonly at?: string } = {},
): Promise<{ ports: Ports; listener: WebSocketListener }> {
  const ports = new Ports();
  const listen = parseWebSocketAddress(options.at ?? '127.0.0.1:0');
  return { ports, listener: using(await WebSocketListener.open({ listen, acceptor: ports, ...options }, rig.environment)) };
}

/** Returns a client that is let in, and what it writes to. */
export async function dial(url: string, options: ClientOptions = {}): Promise<{ client: WebSocket; socket: Socket }> {
  const client = new WebSocket(url, { perMessageDeflate: false, ...options });
  onTestFinished(() => client.terminate());
  client.on('error', () => undefined);
  const upgraded = once(client, 'upgrade') as Promise<[IncomingMessage]>;
  const opened = once(client, 'open');
  const [{ socket }] = await upgraded;
  await opened;
  return { client, socket };
}

/** Returns the status with which a client is refused. */
export async function refusalOf(url: string, options: ClientOptions = {}): Promise<number | undefined> {
  const client = new WebSocket(url, options);
  client.on('error', () => undefined);
  const [, response] = (await once(client, 'unexpected-response')) as [unknown, IncomingMessage];
  client.terminate();
  return response.statusCode;
}
