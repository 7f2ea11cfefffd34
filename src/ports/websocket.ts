/**
 * Frames over WebSocket, for guests and programs in browsers: one binary message is one Ethernet frame without FCS, as v86 and its relays
 * send them. [RFC 6455]
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Timer } from '../clock.ts';
import { assert } from '../errors.ts';
import { boundTcpSocket } from '../system/tcp-socket.ts';
import type { BacklogLimits } from './pure/backlog.ts';
import type { PortEnvironment } from './environment.ts';
import { onceAMinute } from './once-a-minute.ts';
import type { Peer } from './pure/peer.ts';
import { denialText, type Acceptor, type Listener } from './pure/port.ts';
import { isLoopback } from './exposure.ts';
import { formatTcpAddress, resolveHost } from './tcp-address.ts';
import { tcpUserTimeout } from './stream/stream-endpoint.ts';
import { checkWebSocketExposure, type WebSocketAddress } from './websocket-address.ts';
import { longestMessage, WebSocketPort } from './websocket-port.ts';

/** The address for connections, and their limit. */
export interface WebSocketListenerOptions {
  readonly listen: WebSocketAddress;
  readonly acceptor: Acceptor;
  /** The most connections at a time; further ones are refused. Default: 256. */
  readonly maxConnections?: number;
  /** The bounds of frames that wait for each client to read. */
  readonly backlog?: BacklogLimits;
}

/** How long a client may take to ask for its upgrade, in milliseconds, and how many may be waiting to ask. */
const askTimeout = 10_000;
const maxAsking = 128;

/** A WebSocket server: each connection is a port, and ends with it. */
export class WebSocketListener implements Listener {
  readonly address: string;
  /** The port that was bound, even if the system chose it. */
  readonly port: number;
  readonly #server: Server;
  readonly #door: Door;

  private constructor(server: Server, door: Door, { path, host }: WebSocketAddress) {
    const bound = server.address();
    assert(bound !== null && typeof bound === 'object', 'a TCP server has an address');
    this.port = bound.port;
    this.address = `ws://${formatTcpAddress({ host, port: bound.port })}${path}`;
    this.#server = server;
    this.#door = door;
  }

  /**
   * Listens. Throws EtherloomError: `not-permitted` for an address beyond this machine without a token, `bad-address`, or a SystemError
   * (EADDRINUSE, EACCES).
   */
  static async open(options: WebSocketListenerOptions, environment: PortEnvironment): Promise<WebSocketListener> {
    const { host, port } = options.listen;
    checkWebSocketExposure(options.listen, environment.log.warn);
    const server = createServer((_request, response) => void response.writeHead(426, { connection: 'close' }).end());
    const door = new Door(options, environment);
    server.on('connection', (socket) => door.knock(socket));
    server.on('upgrade', (request, socket, head) => door.enter(request, socket, head));
    const fd = boundTcpSocket(await resolveHost(host), port, tcpUserTimeout);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ fd }, resolve);
    });
    server.on('error', (error) => environment.log.warn(`cannot accept a WebSocket connection: ${error.message}`));
    return new WebSocketListener(server, door, options.listen);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#door.close();
    await closed;
  }
}

/** The reason why a client is refused. [RFC 9110, 15.5] */
interface Refusal {
  readonly status: string;
  readonly reason: string;
}

/** The admission of clients. */
class Door {
  readonly #options: WebSocketListenerOptions;
  readonly #environment: PortEnvironment;
  readonly #maxConnections: number;
  readonly #asking = new Map<Duplex, Timer>();
  readonly #inside = new Set<WebSocketPort>();
  readonly #warn: ReturnType<typeof onceAMinute>;
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: longestMessage,
    // A frame in more pieces than that is an attack on our memory.
    maxFragments: 64,
    maxBufferedChunks: 1024,
    // Text messages are dropped unread.
    skipUTF8Validation: true,
  });

  constructor(options: WebSocketListenerOptions, environment: PortEnvironment) {
    this.#options = options;
    this.#environment = environment;
    this.#maxConnections = options.maxConnections ?? 256;
    this.#warn = onceAMinute(environment.clock, environment.log.warn);
  }

  /** Handles a new connection, which must ask for its upgrade soon; if too many have not asked yet, the oldest is closed. */
  knock(socket: Socket): void {
    const [oldest] = this.#asking.keys();
    if (oldest && this.#asking.size >= maxAsking) {
      this.#warn(`more than ${maxAsking} WebSocket connections have asked for nothing: the oldest are closed`, { key: 'crowd' });
      this.#hasAsked(oldest);
      oldest.destroy();
    }
    this.#asking.set(
      socket,
      this.#environment.clock.after(askTimeout, () => socket.destroy()),
    );
    socket.once('close', () => this.#hasAsked(socket));
  }

  /** Handles the request for an upgrade. */
  enter(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined);
    const from = formatTcpAddress({ host: request.socket.remoteAddress ?? '?', port: request.socket.remotePort ?? 0 });
    const peer: Peer = { kind: 'remote', address: from };
    const number = this.#refusal(request) ?? this.#options.acceptor.choose('any', peer);
    if (typeof number === 'object') {
      const { status, reason } = 'status' in number ? number : { status: '503 Service Unavailable', reason: denialText(number, 'any') };
      this.#warn(`refused the WebSocket connection from ${from}: ${reason}`, { key: reason });
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
      return;
    }
    // Calls back at once, or refuses by itself a request that is not a WebSocket handshake.
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      this.#hasAsked(socket);
      const port = new WebSocketPort(webSocket, socket, from, this.#environment, this.#options.backlog);
      this.#inside.add(port);
      socket.once('close', () => this.#inside.delete(port));
      this.#options.acceptor.accept(port, number, peer);
    });
  }

  /** Closes all connections. */
  close(): void {
    for (const socket of this.#asking.keys()) socket.destroy();
    for (const port of this.#inside) port.end('the switch ends');
  }

  #hasAsked(socket: Duplex): void {
    this.#asking.get(socket)?.[Symbol.dispose]();
    this.#asking.delete(socket);
  }

  #refusal({ url = '', headers: { origin } }: IncomingMessage): Refusal | undefined {
    const { path, token } = this.#options.listen;
    const asked = URL.canParse(url, 'ws://host') ? new URL(url, 'ws://host') : undefined;
    if (asked?.pathname !== path) return { status: '404 Not Found', reason: `it asks for another path than ${path}` };
    if (token !== undefined && !isSame(asked.searchParams.get('token') ?? '', token)) {
      return { status: '401 Unauthorized', reason: 'it does not know the token' };
    }
    // A browser opens a WebSocket to this machine for any web page in the world, and sends the page's origin; other programs send none.
    if (token === undefined && origin !== undefined && !isLocalOrigin(origin)) {
      return { status: '403 Forbidden', reason: 'a page that is not of this machine is let in by a token only: add ?token=TOKEN' };
    }
    if (this.#inside.size >= this.#maxConnections) {
      return { status: '503 Service Unavailable', reason: `there are ${this.#maxConnections} already` };
    }
    return undefined;
  }
}

/** Compares in a time that does not reveal where the texts differ. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function isLocalOrigin(origin: string): boolean {
  return URL.canParse(origin) && isLoopback(new URL(origin).hostname.replace(/^\[|\]$/g, ''));
}
