import type { PortEnvironment } from './environment.ts';
import { vdeFraming } from './pure/frame-stream.ts';
import { plainly } from './stream/dialled.ts';
import { StreamDialer } from './stream/stream-dialer.ts';
import { tcpEndpoint } from './stream/stream-endpoint.ts';
import { StreamListener, type StreamListenerOptions } from './stream/stream-listener.ts';
import type { StreamLimits, StreamPortOptions } from './stream/stream-port.ts';
import type { TcpAddress } from './tcp-address.ts';

const tcp = { module: 'tcp', framing: vdeFraming } as const;

/** The bounds of a link that this side dials, and its knowledge of the far end. */
export interface TcpDialOptions extends StreamLimits, Pick<StreamPortOptions, 'awaitsGreeting'> {}

/** Returns the dialling side of a link: a port that dials `address`, and continues until disposed. */
export function dialTcp(address: TcpAddress, options: TcpDialOptions, environment: PortEnvironment): StreamDialer {
  return new StreamDialer(plainly(tcpEndpoint(address)), { ...options, ...tcp }, environment);
}

/** The address for links, their limit and their bounds. */
export interface TcpListenerOptions extends Omit<StreamListenerOptions, 'module' | 'framing'> {
  readonly listen: TcpAddress;
}

/** Returns the listening side of links. Throws EtherloomError: `bad-address`, or a SystemError (EADDRINUSE, EACCES). */
export function listenTcp({ listen, ...options }: TcpListenerOptions, environment: PortEnvironment): Promise<StreamListener> {
  return StreamListener.open(tcpEndpoint(listen), { ...options, ...tcp }, environment);
}
