import { EtherloomError, isForUser } from '../errors.ts';
import type { NamedSocket } from '../ports/socket-file.ts';
import { fileNumber } from '../system/file-number.ts';
import type { ServiceEnvironment } from './switch-service.ts';

/** The sockets by which a switch is found, and the file that says that it is wanted. */
export interface KeptSockets {
  readonly sockets: ReadonlySet<NamedSocket>;
  /** Absolute. Default: the switch has none. */
  readonly pidfile?: string | undefined;
  /** The socket whose loss, with that of the pid file, means that the switch is given up. */
  readonly control: NamedSocket;
}

/** How often it is looked whether all files are there, in milliseconds. */
const lookInterval = 2_000;

/**
 * How long a socket is missing before it is made again, in milliseconds: who removes the pid file too may not be done yet, and a switch that
 * is started anew makes its own.
 */
const patience = 1_000;

/**
 * Makes sockets again whose files were removed. One whose place another process has taken is given up for good: to take it back when that
 * process ends would be in the way of its next start. Calls `end` when the pid file and the control socket
 * are gone, or are those of another process: ifupdown's hook ends a switch by the name of its executable, which is Node's here, and then
 * removes both.
 */
export function keepSockets(
  { sockets, pidfile, control }: KeptSockets,
  { clock, log }: Pick<ServiceEnvironment, 'clock' | 'log'>,
  end: () => void,
): Disposable {
  const pidNumber = pidfile === undefined ? undefined : fileNumber(pidfile);
  /** What is missing, and the reason that was logged why it cannot be made again. */
  let missing = new Map<NamedSocket, string | undefined>();
  const taken = new Set<NamedSocket>();
  let timer: Disposable | undefined;
  const look = (): void => {
    const lost = control.lost();
    if (pidfile !== undefined && lost !== undefined && fileNumber(pidfile) !== pidNumber) {
      log.error(`${pidfile} and ${lost} were removed: no client can reach this switch any more, and it ends`);
      end();
      return;
    }
    const before = missing;
    missing = new Map();
    for (const socket of sockets) {
      const path = socket.lost();
      if (path === undefined || taken.has(socket)) continue;
      if (before.has(socket)) mend(socket, path, before.get(socket));
      else missing.set(socket, undefined);
    }
    timer = clock.after([...missing.keys()].some((socket) => !before.has(socket)) ? patience : lookInterval, look);
  };
  const mend = (socket: NamedSocket, path: string, logged: string | undefined): void => {
    try {
      socket.restore();
      log.warn(`${path} was removed, and is made again for new clients; those that are connected stay`);
    } catch (error) {
      if (!isForUser(error)) throw error;
      const { message } = error;
      if (error instanceof EtherloomError && error.code === 'busy') {
        taken.add(socket);
        log.warn(`${path} is another process's now: this switch goes on for the clients that it has, and takes no new ones there`);
        return;
      }
      if (message !== logged) log.warn(`${path} was removed, and no new client can connect: ${message}`);
      missing.set(socket, message);
    }
  };
  timer = clock.after(lookInterval, look);
  return { [Symbol.dispose]: () => timer?.[Symbol.dispose]() };
}
