import type { Interpreter } from '../vde-console/console-session.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { ServedFile } from '../ports/served-file.ts';
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
export class ConsoleListener implements Disposable {
  /** Its socket, whose name others may remove. */
  readonly file: ServedFile;
  readonly #connections = new Set<ConsoleConnection>();

  private constructor(file: ServedFile) {
    this.file = file;
  }

  /** Binds the socket: see ServedFile. Connections are served only after `serve`. */
  static open({ path, mode = defaultConsoleMode, gid }: ConsoleSocketOptions): ConsoleListener {
    return new ConsoleListener(ServedFile.open({ path, mode, gid }));
  }

  /** The absolute path of the socket. */
  get path(): string {
    return this.file.path;
  }

  /** Gives each connection a session at the console, including connections that already wait. */
  serve(console: Interpreter, environment: PortEnvironment): void {
    this.file.serve(
      (fd) => {
        const connection = new ConsoleConnection(fd, console, environment, (ended) => this.#connections.delete(ended));
        this.#connections.add(connection);
        connection.start();
      },
      environment,
      'consoles',
    );
  }

  [Symbol.dispose](): void {
    this.file[Symbol.dispose]();
    for (const connection of [...this.#connections]) connection[Symbol.dispose]();
  }
}
