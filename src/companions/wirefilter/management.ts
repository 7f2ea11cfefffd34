import { fstatSync, openSync, readFileSync, closeSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { removeStaleSocket } from '../../ports/socket-file.ts';
import type { Loop } from '../../system/loop.ts';
import { accept, bindFile, checkUnixPath, listen, peerCredentials, streamSocket, type Fd } from '../../system/unix-socket.ts';
import type { Console, Giver } from './console.ts';
import { Session } from './session.ts';
import { statusOf, type Status } from './status.ts';

/** Where a console is. */
export interface ManagementOptions {
  readonly path: string;
  /** Permission bits of the socket file. */
  readonly mode: number;
  readonly console: Console;
  readonly loop: Loop;
  readonly shutdown: () => void;
}

/** How many sessions there may be at once. */
const mostSessions = 64;

/** The largest file that is loaded, in octets. */
const largestScript = 2 ** 20;

/** A console's socket, and the sessions on it. */
export class Management implements Disposable {
  readonly sessions = new Set<Session>();
  readonly #options: ManagementOptions;
  readonly #fd: Fd;
  readonly #watch: Disposable;
  readonly #sockets = new Set<Socket>();

  private constructor(fd: Fd, options: ManagementOptions) {
    this.#fd = fd;
    this.#options = options;
    this.#watch = options.loop.readiness.watch(fd, { readable: true, writable: false }, () => this.#accept());
  }

  /** Throws EtherloomError: `busy`, `not-permitted`, `path-too-long`, or a SystemError. */
  static open(options: ManagementOptions): Management {
    checkUnixPath(options.path, 'choose a shorter one for the console');
    removeStaleSocket(options.path, 'stream');
    const fd = streamSocket();
    try {
      bindFile(fd, options);
      listen(fd, 15);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    return new Management(fd, options);
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    closeSync(this.#fd);
    rmSync(this.#options.path, { force: true });
    // What is still to be said has its chance.
    for (const socket of this.#sockets) socket.end();
  }

  #accept(): void {
    for (let fd = accept(this.#fd); fd !== undefined; fd = accept(this.#fd)) {
      if (this.#sockets.size >= mostSessions) closeSync(fd);
      else this.#open(fd);
    }
  }

  #open(fd: Fd): void {
    const { uid } = peerCredentials(fd);
    const socket = new Socket({ fd, allowHalfOpen: true });
    const session = new Session({
      console: this.#options.console,
      terminal: { write: (text) => void socket.write(text), backlog: () => socket.writableLength, end: () => socket.end() },
      // Nobody sees files by this process's rights.
      read: uid === process.geteuid?.() || uid === 0 ? readScript : () => 'EPERM',
      remote: true,
      shutdown: this.#options.shutdown,
    });
    this.#sockets.add(socket);
    this.sessions.add(session);
    socket.setEncoding('utf8');
    socket.on('data', (piece: string) => {
      session.receive(piece);
      if (session.congested) socket.pause();
    });
    socket.on('drain', () => {
      session.resume();
      if (!session.congested) socket.resume();
    });
    socket.once('end', () => socket.end());
    socket.on('error', () => undefined); // its end follows
    socket.once('close', () => {
      session.close();
      this.sessions.delete(session);
      this.#sockets.delete(socket);
    });
  }
}

/** The text of a file of commands, read with this process's rights; or why not. */
export const readScript: Giver['read'] = (path) => {
  try {
    const fd = openSync(path, 'r');
    try {
      const status = fstatSync(fd);
      if (status.isDirectory()) return 'EISDIR';
      return status.size > largestScript ? 'EFBIG' : { text: readFileSync(fd, 'utf8') };
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return errnoOf(error);
  }
};

function errnoOf(error: unknown): Status {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? statusOf(error.code) : 'EIO';
}
