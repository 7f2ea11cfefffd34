import { request, type IncomingHttpHeaders } from 'node:http';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { realClock, type Clock } from '../../src/clock.ts';
import { Management, type OpenFace } from '../../src/daemon/management.ts';
import { SwitchService } from '../../src/daemon/switch-service.ts';
import { apiAt } from '../../src/http/own-api.ts';
import { ApiServer } from '../../src/http/api-server.ts';
import { httpAt, type HttpFaceOptions } from '../../src/http/http-face.ts';
import { newToken } from '../../src/http/token.ts';
import { logTo } from '../../src/log.ts';
import type { Managed } from '../../src/management/managed.ts';
import type { Caller } from '../../src/management/operation.ts';
import { ListeningFile } from '../../src/ports/socket-file.ts';
import { AcceptLoop } from '../../src/ports/accept-loop.ts';
import { realRandom } from '../../src/random.ts';
import { newDirectory, using } from '../ports/rig.ts';

/** A switch with an API, within the test's own process, until the test ends. */
export interface ApiStage {
  /** The path of the API's socket. */
  readonly path: string;
  readonly management: Management;
  readonly managed: Managed;
  readonly service: SwitchService;
  readonly logged: string[];
}

/** Opens one, with a directory of its own. */
export async function openApi(directory = newDirectory()): Promise<ApiStage> {
  const path = join(directory, 'api');
  return { path, ...(await openManaged(apiAt(path, realRandom), directory)) };
}

async function openManaged(face: OpenFace, directory = newDirectory()): Promise<Omit<ApiStage, 'path'>> {
  const logged: string[] = [];
  const environment = { clock: realClock, random: realRandom, log: logTo((message) => void logged.push(message)) };
  const service = using(await SwitchService.open({ directory: join(directory, 's') }, environment));
  const management = using(await Management.open(service, { faces: [face], shutdown: () => undefined }, environment));
  return { management, managed: management.managed, service, logged };
}

/** A switch with an HTTP server at a TCP port, within the test's own process, until the test ends. */
export interface HttpStage extends Omit<ApiStage, 'path'> {
  readonly port: number;
  readonly token: string;
  /** The headers of a client that knows the token. */
  readonly bearer: Readonly<Record<string, string>>;
}

/** Opens one; `wish` changes its settings. */
export async function openHttp(wish: Partial<HttpFaceOptions> = {}): Promise<HttpStage & { readonly name: string }> {
  const token = newToken(realRandom);
  let name = '';
  const place = { host: '127.0.0.1', address: '127.0.0.1', port: 0 };
  const options = { place, token, readOnly: false, random: realRandom, opened: (at: string) => (name = at), ...wish };
  const stage = await openManaged(httpAt(options));
  return {
    ...stage,
    name,
    port: Number(name.split(':').at(-1)),
    token: options.token,
    bearer: { authorization: `Bearer ${options.token}` },
  };
}

/** Serves the API of a stage at another socket, to a caller with other rights or by another clock. Returns the path. */
export function serveAs({ managed, service, path }: ApiStage, caller: Caller, clock: Clock = realClock): string {
  const file = ListeningFile.open({ path: `${path}.other`, mode: 0o600 });
  const server = new ApiServer(managed, { clock, random: realRandom, log: service.plane.environment.log });
  const take = (fd: number): void => server.take(fd, { caller, released: () => undefined });
  const door = new AcceptLoop(file.fd, take, service.plane.environment, 'tests');
  onTestFinished(async () => {
    door[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
    file[Symbol.dispose]();
  });
  return file.path;
}

/** An answer of the API. */
export interface Answer {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly allow: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** A request: its method, GET by default, its body, JSON unless it is text, and more headers. */
export interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The place of a server: the path of its socket, or its TCP port on this machine. */
export type Place = string | number;

function wayTo(place: Place): { readonly path: string } | { readonly host: string; readonly port: number } {
  return typeof place === 'string' ? { path: place } : { host: '127.0.0.1', port: place };
}

/** Asks by node:http. */
export function ask(place: Place, path: string, { method = 'GET', body, headers = {} }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
    const asked = request(
      {
        ...(typeof place === 'string' ? { socketPath: place } : { host: '127.0.0.1', port: place }),
        path,
        method,
        agent: false,
        headers: { ...(sent !== undefined && { 'content-type': 'application/json' }), ...headers },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        response.on('end', () => {
          const { 'content-type': type, allow } = response.headers;
          resolve({
            status: response.statusCode,
            headers: response.headers,
            type,
            allow,
            body: text === '' ? undefined : JSON.parse(text),
          });
        });
        response.on('error', reject);
      },
    );
    asked.on('error', reject).end(sent);
  });
}

/** A raw connection, with all that came. */
export class RawClient {
  text = '';
  closed = false;
  readonly socket;

  constructor(place: Place, sent = '') {
    this.socket = createConnection(wayTo(place));
    this.socket.setEncoding('utf8').on('data', (piece: string) => (this.text += piece));
    this.socket.once('close', () => (this.closed = true));
    this.socket.on('error', () => undefined);
    this.socket.write(sent);
    onTestFinished(() => void this.socket.destroy());
  }
}
