import { closeSync } from 'node:fs';
import { filesFor } from '../console-server/console-files.ts';
import { isForUser, messageOf, reasonOf } from '../errors.ts';
import type { Managed } from '../management/managed.ts';
import { allEffects } from '../management/operation.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { onceAMinute } from '../ports/once-a-minute.ts';
import { ServedFile } from '../ports/served-file.ts';
import { peerCredentials, peerGroups, type Fd } from '../system/unix-socket.ts';
import type { ApiServer } from './api-server.ts';

/** The permission bits of the socket: it is this user's alone. */
const socketMode = 0o600;

/** The most connections at a time; further ones are closed at once. */
const mostConnections = 256;

/** Returns the function that opens the API of a switch at that path. If it cannot be opened, that is logged. */
export function apiAt(path: string): (managed: Managed, environment: PortEnvironment) => Disposable | AsyncDisposable {
  return (managed, environment) => {
    try {
      const listener = ApiListener.open(path);
      listener.serve(managed, environment);
      return listener;
    } catch (error) {
      if (!isForUser(error)) throw error;
      environment.log.warn(`commands cannot reach this service: no API at ${path}: ${messageOf(error)}`);
      return { [Symbol.dispose]: () => undefined };
    }
  };
}

/**
 * The service's own door: a unix socket with HTTP for its own user and root. HTTP and the schemas of operations are loaded for the first
 * connection, so that a switch starts without them.
 */
export class ApiListener implements AsyncDisposable {
  readonly #file: ServedFile;
  readonly #connections = new Set<Fd>();
  #server: Promise<ApiServer> | undefined;
  #open = true;

  private constructor(file: ServedFile) {
    this.#file = file;
  }

  /** Binds the socket: see ServedFile. Connections are served only after `serve`. */
  static open(path: string): ApiListener {
    return new ApiListener(ServedFile.open({ path, mode: socketMode }));
  }

  /** Answers requests, those on connections that already wait included. */
  serve(managed: Managed, environment: PortEnvironment): void {
    const warn = onceAMinute(environment.clock, environment.log.warn);
    const welcome = (fd: Fd): void => {
      const refusal = this.#refusalOf(fd);
      if (refusal === undefined) {
        this.#welcome(fd, managed, environment);
        return;
      }
      closeSync(fd);
      warn(`refused a connection at ${this.#file.path}: ${refusal}`, { key: refusal });
    };
    this.#file.serve(welcome, environment, 'connections of the API');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open = false;
    // The file goes last: until then another service cannot take its place. A server that cannot be loaded was logged.
    const server = await this.#server?.catch(() => undefined);
    await server?.[Symbol.asyncDispose]();
    this.#file[Symbol.dispose]();
  }

  /** Returns why a connection is refused; undefined if it is not. The mode of the socket keeps others out, unless it was changed. */
  #refusalOf(fd: Fd): string | undefined {
    const { uid } = peerCredentials(fd);
    if (uid !== 0 && uid !== process.geteuid?.()) return `uid ${uid} is neither this service's user nor root`;
    return this.#connections.size < mostConnections ? undefined : `${mostConnections} are open already`;
  }

  #welcome(fd: Fd, managed: Managed, environment: PortEnvironment): void {
    const files = filesFor({ ...peerCredentials(fd), groups: peerGroups(fd) }, environment.log);
    this.#connections.add(fd);
    const released = (): void => void this.#connections.delete(fd);
    this.#server ??= import('./api-server.ts').then(({ ApiServer }) => new ApiServer(managed, environment));
    this.#server.then(
      (server) => {
        if (this.#open) server.take(fd, { caller: { may: allEffects, files }, released });
        else closeSync(fd);
      },
      (error: unknown) => {
        // The package was removed or replaced while this process runs.
        this.#server = undefined;
        released();
        closeSync(fd);
        environment.log.error(`cannot load the server of ${this.#file.path}: ${reasonOf(error)}; start this service again`);
      },
    );
  }
}
