import { closeSync } from 'node:fs';
import type { Fd } from '../system/unix-socket.ts';
import { AcceptLoop } from './accept-loop.ts';
import type { PortEnvironment } from './environment.ts';
import { onceAMinute } from './once-a-minute.ts';
import { denialText, type Acceptor, type Listener, type Port } from './pure/port.ts';
import type { NamedFile, NamedSocket } from './socket-file.ts';
import type { ListeningSocket, NamedPeer } from './stream/stream-endpoint.ts';

/** A port that lasts as long as its connection. */
export interface LinkPort extends Port {
  /** Ends the port and calls its receiver. */
  end(reason: string): void;
}

/** The owner of the connections, and their limit. */
export interface LinkLimits {
  readonly acceptor: Acceptor;
  /** The most connections at a time; further ones are closed at once. Default: 256. */
  readonly maxLinks?: number | undefined;
}

/**
 * Makes the port of a new connection, which it owns from here. `description` is the other side, for people; `released` must be called when the
 * port has ended for any reason.
 */
export type MakeLink = (connection: Fd, description: string, released: () => void) => LinkPort;

/** A listening socket, each connection of which is a port. The port ends with the connection. */
export class LinkListener implements Listener, NamedSocket {
  /** The address at which it listens, even if the system chose it. */
  readonly address: string;
  /** The TCP port; 0 on a socket file. */
  readonly port: number;
  readonly #socket: ListeningSocket;
  readonly #limits: LinkLimits;
  readonly #makeLink: MakeLink;
  readonly #environment: PortEnvironment;
  readonly #links = new Set<LinkPort>();
  readonly #warn: ReturnType<typeof onceAMinute>;
  #door: AcceptLoop;
  #open = true;

  /** Takes the connections of a socket, which it owns from here. */
  constructor(socket: ListeningSocket, makeLink: MakeLink, limits: LinkLimits, environment: PortEnvironment) {
    this.address = socket.name;
    this.port = socket.port;
    this.#socket = socket;
    this.#limits = limits;
    this.#makeLink = makeLink;
    this.#environment = environment;
    this.#warn = onceAMinute(environment.clock, environment.log.warn);
    this.#door = this.#openDoor();
    if (socket.file) environment.named?.add(this);
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
    return this.#limits.maxLinks ?? 256;
  }

  #welcome(fd: Fd): void {
    const known = this.#peerOf(fd);
    const full = this.#links.size >= this.#maxLinks;
    if (full)
      this.#warn(`${this.address}: refused a link: all ${this.#maxLinks} links are in use; --max-links allows more`, { key: 'full' });
    const number = known && !full ? this.#limits.acceptor.choose('any', known.peer) : undefined;
    if (!known || typeof number !== 'number') {
      if (known && typeof number === 'object')
        this.#warn(`${this.address}: refused the link from ${known.name}: ${denialText(number, 'any')}`, { key: number.reason });
      closeSync(fd);
      return;
    }
    const port = this.#makeLink(fd, known.name, () => void this.#links.delete(port));
    this.#links.add(port);
    this.#limits.acceptor.accept(port, number, known.peer);
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
