import { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import { EtherloomError } from '../errors.ts';
import { Redial } from '../ports/redial.ts';
import { formatTcpAddress, resolveHost, type TcpAddress } from '../ports/tcp-address.ts';
import { tcpUserTimeout } from '../ports/stream-endpoint.ts';
import { tcpSocket } from '../system/tcp-socket.ts';
import { JoinConnection } from './join-connection.ts';
import type { Hello, Welcome } from './join-messages.ts';
import type { Log } from '../log.ts';

/** Whom to ask, what, and who hears the answers. */
export interface JoinClientOptions {
  /** The master's control address. */
  readonly master: TcpAddress;
  /** What to say; asked before each attempt, for the last id may have become known. */
  readonly hello: () => Hello;
  /** The master let the slave in: the first time, and after each reconnect. */
  readonly welcomed: (welcome: Welcome) => void;
  /** The master said no for good. */
  readonly refused: (error: EtherloomError) => void;
}

interface Environment {
  readonly clock: Clock;
  readonly log: Log;
}

/** The slave's side of the control connection: kept up as long as it lives. */
export class JoinClient implements Disposable {
  readonly #options: JoinClientOptions;
  readonly #environment: Environment;
  readonly #name: string;
  readonly #redial: Redial;
  #socket: Socket | undefined;
  #told: string | undefined;
  #open = true;

  /** Begins to ask the master, and goes on until disposed or refused. */
  constructor(options: JoinClientOptions, environment: Environment) {
    this.#options = options;
    this.#environment = environment;
    this.#redial = new Redial(environment.clock, () => void this.#dial());
    this.#name = formatTcpAddress(options.master);
    void this.#dial();
  }

  [Symbol.dispose](): void {
    this.#open = false;
    this.#redial[Symbol.dispose]();
    this.#socket?.destroy();
  }

  async #dial(): Promise<void> {
    try {
      const address = await resolveHost(this.#options.master.host);
      if (this.#open) this.#connect(address);
    } catch (error) {
      this.#again(error instanceof Error ? error.message : String(error));
    }
  }

  #connect(address: string): void {
    const socket = new Socket({ fd: tcpSocket(address, tcpUserTimeout), readable: true, writable: true });
    this.#socket = socket;
    let reason: string | undefined;
    const connection = new JoinConnection(socket, this.#environment.clock, {
      message: (message) => {
        if (message.type === 'welcome') {
          this.#redial.held();
          this.#told = undefined;
          this.#options.welcomed(message);
        } else if (message.type === 'refusal') {
          reason = message.reason;
          if (!message.retry) this.#refuse(message.reason);
        }
      },
      closed: (why) => this.#again(reason ?? why),
    });
    socket.connect({ host: address, port: this.#options.master.port }, () => connection.send(this.#options.hello()));
  }

  #refuse(reason: string): void {
    this[Symbol.dispose]();
    this.#options.refused(new EtherloomError('refused', `the master at ${this.#name} refused: ${reason}`));
  }

  #again(reason: string): void {
    if (!this.#open) return;
    if (this.#told !== reason) this.#environment.log.warn(`the master at ${this.#name} cannot be asked: ${reason}; trying on`);
    this.#told = reason;
    this.#redial.failed();
  }
}
