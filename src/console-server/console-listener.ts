import { resolve } from 'node:path';
import type { Interpreter } from '../vde-console/console-session.ts';
import { AcceptLoop } from '../ports/accept-loop.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { ListeningFile, type NamedFile, type NamedSocket } from '../ports/socket-file.ts';
import type { Fd } from '../system/unix-socket.ts';
import { ConsoleConnection } from './console-connection.ts';

/** The socket of a console, and the users who may connect to it. */
export interface ConsoleSocketOptions {
  readonly path: string;
  /** Permission bits. Default: 0600. */
  readonly mode?: number | undefined;
  /** The group that owns it. Default: unchanged. */
  readonly gid?: number | undefined;
}

/** The permission bits of a console's socket. This is the default. */
export const defaultConsoleMode = 0o600;

/** The listening socket of a console. Each connection is a session. */
export class ConsoleListener implements NamedSocket, Disposable {
  /** The absolute path of the socket. */
  readonly path: string;
  readonly #file: ListeningFile;
  readonly #connections = new Set<ConsoleConnection>();
  #openDoor: (() => AcceptLoop) | undefined;
  #door: AcceptLoop | undefined;
  #release: (() => void) | undefined;

  private constructor(file: ListeningFile) {
    this.path = file.path;
    this.#file = file;
  }

  /**
   * Binds the socket, and replaces one that a dead process left. Connections are served only after `serve`. Throws EtherloomError: `busy`
   * if another process serves the path, `not-permitted` if the path is not a socket, `path-too-long`, or a SystemError.
   */
  static open({ path, mode = defaultConsoleMode, gid }: ConsoleSocketOptions): ConsoleListener {
    return new ConsoleListener(ListeningFile.open({ path: resolve(path), mode, gid }));
  }

  /** Gives each connection a session at the console, including connections that already wait. */
  serve(console: Interpreter, environment: PortEnvironment): void {
    const welcome = (fd: Fd): void => {
      const connection = new ConsoleConnection(fd, console, environment, (ended) => this.#connections.delete(ended));
      this.#connections.add(connection);
      connection.start();
    };
    this.#openDoor = () => new AcceptLoop(this.#file.fd, welcome, environment, 'consoles');
    this.#door = this.#openDoor();
    environment.named?.add(this);
    this.#release = () => environment.named?.delete(this);
  }

  get files(): readonly NamedFile[] {
    return [this.#file.named];
  }

  restore(): void {
    this.#door?.[Symbol.dispose]();
    try {
      this.#file.renew();
    } finally {
      this.#door = this.#openDoor?.();
    }
  }

  [Symbol.dispose](): void {
    this.#release?.();
    this.#door?.[Symbol.dispose]();
    for (const connection of [...this.#connections]) connection[Symbol.dispose]();
    this.#file[Symbol.dispose]();
  }
}
