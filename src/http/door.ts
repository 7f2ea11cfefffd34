import type { PortEnvironment } from '../ports/environment.ts';
import type { Fd } from '../system/unix-socket.ts';

/** A listening socket of the API. */
export interface Door extends Disposable {
  /** Gives each connection to `welcome`, those that already wait included. `who` is the log's word for them. */
  serve(welcome: (connection: Fd) => void, environment: PortEnvironment, who: string): void;
}
