import { closeSync, lstatSync, unlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Interpreter } from '../management/console-session.ts';
import { AcceptLoop } from '../ports/accept-loop.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { removeStaleSocket } from '../ports/socket-file.ts';
import { bindFile, checkUnixPath, listen, streamSocket, type Fd } from '../system/unix-socket.ts';
import { ConsoleConnection } from './console-connection.ts';

/** The socket of a console, and the users that may connect to it. */
export interface ConsoleSocketOptions {
  readonly path: string;
  /** Permission bits. Default: 0600. */
  readonly mode?: number | undefined;
  /** The group that owns it. Default: unchanged. */
  readonly gid?: number | undefined;
}

/** Permission bits of a console's socket where none are said. */
export const defaultConsoleMode = 0o600;

const acceptBacklog = 128;

/** The socket of a console: each connection is a session. */
export class ConsoleListener implements Disposable {
  /** Absolute. */
  readonly path: string;
  readonly #fd: Fd;
  readonly #inode: number;
  readonly #connections = new Set<ConsoleConnection>();
  #door: AcceptLoop | undefined;

  private constructor(path: string, fd: Fd) {
    this.path = path;
    this.#fd = fd;
    this.#inode = lstatSync(path).ino;
  }

  /**
   * Binds the socket, in place of one that a dead process left. No connection is served before `serve`. Throws EtherloomError: `busy` when
   * a process serves it, `not-permitted` when something else is, `path-too-long`, or a SystemError.
   */
  static open({ path: given, mode = defaultConsoleMode, gid }: ConsoleSocketOptions): ConsoleListener {
    const path = resolve(given);
    checkUnixPath(path, 'choose a shorter name with --mgmt (-M)');
    removeStaleSocket(path, 'stream');
    const fd = streamSocket();
    try {
      bindFile(fd, { path, mode, gid });
      listen(fd, acceptBacklog);
      return new ConsoleListener(path, fd);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Gives each connection, those that wait already too, a session at the console. */
  serve(console: Interpreter, environment: PortEnvironment): void {
    const welcome = (fd: Fd): void => {
      const connection = new ConsoleConnection(fd, console, environment, (ended) => this.#connections.delete(ended));
      this.#connections.add(connection);
      connection.start();
    };
    this.#door = new AcceptLoop(this.#fd, welcome, environment, 'consoles');
  }

  [Symbol.dispose](): void {
    this.#door?.[Symbol.dispose]();
    for (const connection of [...this.#connections]) connection[Symbol.dispose]();
    closeSync(this.#fd);
    // Another switch's socket may have that name now.
    if (lstatSync(this.path, { throwIfNoEntry: false })?.ino === this.#inode) unlinkSync(this.path);
  }
}
