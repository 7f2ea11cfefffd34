import { connect, Socket } from 'node:net';
import { socketWayTo, type SocketWay } from './socket-path.ts';

/** Returns a Node socket that connects to the socket file at `path`, even if the path is long. A failure is emitted as its `error`. */
export function connectNodeSocket(path: string): Socket {
  let way: SocketWay;
  try {
    way = socketWayTo(path);
  } catch (error) {
    return new Socket().destroy(error instanceof Error ? error : new Error(String(error)));
  }
  // Given as an option, because Node would take an argument such as `7` for a TCP port.
  const socket = connect({ path: way.name });
  const release = (): void => {
    socket.off('connect', release).off('close', release);
    way[Symbol.dispose]();
  };
  return socket.once('connect', release).once('close', release);
}
