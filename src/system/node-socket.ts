import { connect, Socket } from 'node:net';
import { socketWayTo, type SocketWay } from './socket-path.ts';

/** Returns a socket of Node's that connects to the socket file at `path`, however long that is. A failure is emitted as its `error`. */
export function connectNodeSocket(path: string): Socket {
  let way: SocketWay;
  try {
    way = socketWayTo(path);
  } catch (error) {
    return new Socket().destroy(error instanceof Error ? error : new Error(String(error)));
  }
  // As `path`: Node would take a bare argument such as `7` for a TCP port.
  const socket = connect({ path: way.name });
  const release = (): void => {
    socket.off('connect', release).off('close', release);
    way[Symbol.dispose]();
  };
  return socket.once('connect', release).once('close', release);
}
