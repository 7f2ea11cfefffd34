import { errnoOf } from '../errors.ts';
import type { Fd } from '../system/unix-socket.ts';
import { DatagramPort, type DatagramPortOptions } from './datagram-port.ts';
import type { PortEnvironment } from './environment.ts';
import { LinkListener, type LinkLimits } from './link-listener.ts';
import type { Port } from './pure/port.ts';
import { ReturningPort } from './returning-port.ts';
import { checkSocketPlace } from './socket-file.ts';
import { unixEndpoint } from './stream/stream-endpoint.ts';

/** The errors of a program that does not listen yet, or has many to take. */
const notYet: ReadonlySet<string> = new Set(['EAGAIN', 'ECONNREFUSED', 'ENOENT']);

/**
 * Listens at a socket file for programs that send each frame as a sequenced packet, as User-mode Linux does (`vec0:transport=bess`): each
 * connection is a port. Throws EtherloomError: `path-too-long`, `busy`, `not-permitted`.
 */
export async function listenBess(path: string, limits: LinkLimits, environment: PortEnvironment): Promise<LinkListener> {
  const makeLink = (fd: Fd, description: string, released: () => void): DatagramPort =>
    connectionPort({ fd, description, released }, environment);
  return new LinkListener(await unixEndpoint(path, 'packets').listen(), makeLink, limits, environment);
}

/**
 * Returns a permanent port on a program that listens so, as gvproxy does. It waits for a program that is not there yet, and returns after it
 * has ended. Throws EtherloomError: `bad-address`, `path-too-long`, or a SystemError (EACCES).
 */
export async function dialBess(path: string, environment: PortEnvironment): Promise<Port> {
  checkSocketPlace(path, 'name the one at which the other program listens');
  const endpoint = unixEndpoint(path, 'packets');
  return ReturningPort.open(
    {
      module: 'bess',
      description: path,
      name: path,
      open: async (counters) => connectionPort({ fd: await endpoint.connect(), description: path, counters }, environment),
      mayWait: (error) => notYet.has(errnoOf(error) ?? ''),
    },
    environment,
  );
}

function connectionPort(options: Omit<DatagramPortOptions, 'module'>, environment: PortEnvironment): DatagramPort {
  return new DatagramPort({ ...options, module: 'bess', connection: true }, environment);
}
