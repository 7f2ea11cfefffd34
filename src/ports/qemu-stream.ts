import { resolve } from 'node:path';
import type { PortEnvironment } from './environment.ts';
import { qemuFraming } from './pure/frame-stream.ts';
import type { Acceptor } from './pure/port.ts';
import { checkSocketPlace } from './socket-file.ts';
import { plainly } from './stream/dialled.ts';
import { StreamDialer } from './stream/stream-dialer.ts';
import { tcpEndpoint, unixEndpoint, type StreamEndpoint } from './stream/stream-endpoint.ts';
import { StreamListener } from './stream/stream-listener.ts';
import type { StreamLimits } from './stream/stream-port.ts';
import { parseTcpAddress } from './tcp-address.ts';

const qemu = { module: 'qemu', framing: qemuFraming } as const;

/**
 * Returns a port for a QEMU that listens, `-netdev stream,server=on` (7.2 and later), or `-netdev socket,listen=` (any). Such a QEMU
 * accepts one switch after the other, so guest and switch survive each other's death. `address` is a path (with a slash) or `HOST:PORT`.
 * Begins to dial, and continues until disposed. Throws EtherloomError: `bad-address`, `path-too-long`.
 */
export function dialQemu(address: string, limits: StreamLimits, environment: PortEnvironment): StreamDialer {
  if (address.includes('/')) checkSocketPlace(address, 'name the one that QEMU listens on');
  return new StreamDialer(plainly(endpointOf(address)), { ...limits, ...qemu }, environment);
}

/**
 * Listens for QEMUs that dial, `-netdev stream,server=off` or `-netdev socket,connect=`: each connection is a port. Throws EtherloomError:
 * `bad-address`, `path-too-long`, `busy`, `not-permitted`, or a SystemError (EADDRINUSE).
 */
export async function listenQemu(
  address: string,
  options: StreamLimits & { readonly acceptor: Acceptor },
  environment: PortEnvironment,
): Promise<StreamListener> {
  return StreamListener.open(endpointOf(address), { ...options, ...qemu }, environment);
}

function endpointOf(address: string): StreamEndpoint {
  return address.includes('/') ? unixEndpoint(resolve(address)) : tcpEndpoint(parseTcpAddress(address));
}
