import { request } from 'node:http';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { realClock, type Clock } from '../../src/clock.ts';
import { Management } from '../../src/daemon/management.ts';
import { SwitchService } from '../../src/daemon/switch-service.ts';
import { apiAt } from '../../src/http/api-listener.ts';
import { ApiServer } from '../../src/http/api-server.ts';
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
  const logged: string[] = [];
  const environment = { clock: realClock, random: realRandom, log: logTo((message) => void logged.push(message)) };
  const service = using(await SwitchService.open({ directory: join(directory, 's') }, environment));
  const path = join(directory, 'api');
  const management = using(await Management.open(service, { faces: [apiAt(path)], shutdown: () => undefined }, environment));
  return { path, management, managed: management.managed, service, logged };
}

/** Serves the API of a stage at another socket, to a caller with other rights or by another clock. Returns the path. */
export function serveAs({ managed, service, path }: ApiStage, caller: Caller, clock: Clock = realClock): string {
  const file = ListeningFile.open({ path: `${path}.other`, mode: 0o600 });
  const server = new ApiServer(managed, { clock });
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
  readonly body: unknown;
}

/** A request: its method, GET by default, its body, JSON unless it is text, and more headers. */
export interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks by node:http. */
export function ask(socketPath: string, path: string, { method = 'GET', body, headers = {} }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
    const asked = request(
      {
        socketPath,
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
          resolve({ status: response.statusCode, type, allow, body: text === '' ? undefined : JSON.parse(text) });
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

  constructor(path: string, sent = '') {
    this.socket = createConnection({ path });
    this.socket.setEncoding('utf8').on('data', (piece: string) => (this.text += piece));
    this.socket.once('close', () => (this.closed = true));
    this.socket.on('error', () => undefined);
    this.socket.write(sent);
    onTestFinished(() => void this.socket.destroy());
  }
}
