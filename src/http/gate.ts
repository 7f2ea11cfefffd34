import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { isLoopback } from '../ports/exposure.ts';
import { metricsPath } from './paths.ts';
import { problem, type Problem } from './problem.ts';
import type { Tickets } from './tickets.ts';

/** A request that is not let in: the problem, and whether a token is asked for. */
export interface Turned {
  readonly problem: Problem;
  /** True if a token would let it in. */
  readonly challenge: boolean;
}

/** The parts of a request that a gate looks at. */
type GatedRequest = Pick<IncomingMessage, 'headers' | 'method'>;

/** The rules of a gate. */
export interface GateOptions {
  /** The names, besides `localhost`, by which the server is addressed. Default: none. */
  readonly names?: readonly string[] | undefined;
  /** The token that each request must have. Default: none is needed, since the socket itself knows its users. */
  readonly token?: string | undefined;
  /** A token that is good for the metrics alone. Default: there is none. */
  readonly metricsToken?: string | undefined;
  /** The tickets that stand for the token once. Default: there are none. */
  readonly tickets?: Tickets | undefined;
}

/**
 * Decides which requests are let in. A browser sends requests for any page of the world, also to this machine. Such a page is known by its
 * `Origin`; or, if its name was bound to our address after it was loaded, by the name in `Host`. [RFC 9110, 7.2; RFC 6454; RFC 6750]
 */
export class Gate {
  readonly #names: ReadonlySet<string>;
  readonly #token: string | undefined;
  readonly #metricsToken: string | undefined;
  readonly #tickets: Tickets | undefined;

  constructor({ names = [], token, metricsToken, tickets }: GateOptions = {}) {
    this.#names = new Set(['localhost', ...names].map((name) => name.toLowerCase()));
    this.#token = token;
    this.#metricsToken = metricsToken;
    this.#tickets = tickets;
  }

  /** Returns why a request is turned away; undefined if it is let in. A ticket is used up by the first request that has it. */
  turns(request: GatedRequest, url: URL): Turned | undefined {
    const foreign = this.#foreign(request);
    if (foreign !== undefined) return { problem: problem(403, foreign), challenge: false };
    if (this.#token === undefined || this.#isAuthorised(request, url)) return undefined;
    return { problem: problem(401, this.#lackOf(request)), challenge: true };
  }

  #foreign({ headers: { host = '', origin } }: GatedRequest): string | undefined {
    if (!this.#isOwn(host)) {
      return `this server is not addressed as ${host.slice(0, 100)}; use the address that it printed, or localhost through ssh -L`;
    }
    if (origin === undefined || origin.toLowerCase() === `http://${host.toLowerCase()}`) return undefined;
    return `pages of ${origin.slice(0, 100)} may not use this server; open its own page, or send no Origin`;
  }

  /** Returns whether a Host is one of ours. An IP address is no name, which another server could bind to it. */
  #isOwn(host: string): boolean {
    const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([^:[\]/@\s]+))(?::\d{1,5})?$/.exec(host) ?? [];
    const name = (bracketed ?? plain ?? '').toLowerCase();
    return isIP(name) !== 0 || isLoopback(name) || this.#names.has(name);
  }

  #isAuthorised(request: GatedRequest, url: URL): boolean {
    const given = tokenIn(request);
    if (given !== undefined) return isSame(given, this.#token) || (isForMetrics(request, url) && isSame(given, this.#metricsToken));
    const ticket = url.searchParams.get('ticket');
    return ticket !== null && request.method === 'GET' && this.#tickets?.use(ticket, url.pathname) === true;
  }

  #lackOf(request: GatedRequest): string {
    const remedy = 'send the token that the service printed at its start as Authorization: Bearer TOKEN';
    return `${tokenIn(request) === undefined ? 'the request has no token, or a ticket that is not good' : 'the token is not right'}; ${remedy}`;
  }
}

function tokenIn({ headers: { authorization } }: GatedRequest): string | undefined {
  return authorization === undefined ? undefined : (/^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? '');
}

function isForMetrics({ method }: GatedRequest, { pathname }: URL): boolean {
  return pathname === metricsPath && method === 'GET';
}

/** Compares in a time that does not reveal where the texts differ. Without a second text they do. */
function isSame(a: string, b: string | undefined): boolean {
  if (b === undefined) return false;
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
