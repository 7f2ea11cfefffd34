import { resolve } from 'node:path';
import type { OwnedFile } from '../system/bound-file.ts';
import type { Fd } from '../system/unix-socket.ts';
import { AcceptLoop } from './accept-loop.ts';
import type { PortEnvironment } from './environment.ts';
import { ListeningFile, type NamedFile, type NamedSocket } from './socket-file.ts';

/** A listening socket with a name for a service that is no port: a console, an API. Its name comes back if others remove it. */
export class ServedFile implements NamedSocket, Disposable {
  /** The absolute path of the socket. */
  readonly path: string;
  readonly #file: ListeningFile;
  #openDoor: (() => AcceptLoop) | undefined;
  #door: AcceptLoop | undefined;
  #release: (() => void) | undefined;

  private constructor(file: ListeningFile) {
    this.path = file.path;
    this.#file = file;
  }

  /**
   * Binds the socket, and replaces one that a dead process left. Connections wait until `serve`. Throws EtherloomError: `busy` if another
   * process serves the path, `not-permitted` if the path is not a socket, `path-too-long`, or a SystemError.
   */
  static open({ path, ...owner }: OwnedFile): ServedFile {
    return new ServedFile(ListeningFile.open({ path: resolve(path), ...owner }));
  }

  /** Gives each connection to `welcome`, those that already wait included. `who` is the log's word for them: see AcceptLoop. */
  serve(welcome: (connection: Fd) => void, environment: PortEnvironment, who: string): void {
    this.#openDoor = () => new AcceptLoop(this.#file.fd, welcome, environment, who);
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

  /** Takes no more connections, and removes the file. Connections that were taken stay. */
  [Symbol.dispose](): void {
    this.#release?.();
    this.#door?.[Symbol.dispose]();
    this.#file[Symbol.dispose]();
  }
}
