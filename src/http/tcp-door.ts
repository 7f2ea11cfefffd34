import { closeSync } from 'node:fs';
import { AcceptLoop } from '../ports/accept-loop.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { formatTcpAddress } from '../ports/tcp-address.ts';
import { ownName } from '../system/socket-name.ts';
import { boundTcpSocket } from '../system/tcp-socket.ts';
import { listen, type Fd } from '../system/unix-socket.ts';
import type { Door } from './door.ts';

/** How long a client may acknowledge nothing, or have no room, in milliseconds. Then the kernel ends its connection. */
const userTimeout = 30_000;

/** Connections that may wait to be accepted. */
const acceptBacklog = 128;

/** A listening TCP socket, whose connections are given away. */
export class TcpDoor implements Door {
  /** The address: host and port, even if the system chose the latter. */
  readonly name: string;
  readonly #fd: Fd;
  #accepting: AcceptLoop | undefined;

  /** Binds an IP address; `host` is its name for people. For port 0, the system chooses one. Throws a SystemError (EADDRINUSE). */
  constructor({ host, address, port }: { readonly host: string; readonly address: string; readonly port: number }) {
    this.#fd = boundTcpSocket(address, port, userTimeout);
    this.name = formatTcpAddress({ host, port: ownName(this.#fd).port });
  }

  serve(welcome: (connection: Fd) => void, environment: PortEnvironment, who: string): void {
    listen(this.#fd, acceptBacklog);
    this.#accepting = new AcceptLoop(this.#fd, welcome, environment, who);
  }

  [Symbol.dispose](): void {
    this.#accepting?.[Symbol.dispose]();
    closeSync(this.#fd);
  }
}
