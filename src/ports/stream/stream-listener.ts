import type { Fd } from '../../system/unix-socket.ts';
import type { PortEnvironment } from '../environment.ts';
import { LinkListener, type LinkLimits } from '../link-listener.ts';
import { FdChannel } from './fd-channel.ts';
import type { StreamEndpoint } from './stream-endpoint.ts';
import { StreamPort, type StreamPortOptions } from './stream-port.ts';

/** The owner of the connections, their limit, and the properties of their ports. */
export interface StreamListenerOptions extends Omit<StreamPortOptions, 'description'>, LinkLimits {}

/** The listening side of streams: each connection is a port, and ends with it. */
export class StreamListener extends LinkListener {
  /** Listens. Throws what the endpoint throws. */
  static async open(endpoint: StreamEndpoint, options: StreamListenerOptions, environment: PortEnvironment): Promise<StreamListener> {
    const makeLink = (connection: Fd, description: string, released: () => void): StreamPort => {
      const port = new StreamPort({ ...options, description }, environment, { lost: (reason) => port.end(reason), released });
      port.connect(FdChannel.onSocket(connection, environment));
      return port;
    };
    return new StreamListener(await endpoint.listen(), makeLink, options, environment);
  }
}
