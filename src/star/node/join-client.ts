import { Socket } from 'node:net';
import type { Clock } from '../../clock.ts';
import { errnoOf, EtherloomError, reasonOf } from '../../errors.ts';
import { Redial } from '../../ports/pure/redial.ts';
import { formatTcpAddress, resolveHost, type TcpAddress } from '../../ports/tcp-address.ts';
import { tcpUserTimeout } from '../../ports/stream/stream-endpoint.ts';
import { tcpSocket } from '../../system/tcp-socket.ts';
import { JoinConnection } from './join-connection.ts';
import type { PlainHello, Welcome } from '../messages.ts';
import type { Log } from '../../log.ts';

/** The master's address, and the callbacks of a slave. */
export interface JoinClientOptions {
  /** The master's control address. */
  readonly master: TcpAddress;
  /** Returns the first message. Called before each attempt, since the last id may have become known. */
  readonly hello: () => PlainHello;
  /** Called when the master accepts the slave: the first time, and after each reconnect. */
  readonly welcomed: (welcome: Welcome) => void;
  /** Called when the connection ends on which the master had accepted the slave. */
  readonly lost: () => void;
  /** Called when the master refuses the slave for good. */
  readonly refused: (error: EtherloomError) => void;
}

/** The remedy if no master answers. */
const checkPorts =
  "check --master: it takes the master's --listen address, and the control port is the one above that, unless --control names it";

interface Environment {
  readonly clock: Clock;
  readonly log: Log;
}

/** The slave's side of the control connection, which is re-established whenever it is lost. */
export class JoinClient implements Disposable {
  readonly #options: JoinClientOptions;
  readonly #environment: Environment;
  readonly #name: string;
  readonly #redial: Redial;
  #socket: Socket | undefined;
  #told: string | undefined;
  #open = true;

  /** Connects, again and again until disposed of or refused. */
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
      this.#again(reasonOf(error), 'check --master');
    }
  }

  #connect(address: string): void {
    const socket = new Socket({ fd: tcpSocket(address, tcpUserTimeout), readable: true, writable: true });
    this.#socket = socket;
    let refusal: string | undefined;
    let remedy: string | undefined = checkPorts;
    let joined = false;
    socket.once('error', (error) => {
      if (errnoOf(error) === 'ECONNREFUSED') remedy = `start the master, or ${checkPorts}`;
    });
    const connection = new JoinConnection(socket, this.#environment.clock, {
      message: (message) => {
        if (message.type === 'welcome') {
          this.#redial.held();
          this.#told = undefined;
          remedy = undefined;
          joined = true;
          this.#options.welcomed(message);
        } else if (message.type === 'refusal') {
          refusal = message.reason;
          if (!message.retry) this.#refuse(message.reason);
        }
      },
      closed: (reason) => {
        if (joined) this.#options.lost();
        if (refusal === undefined) this.#again(reason, remedy);
        else this.#again(`the master refused for now: ${refusal}`);
      },
    });
    socket.connect({ host: address, port: this.#options.master.port }, () => connection.send(this.#options.hello()));
  }

  #refuse(reason: string): void {
    this[Symbol.dispose]();
    this.#options.refused(new EtherloomError('refused', `the master at ${this.#name} refused this slave: ${reason}`));
  }

  #again(reason: string, remedy?: string): void {
    if (!this.#open) return;
    const advice = remedy === undefined ? '' : `; ${remedy}`;
    if (this.#told !== reason) this.#environment.log.warn(`no master at control port ${this.#name}: ${reason}${advice}; trying again`);
    this.#told = reason;
    this.#redial.failed();
  }
}
