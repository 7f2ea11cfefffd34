import { closeSync } from 'node:fs';
import { reasonOf } from '../errors.ts';
import type { Managed } from '../management/managed.ts';
import type { Caller } from '../management/operation.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { onceAMinute } from '../ports/once-a-minute.ts';
import type { Random } from '../random.ts';
import type { Fd } from '../system/unix-socket.ts';
import type { ApiServer } from './api-server.ts';
import type { Door } from './door.ts';

/** The most connections at a time. */
const mostConnections = 256;

/** A door of the API, and those who are let in there. */
export interface ApiListenerOptions {
  /** The path or the address of the door, for people. */
  readonly name: string;
  /** The listening socket, which the listener owns. */
  readonly door: Door;
  /** Returns the caller at the other side of a connection, or why there is none to be served. */
  readonly callerAt: (connection: Fd) => Caller | string;
  /** Returns the user or the host of a connection, for fairness in a crowd. Default: all are the same. */
  readonly originOf?: ((connection: Fd) => string) | undefined;
  readonly random: Random;
  /** The names, besides `localhost`, by which clients may address it. Default: none. */
  readonly names?: readonly string[] | undefined;
  /** The token that each request must have. Default: none is needed. */
  readonly token?: string | undefined;
  /** A token that is good for the metrics alone. Default: there is none. */
  readonly metricsToken?: string | undefined;
}

/**
 * Accepts the connections of an API. HTTP and the schemas of operations are loaded for the first one, so that a switch starts without
 * them, unless `load` is called before.
 */
export class ApiListener implements AsyncDisposable {
  readonly #options: ApiListenerOptions;
  readonly #managed: Managed;
  readonly #environment: PortEnvironment;
  readonly #connections = new Set<Fd>();
  readonly #warn: ReturnType<typeof onceAMinute>;
  #server: Promise<ApiServer> | undefined;
  #loaded: ApiServer | undefined;
  #open = true;

  /** Begins at once, also with connections that already wait. */
  constructor(options: ApiListenerOptions, managed: Managed, environment: PortEnvironment) {
    this.#options = options;
    this.#managed = managed;
    this.#environment = environment;
    this.#warn = onceAMinute(environment.clock, environment.log.warn);
    options.door.serve((fd) => this.#consider(fd), environment, 'connections of the API');
  }

  /** Loads HTTP and the schemas now. A failure is logged. */
  load(): void {
    this.#serverNow().catch((error: unknown) => this.#tellUnloadable(error));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open = false;
    // The door goes last: until then another service cannot take its place. A server that cannot be loaded was logged.
    const server = await this.#server?.catch(() => undefined);
    await server?.[Symbol.asyncDispose]();
    this.#options.door[Symbol.dispose]();
  }

  #consider(fd: Fd): void {
    const caller = this.#options.callerAt(fd);
    const refusal = typeof caller === 'string' ? caller : this.#crowd();
    if (typeof caller !== 'string' && refusal === undefined) {
      this.#welcome(fd, caller);
      return;
    }
    closeSync(fd);
    this.#warn(`refused a connection at ${this.#options.name}: ${refusal}`, { key: refusal ?? '' });
  }

  /** Returns why there is no room. A client that has shown no token yet makes room for a new one. */
  #crowd(): string | undefined {
    if (this.#connections.size < mostConnections || this.#loaded?.makeRoom() === true) return undefined;
    return `${mostConnections} are open already`;
  }

  #serverNow(): Promise<ApiServer> {
    const { names, token, metricsToken, originOf, random } = this.#options;
    const { clock, log } = this.#environment;
    const options = { clock, random, log, originOf, gate: { names, token, metricsToken } };
    this.#server ??= import('./api-server.ts').then(({ ApiServer }) => (this.#loaded = new ApiServer(this.#managed, options)));
    return this.#server;
  }

  #welcome(fd: Fd, caller: Caller): void {
    this.#connections.add(fd);
    const released = (): void => void this.#connections.delete(fd);
    this.#serverNow().then(
      (server) => {
        if (this.#open) server.take(fd, { caller, released });
        else closeSync(fd);
      },
      (error: unknown) => {
        this.#tellUnloadable(error);
        released();
        closeSync(fd);
      },
    );
  }

  /** The package was removed or replaced while this process runs. */
  #tellUnloadable(error: unknown): void {
    this.#server = undefined;
    this.#environment.log.error(`cannot load the server of ${this.#options.name}: ${reasonOf(error)}; start this service again`);
  }
}
