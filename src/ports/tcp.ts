import type { PortEnvironment } from './environment.ts';
import { vdeFraming } from './pure/frame-stream.ts';
import { StreamDialer } from './stream/stream-dialer.ts';
import { tcpEndpoint } from './stream/stream-endpoint.ts';
import { StreamListener, type StreamListenerOptions } from './stream/stream-listener.ts';
import type { StreamLimits } from './stream/stream-port.ts';
import type { TcpAddress } from './tcp-address.ts';

const tcp = { module: 'tcp', framing: vdeFraming } as const;

/** Returns the dialling side of a link: a port that dials `address`, and continues until disposed. */
export function dialTcp(address: TcpAddress, limits: StreamLimits, environment: PortEnvironment): StreamDialer {
  return new StreamDialer(tcpEndpoint(address), { ...limits, ...tcp }, environment);
}

/** The address for links, their limit and their bounds. */
export interface TcpListenerOptions extends Omit<StreamListenerOptions, 'module' | 'framing'> {
  readonly listen: TcpAddress;
}

/** Returns the listening side of links. Throws EtherloomError: `bad-address`, or a SystemError (EADDRINUSE, EACCES). */
export function listenTcp({ listen, ...options }: TcpListenerOptions, environment: PortEnvironment): Promise<StreamListener> {
  return StreamListener.open(tcpEndpoint(listen), { ...options, ...tcp }, environment);
}
