import { createServer, type Server, type Socket } from 'node:net';
import type { Clock, Timer } from '../../clock.ts';
import { assert, messageOf } from '../../errors.ts';
import { onceAMinute } from '../../ports/once-a-minute.ts';
import { formatTcpAddress, resolveHost, type TcpAddress } from '../../ports/tcp-address.ts';
import { tcpUserTimeout } from '../../ports/stream/stream-endpoint.ts';
import { boundTcpSocket } from '../../system/tcp-socket.ts';
import type { NodeId } from '../identity.ts';
import { JoinConnection } from './join-connection.ts';
import type { PlainHello, JoinRefusal, Welcome } from '../messages.ts';
import type { Log } from '../../log.ts';

/** The address for slaves, and the decisions about them. */
export interface JoinServerOptions {
  readonly listen: TcpAddress;
  /** Decides about a slave. Rejects if the decision cannot be stored on disk; then the slave is asked to try again. */
  readonly welcome: (hello: PlainHello) => Promise<Welcome | JoinRefusal>;
  /** The most connections. Default: 256. */
  readonly maxConnections?: number;
  /** How long a new connection may stay silent, in milliseconds. Default: 5,000. */
  readonly helloTimeout?: number;
}

/** A slave and its connection. */
interface Slave {
  readonly from: string;
  /** The slave's key; undefined until it has sent it. */
  key?: string;
  /** The slave's id; undefined until it has joined. */
  id?: NodeId;
  /** The time at which it joined, in milliseconds of the clock. */
  joinedAt?: number;
}

/** A slave that is connected and accepted. */
export interface JoinedSlave {
  /** The address of its host. */
  readonly from: string;
  /** The time at which it joined, in milliseconds of the clock. */
  readonly joinedAt: number;
}

interface Environment {
  readonly clock: Clock;
  readonly log: Log;
}

/** The master's side of joining: slaves request their settings here. Each slave keeps one connection while it is alive. */
export class JoinServer implements AsyncDisposable {
  readonly address: string;
  readonly #server: Server;
  readonly #options: JoinServerOptions;
  readonly #environment: Environment;
  readonly #warn: ReturnType<typeof onceAMinute>;
  readonly #sockets = new Set<Socket>();
  /** The slaves that have joined, and those that await the decision, by their keys. */
  readonly #living = new Map<string, Slave>();
  #joins = 0;
  #refusals = 0;

  private constructor(server: Server, address: string, options: JoinServerOptions, environment: Environment) {
    this.#server = server;
    this.address = address;
    this.#options = options;
    this.#environment = environment;
    this.#warn = onceAMinute(environment.clock, environment.log.warn);
    server.on('connection', (socket) => this.#accept(socket));
    server.on('drop', () =>
      this.#warn(`refused a control connection: there are ${server.maxConnections} already; raise --max-links`, { key: 'full' }),
    );
  }

  /** Listens. Throws EtherloomError: `bad-address`, or a SystemError (EADDRINUSE). */
  static async open(options: JoinServerOptions, environment: Environment): Promise<JoinServer> {
    const { listen, maxConnections = 256 } = options;
    const server = createServer();
    server.maxConnections = maxConnections;
    const fd = boundTcpSocket(await resolveHost(listen.host), listen.port, tcpUserTimeout);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ fd }, resolve);
    });
    server.on('error', (error) => environment.log.warn(`cannot accept a slave: ${error.message}`));
    const bound = server.address();
    assert(bound !== null && typeof bound === 'object', 'a TCP server has an address');
    return new JoinServer(server, formatTcpAddress({ host: listen.host, port: bound.port }), options, environment);
  }

  /** Returns the slaves that are connected and accepted, by their ids. */
  joined(): ReadonlyMap<NodeId, JoinedSlave> {
    const joined = new Map<NodeId, JoinedSlave>();
    for (const { id, from, joinedAt } of this.#living.values())
      if (id !== undefined && joinedAt !== undefined) joined.set(id, { from, joinedAt });
    return joined;
  }

  /** The number of times that a slave joined. */
  get joins(): number {
    return this.#joins;
  }

  /** The number of times that a slave was refused. */
  get refusals(): number {
    return this.#refusals;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    const from = formatTcpAddress({ host: socket.remoteAddress ?? '?', port: socket.remotePort ?? 0 });
    const slave: Slave = { from };
    this.#sockets.add(socket);
    const connection = new JoinConnection(socket, this.#environment.clock, {
      message: (message) => {
        timeout[Symbol.dispose]();
        const key = message.type === 'hello' ? message.key : undefined;
        if (message.type === 'hello' && key !== undefined && slave.key === undefined) {
          slave.key = key;
          void this.#greet({ ...message, key }, slave, connection);
        } else connection.end('it sent a message that a slave does not send');
      },
      closed: (reason) => {
        timeout[Symbol.dispose]();
        this.#sockets.delete(socket);
        if (slave.key === undefined)
          this.#warn(`closed the control connection from ${from}, which is not a slave: ${reason}`, { key: reason });
        else this.#leave(slave, slave.key, reason);
      },
    });
    const timeout: Timer = this.#environment.clock.after(this.#options.helloTimeout ?? 5000, () => connection.end('it sent nothing'));
  }

  /** Answers a hello. */
  async #greet(hello: PlainHello, slave: Slave, connection: JoinConnection): Promise<void> {
    const twin = this.#living.get(hello.key);
    if (!twin) this.#living.set(hello.key, slave);
    const answer = twin ? twinRefusal(twin) : await this.#decide(hello);
    // The slave may have gone while its id was being stored.
    if (!twin && this.#living.get(hello.key) !== slave) return;
    connection.send(answer);
    if (answer.type === 'welcome') {
      slave.id = answer.id;
      slave.joinedAt = this.#environment.clock.monotonic();
      this.#joins += 1;
      this.#environment.log(`slave ${answer.id} at ${slave.from} joined`);
      return;
    }
    this.#refusals += 1;
    if (!twin) this.#living.delete(hello.key);
    this.#warn(`refused the slave at ${slave.from}: ${answer.reason}`, { key: answer.reason });
    connection.end(answer.reason);
  }

  async #decide(hello: PlainHello): Promise<Welcome | JoinRefusal> {
    try {
      return await this.#options.welcome(hello);
    } catch (error) {
      return {
        type: 'refusal',
        reason: `the master cannot keep the id: ${messageOf(error)}`,
        retry: true,
      };
    }
  }

  #leave(slave: Slave, key: string, reason: string): void {
    if (this.#living.get(key) !== slave) return;
    this.#living.delete(key);
    if (slave.id !== undefined) this.#environment.log(`slave ${slave.id} at ${slave.from} left: ${reason}`);
  }
}

/** Returns the refusal for the twin of a living slave. `welcome` is not asked, so that the slave's id cannot change. */
function twinRefusal({ from, id }: Slave): JoinRefusal {
  const slave = id === undefined ? 'a slave' : `slave ${id}`;
  return { type: 'refusal', reason: `${slave} is alive at ${from}: two hosts cannot have one id, or a copy of one --state`, retry: true };
}
