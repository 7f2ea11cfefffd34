import { closeSync } from 'node:fs';
import type { Fd } from '../../system/unix-socket.ts';
import { AcceptLoop } from '../accept-loop.ts';
import type { PortEnvironment } from '../environment.ts';
import { onceAMinute } from '../once-a-minute.ts';
import { denialText, type Acceptor, type Listener } from '../pure/port.ts';
import type { NamedFile, NamedSocket } from '../socket-file.ts';
import type { ListeningSocket, NamedPeer, StreamEndpoint } from './stream-endpoint.ts';
import { StreamPort, type StreamPortOptions } from './stream-port.ts';
import { FdChannel } from './fd-channel.ts';

/** The owner of the connections, and their limit. */
export interface StreamListenerOptions extends Omit<StreamPortOptions, 'description'> {
  readonly acceptor: Acceptor;
  /** The most connections at a time; further ones are closed at once. Default: 256. */
  readonly maxLinks?: number | undefined;
}

/** The listening side of streams: each connection is a port, and ends with it. */
export class StreamListener implements Listener, NamedSocket {
  /** The address at which it listens, even if the system chose it. */
  readonly address: string;
  /** The TCP port; 0 on a socket file. */
  readonly port: number;
  readonly #socket: ListeningSocket;
  readonly #options: StreamListenerOptions;
  readonly #environment: PortEnvironment;
  readonly #links = new Set<StreamPort>();
  readonly #warn: ReturnType<typeof onceAMinute>;
  #door: AcceptLoop;
  #open = true;

  private constructor(socket: ListeningSocket, options: StreamListenerOptions, environment: PortEnvironment) {
    this.address = socket.name;
    this.port = socket.port;
    this.#socket = socket;
    this.#options = options;
    this.#environment = environment;
    this.#warn = onceAMinute(environment.clock, environment.log.warn);
    this.#door = this.#openDoor();
    if (socket.file) environment.named?.add(this);
  }

  /** Listens. Throws what the endpoint throws. */
  static async open(endpoint: StreamEndpoint, options: StreamListenerOptions, environment: PortEnvironment): Promise<StreamListener> {
    return new StreamListener(await endpoint.listen(), options, environment);
  }

  get files(): readonly NamedFile[] {
    return this.#socket.file ? [this.#socket.file.named] : [];
  }

  restore(): void {
    this.#door[Symbol.dispose]();
    try {
      this.#socket.file?.renew();
    } finally {
      this.#door = this.#openDoor();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.#open) {
      this.#open = false;
      this.#environment.named?.delete(this);
      this.#door[Symbol.dispose]();
      this.#socket.close();
      for (const link of [...this.#links]) link.end('the switch ends');
    }
    return Promise.resolve();
  }

  #openDoor(): AcceptLoop {
    const { fd, file } = this.#socket;
    return new AcceptLoop(file?.fd ?? fd, (connection) => this.#welcome(connection), this.#environment, 'links');
  }

  get #maxLinks(): number {
    return this.#options.maxLinks ?? 256;
  }

  #welcome(fd: Fd): void {
    const known = this.#peerOf(fd);
    const full = this.#links.size >= this.#maxLinks;
    if (full)
      this.#warn(`${this.address}: refused a link: all ${this.#maxLinks} links are in use; --max-links allows more`, { key: 'full' });
    const number = known && !full ? this.#options.acceptor.choose('any', known.peer) : undefined;
    if (!known || typeof number !== 'number') {
      if (known && typeof number === 'object')
        this.#warn(`${this.address}: refused the link from ${known.name}: ${denialText(number, 'any')}`, { key: number.reason });
      closeSync(fd);
      return;
    }
    const port = new StreamPort({ ...this.#options, description: known.name }, this.#environment, {
      lost: (reason) => port.end(reason),
      released: () => void this.#links.delete(port),
    });
    this.#links.add(port);
    port.connect(FdChannel.onSocket(fd, this.#environment));
    this.#options.acceptor.accept(port, number, known.peer);
  }

  /** Returns the peer of a connection; undefined if the peer is already gone. */
  #peerOf(fd: Fd): NamedPeer | undefined {
    try {
      return this.#socket.peer(fd);
    } catch {
      return undefined;
    }
  }
}
