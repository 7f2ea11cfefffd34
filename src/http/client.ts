import { lstatSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import type { Clock } from '../clock.ts';
import { errnoOf, EtherloomError, reasonOf } from '../errors.ts';
import { connectNodeSocket } from '../system/node-socket.ts';
import { eventsPath, pathOf } from './paths.ts';

/** How long a service may take for an answer, in milliseconds. It waits for a disk, perhaps. */
const answerTime = 30_000;

/** The longest line of the events that is taken, in characters. */
const longestLine = 1_048_576;

/** An event of a service: its kind and further fields. */
export interface ReceivedEvent {
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** A client of a service's own socket. */
export class ApiClient {
  /** The path of the socket. */
  readonly path: string;

  readonly #clock: Clock;

  constructor(path: string, clock: Clock) {
    this.path = path;
    this.#clock = clock;
  }

  /**
   * Runs an operation by its name, and resolves to its value. Throws EtherloomError: `refused` with the reason of the service, or if none
   * answers; `not-permitted` if the socket belongs to another user; `timed-out`.
   */
  async run(method: 'GET' | 'POST', name: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const path = pathOf(name);
    const given = Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));
    const response =
      method === 'GET'
        ? await this.#ask(`${path}${queryOf(given)}`, { method })
        : await this.#ask(path, { method, body: JSON.stringify(given) });
    const text = await textOf(response).catch(() => {
      throw new EtherloomError('refused', `the service at ${this.path} has ended before it answered; start it again`);
    });
    const value = text === '' ? undefined : this.#parse(text);
    if ((response.statusCode ?? 500) < 300) return value;
    throw new EtherloomError('refused', detailOf(value) ?? `the service at ${this.path} answered ${response.statusCode}; see its log`);
  }

  /**
   * Calls `listener` with each event of these kinds, or of all. `ready` is called when no later event is missed. Resolves when the service
   * ends the answer. Throws as `run` does.
   */
  async events(kinds: readonly string[], listener: (event: ReceivedEvent) => void, ready: () => void = () => undefined): Promise<void> {
    const query = kinds.map((kind) => `kind=${encodeURIComponent(kind)}`).join('&');
    const response = await this.#ask(`${eventsPath}${query === '' ? '' : `?${query}`}`, { method: 'GET' });
    if (response.statusCode !== 200) {
      throw new EtherloomError(
        'refused',
        detailOf(this.#parse(await textOf(response))) ?? `the service at ${this.path} tells no events; see its log`,
      );
    }
    for await (const line of linesOf(response)) {
      if (line.startsWith(':')) ready();
      if (line.startsWith('data: ')) listener(this.#parse(line.slice(6)) as ReceivedEvent);
    }
  }

  #ask(path: string, { method, body }: { readonly method: string; readonly body?: string }): Promise<IncomingMessage> {
    checkOwner(this.path);
    return new Promise((resolve, reject) => {
      const headers = { host: 'etherloom', connection: 'close', ...(body !== undefined && { 'content-type': 'application/json' }) };
      const asked = request({ method, path, headers, createConnection: () => connectNodeSocket(this.path) }, (response) => {
        timer[Symbol.dispose]();
        resolve(response);
      });
      const timer = this.#clock.after(answerTime, () => {
        const late = `the service at ${this.path} did not answer in ${answerTime / 1000} s; see whether it is stopped`;
        asked.destroy(new EtherloomError('timed-out', late));
      });
      asked.on('error', (error) => {
        timer[Symbol.dispose]();
        reject(failure(this.path, error));
      });
      asked.end(body);
    });
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw new EtherloomError('refused', `the answer at ${this.path} is not JSON; see whether an etherloom service has this socket`);
    }
  }
}

/** Throws EtherloomError('not-permitted') for a socket that neither this user nor root made: it might be a trap for secrets. Root may ask all. */
function checkOwner(path: string): void {
  const own = process.geteuid?.() ?? 0;
  let owner;
  try {
    owner = lstatSync(path).uid;
  } catch {
    // The connection fails, and says why.
    return;
  }
  if (owner === own || owner === 0 || own === 0) return;
  throw new EtherloomError('not-permitted', `${path} belongs to uid ${owner}, and this is uid ${own}; run the command as that user`);
}

function failure(path: string, error: Error): Error {
  if (error instanceof EtherloomError) return error;
  // Node tells an end without an answer as an ECONNRESET of its own, of no system call.
  const errno = errnoOf(error) ?? ('code' in error ? error.code : undefined);
  if (errno === 'ENOENT' || errno === 'ECONNREFUSED') {
    return new EtherloomError('refused', `no service answers at ${path}; start it, or name another by --state or --sock`);
  }
  if (errno === 'EACCES') {
    return new EtherloomError('not-permitted', `cannot connect to ${path}: it belongs to another user; run the command as that user`);
  }
  if (errno === 'ECONNRESET' || errno === 'EPIPE') {
    const end = `the service at ${path} has ended the connection`;
    return new EtherloomError('refused', `${end}: it stops, or is asked by too many at once; see whether it runs, and try again`);
  }
  return new EtherloomError('system', `cannot ask the service at ${path}: ${reasonOf(error)}; try again`);
}

function queryOf(args: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(args).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function detailOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('detail' in value)) return undefined;
  return typeof value.detail === 'string' ? value.detail : undefined;
}

async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const piece of response as AsyncIterable<string>) text += piece;
  return text.trim();
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  response.setEncoding('utf8');
  let rest = '';
  try {
    for await (const piece of response as AsyncIterable<string>) {
      const lines = (rest + piece).split('\n');
      rest = (lines.pop() ?? '').slice(0, longestLine);
      yield* lines;
    }
  } catch (error) {
    // A service that is killed does not end its answer.
    if (response.complete) throw error;
  }
}
