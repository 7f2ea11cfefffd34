import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Clock, Timer } from '../clock.ts';
import { isForUser, messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Managed } from '../management/managed.ts';
import { Refusal, type Caller } from '../management/operation.ts';
import { showMetrics } from '../management/operations/metrics.ts';
import type { Random } from '../random.ts';
import type { Fd } from '../system/unix-socket.ts';
import { sendAnswer, type Answer } from './answer.ts';
import { firstToGo, type Guest } from './crowd.ts';
import { EventReaders } from './event-readers.ts';
import { Gate, type GateOptions } from './gate.ts';
import { metricsText } from './metrics-text.ts';
import { openApi } from './openapi.ts';
import { apiRoot, eventsPath, metricsPath, openApiPath, ticketsPath } from './paths.ts';
import { problem, problemOf, type Problem } from './problem.ts';
import { argumentsOf, fromBody } from './request-arguments.ts';
import { description, routes, type Route } from './routes.ts';
import { Tickets, ticketTime, ticketWish } from './tickets.ts';

/** How long a client may take for its request, and later for reading the answer, in milliseconds. */
const exchangeTime = 10_000;

/** How long operations under way may take at the end of the service, in milliseconds. */
const lastAnswers = 1000;

/** The most octets of a request's headers. */
const longestHeaders = 8192;

/** A connection: who it is, and the callback for its end. */
export interface ConnectionOptions {
  readonly caller: Caller;
  readonly released: () => void;
}

/** The surroundings of a server, and its rules for requests. */
export interface ApiServerOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Is told of bugs in operations. */
  readonly log: Log;
  /** Default: no token is needed, and it is addressed as `localhost` or by its address. */
  readonly gate?: Omit<GateOptions, 'tickets'>;
  /** Returns the user or the host of a connection, for fairness in a crowd. Default: all are the same. */
  readonly originOf?: ((fd: Fd) => string) | undefined;
}

/** One request and its answer: more does not happen on a connection. */
interface Exchange {
  readonly caller: Caller;
  timer: Timer;
  asked: boolean;
  standing: Guest['standing'];
  /** Its user or its host; undefined until a crowd makes it matter. */
  origin: string | undefined;
  readonly fd: Fd;
  /** True from the beginning of its operation on. */
  running: boolean;
}

/** The HTTP server of a service. It serves the table of operations and the events, on connections that others accept. */
export class ApiServer implements AsyncDisposable {
  readonly #managed: Managed;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #server: Server;
  readonly #exchanges = new Map<Socket, Exchange>();
  readonly #readers: EventReaders;
  readonly #tickets: Tickets;
  readonly #gate: Gate;
  readonly #originOf: (fd: Fd) => string;

  constructor(managed: Managed, { clock, random, log, gate, originOf }: ApiServerOptions) {
    this.#managed = managed;
    this.#clock = clock;
    this.#log = log;
    this.#tickets = new Tickets(clock, random);
    this.#gate = new Gate({ ...gate, tickets: this.#tickets });
    this.#originOf = originOf ?? (() => '');
    this.#readers = new EventReaders(managed, clock, random);
    this.#server = createServer({ maxHeaderSize: longestHeaders }, (request, response) => void this.#handle(request, response));
    // The timers of the exchanges take the place of Node's own, which need a server that listens by itself.
    Object.assign(this.#server, { keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 });
  }

  /** Serves a connected non-blocking stream socket, which it takes over. */
  take(fd: Fd, { caller, released }: ConnectionOptions): void {
    const socket = new Socket({ fd, readable: true, writable: true });
    const exchange: Exchange = {
      caller,
      fd,
      asked: false,
      standing: 'silent',
      origin: undefined,
      running: false,
      timer: this.#deadline(socket),
    };
    this.#exchanges.set(socket, exchange);
    socket.once('close', () => {
      exchange.timer[Symbol.dispose]();
      this.#exchanges.delete(socket);
      released();
    });
    this.#server.emit('connection', socket);
  }

  /** Ends a connection without a request that was let in. Returns false if there is none. */
  makeRoom(): boolean {
    const open = [...this.#exchanges].filter(([socket]) => !socket.destroyed);
    const guests = open.map(([socket, exchange]) => {
      exchange.origin ??= this.#originOf(exchange.fd);
      return { socket, standing: exchange.standing, origin: exchange.origin };
    });
    const guest = firstToGo(guests);
    guest?.socket.destroy();
    return guest !== undefined;
  }

  /** Ends all connections. Those with an operation under way, such as the one that ends the service, have a second for their answers. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#readers[Symbol.dispose]();
    for (const [socket, { running }] of this.#exchanges) if (!running) socket.destroySoon();
    await this.#answered();
    for (const socket of this.#exchanges.keys()) socket.destroy();
  }

  /** Resolves when no operation is under way and its answer has left, or after a second. */
  async #answered(): Promise<void> {
    const running = [...this.#exchanges].filter(([, exchange]) => exchange.running);
    if (running.length === 0) return;
    const closed = Promise.all(running.map(([socket]) => new Promise((resolve) => socket.once('close', resolve))));
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => (timer = this.#clock.after(lastAnswers, resolve)));
    await Promise.race([closed, late]);
    timer?.[Symbol.dispose]();
  }

  #deadline(socket: Socket): Timer {
    return this.#clock.after(exchangeTime, () => socket.destroy());
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    const exchange = this.#exchanges.get(socket);
    // A second request on the connection is not heard: the first answer says that it is the last.
    if (!exchange || exchange.asked) return;
    exchange.asked = true;
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    const answer = await this.#answer(request, response, exchange).catch((error: unknown) => this.#bug(error));
    if (answer === undefined) return;
    exchange.timer[Symbol.dispose]();
    exchange.timer = this.#deadline(socket);
    if (response.headersSent) socket.destroy();
    else sendAnswer(response, answer);
  }

  /** A bug of an operation ends its own request alone. Frames and other clients go on. */
  #bug(error: unknown): Problem {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    for (const line of text.split('\n')) this.#log.error(line);
    return problem(500, 'this is a bug of the service; see its log');
  }

  /** Returns the answer; undefined if it is sent bit by bit. */
  async #answer(request: IncomingMessage, response: ServerResponse, exchange: Exchange): Promise<Answer | undefined> {
    const url = urlOf(request);
    if (!url) return problem(400, 'the path of the request is not valid; GET /v1 lists the paths');
    const turned = this.#gate.turns(request, url);
    const { pathname, searchParams } = url;
    // A token for the metrics alone is known to others than the operator.
    exchange.standing = turned ? 'turned' : pathname === metricsPath ? 'public' : 'known';
    if (turned) return { ...turned.problem, challenge: turned.challenge };
    searchParams.delete('ticket');
    const reads = request.method === 'GET';
    if (pathname === apiRoot && reads) return { value: description() };
    if (pathname === openApiPath && reads) return { value: openApi() };
    if (pathname === eventsPath && reads) return this.#openEvents(request, response, searchParams, exchange);
    if (pathname === metricsPath && reads) return this.#metrics(exchange.caller);
    if (pathname === ticketsPath && request.method === 'POST') return this.#makeTicket(request);
    const route = routes.get(pathname);
    if (!route) return problem(404, `there is no ${pathname.slice(0, 100)}; GET /v1 lists the paths`);
    if (request.method !== route.method) return { ...problem(405, `${pathname} takes ${route.method} alone`), allow: route.method };
    const given = await argumentsOf(route, request, searchParams);
    if ('status' in given) return given;
    exchange.timer[Symbol.dispose]();
    exchange.running = true;
    return this.#run(route, given.args, exchange.caller);
  }

  async #run({ operation }: Route, args: unknown, caller: Caller): Promise<Answer> {
    try {
      // The schema of the route has checked the arguments.
      const value = await operation.run(this.#managed, args as never, caller);
      await caller.files.closing();
      return value instanceof Refusal ? problemOf(operation.name, value) : { value };
    } catch (error) {
      if (!isForUser(error)) throw error;
      return problem(500, messageOf(error));
    }
  }

  #metrics(caller: Caller): Answer {
    const samples = showMetrics.run(this.#managed, {}, caller);
    return samples instanceof Refusal ? problemOf(showMetrics.name, samples) : { metrics: metricsText(samples) };
  }

  async #makeTicket(request: IncomingMessage): Promise<Answer> {
    const given = await fromBody(request);
    if ('status' in given) return given;
    const wish = ticketWish.safeParse(given.args);
    if (!wish.success) return problem(400, `${ticketsPath} takes the path of a GET, such as {"path":"${eventsPath}"}`, 'EINVAL');
    return { value: { ticket: this.#tickets.make(wish.data.path), seconds: ticketTime / 1000 } };
  }

  #openEvents(request: IncomingMessage, response: ServerResponse, query: URLSearchParams, exchange: Exchange): Problem | undefined {
    if (!exchange.caller.may.has('reads')) return problem(403, 'events are not shown to this user; ask the operator of the service');
    const refusal = this.#readers.add(response, { kinds: new Set(query.getAll('kind')), after: lastIdOf(request, query) });
    if (!refusal) exchange.timer[Symbol.dispose]();
    return refusal;
  }
}

/** Returns the id of the last event that a reader got before it was cut off; undefined for a new one. [HTML, 9.2.4] */
function lastIdOf({ headers }: IncomingMessage, query: URLSearchParams): string | undefined {
  const id = headers['last-event-id'] ?? query.get('after') ?? '';
  return id === '' ? undefined : String(id);
}

function urlOf({ url = '' }: IncomingMessage): URL | undefined {
  return URL.canParse(url, 'http://api') ? new URL(url, 'http://api') : undefined;
}
