import { createServer, Socket, type Server } from 'node:net';
import type { Timer } from '../clock.ts';
import { assert } from '../errors.ts';
import { boundTcpSocket, tcpSocket } from '../system/tcp-socket.ts';
import type { PortEnvironment } from './environment.ts';
import { onceAMinute } from './once-a-minute.ts';
import type { Acceptor, Listener, Port, PortCounters, Receiver } from './port.ts';
import { firstRedial, nextRedial } from './redial.ts';
import { formatTcpAddress, parseTcpAddress, resolveHost, type TcpAddress } from './tcp-address.ts';
import { TcpPort, tcpUserTimeout, type TcpLinkOptions } from './tcp-port.ts';

/** Where links are taken, and how many. */
export interface TcpListenerOptions extends TcpLinkOptions {
  readonly listen: TcpAddress;
  readonly acceptor: Acceptor;
  /** How many links there may be at a time; further connections are closed at once. Default: 256. */
  readonly maxLinks?: number;
}

/** The listening side of the star: each connection is a port, and ends with it. */
export class TcpListener implements Listener {
  readonly address: string;
  /** The port that was bound, also when the system chose it. */
  readonly port: number;
  readonly #server: Server;
  readonly #links: Set<TcpPort>;

  private constructor(server: Server, address: TcpAddress, links: Set<TcpPort>) {
    this.#server = server;
    this.port = address.port;
    this.address = formatTcpAddress(address);
    this.#links = links;
  }

  /** Listens. Throws EtherloomError: `bad-address`, or a SystemError (EADDRINUSE, EACCES). */
  static async open(options: TcpListenerOptions, environment: PortEnvironment): Promise<TcpListener> {
    const { listen, acceptor, maxLinks = 256 } = options;
    const links = new Set<TcpPort>();
    const server = createServer({ noDelay: true }, (socket) => welcome(socket, options, links, acceptor, environment));
    server.maxConnections = maxLinks;
    const full = (): void => environment.log(`more than ${maxLinks} links are asked for: raise --max-links`);
    server.on('drop', onceAMinute(environment.clock, full));
    const fd = boundTcpSocket(await resolveHost(listen.host), listen.port, tcpUserTimeout);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ fd }, resolve);
    });
    server.on('error', (error) => environment.log(`cannot accept a link: ${error.message}`));
    const bound = server.address();
    assert(bound !== null && typeof bound === 'object', 'a TCP server has an address');
    return new TcpListener(server, { host: listen.host, port: bound.port }, links);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const link of this.#links) link.end('the switch ends');
    await closed;
  }
}

/** The dialling side of the star: a port that is there for good, up while the far end can be reached. */
export class TcpDialer implements Port {
  readonly module = 'tcp';
  readonly counters: PortCounters;
  #address: TcpAddress;
  readonly #environment: PortEnvironment;
  readonly #port: TcpPort;
  #redial = firstRedial();
  #timer: Timer | undefined;
  #dialling: Socket | undefined;
  #silent = true;
  #told = false;
  #open = true;

  /** `address` is `HOST:PORT`. Begins to dial, and goes on until disposed. Throws EtherloomError('bad-address'). */
  constructor(address: string, options: TcpLinkOptions, environment: PortEnvironment) {
    this.#address = parseTcpAddress(address);
    this.#environment = environment;
    this.#port = new TcpPort(address, options, environment, (reason) => this.#again(reason));
    this.counters = this.#port.counters;
    void this.#dial();
  }

  get description(): string {
    return formatTcpAddress(this.#address);
  }

  attach(receiver: Receiver): void {
    this.#port.attach(receiver);
  }

  transmit(frame: Uint8Array): void {
    this.#port.transmit(frame);
  }

  flush(): void {
    this.#port.flush();
  }

  /** Dials another address from now on: `HOST:PORT`. Throws EtherloomError('bad-address'). */
  redirect(address: string): void {
    this.#address = parseTcpAddress(address);
    this.#dialling?.destroy();
    this.#port.disconnect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open = false;
    this.#timer?.[Symbol.dispose]();
    this.#dialling?.destroy();
    await this.#port[Symbol.asyncDispose]();
  }

  async #dial(): Promise<void> {
    try {
      const address = await resolveHost(this.#address.host);
      if (this.#open) this.#connect(address);
    } catch (error) {
      this.#again(error instanceof Error ? error.message : String(error));
    }
  }

  #connect(address: string): void {
    const socket = new Socket({ fd: tcpSocket(address, tcpUserTimeout), readable: true, writable: true });
    this.#dialling = socket;
    const timeout = this.#environment.clock.after(tcpUserTimeout, () => socket.destroy(new Error('no answer')));
    let reason = 'no connection';
    socket.once('error', (error) => {
      reason = error.message;
    });
    const failed = (): void => {
      timeout[Symbol.dispose]();
      this.#dialling = undefined;
      this.#again(reason);
    };
    socket.once('close', failed);
    socket.connect({ host: address, port: this.#address.port }, () => {
      // Where nobody listens, the system may give the very port that is dialled.
      if (socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress) {
        socket.destroy(new Error('it answered itself'));
        return;
      }
      timeout[Symbol.dispose]();
      socket.off('close', failed);
      this.#dialling = undefined;
      this.#up(socket);
    });
  }

  #up(socket: Socket): void {
    this.#silent = true;
    this.#told = false;
    // Whoever closes at once, full or broken, is not to be dialled at full speed.
    socket.once('data', () => {
      this.#silent = false;
    });
    this.#environment.log(`linked to ${this.description}`);
    this.#port.connect(socket);
  }

  #again(reason: string): void {
    if (!this.#open) return;
    if (!this.#told) this.#environment.log(`no link to ${this.description}: ${reason}; trying on`);
    this.#told = true;
    if (!this.#silent) this.#redial = firstRedial();
    this.#silent = true;
    this.#timer = this.#environment.clock.after(this.#redial.delay, () => void this.#dial());
    this.#redial = nextRedial(this.#redial);
  }
}

function welcome(socket: Socket, options: TcpLinkOptions, links: Set<TcpPort>, acceptor: Acceptor, environment: PortEnvironment): void {
  const from = formatTcpAddress({ host: socket.remoteAddress ?? '?', port: socket.remotePort ?? 0 });
  const number = acceptor.choose('any', unknownUid);
  if (number === undefined) {
    environment.log(`refused the link from ${from}: no port is free`);
    socket.destroy();
    return;
  }
  const port = new TcpPort(from, options, environment, (reason) => port.end(reason));
  links.add(port);
  socket.once('close', () => links.delete(port));
  port.connect(socket);
  acceptor.accept(port, number, unknownUid);
}

/** A far end over TCP has no user here. */
const unknownUid = -1;
