import { SystemError } from '../../errors.ts';
import { tcpEndpoint, type ListeningSocket } from '../../ports/stream/stream-endpoint.ts';
import type { TcpAddress } from '../../ports/tcp-address.ts';

/** The connections that may wait for the accept loop. A crowd must not fill the queue before it is thinned out. */
const acceptBacklog = 1024;

/**
 * Listens at an address; for port 0, the system chooses one. Where this machine has no IPv6, all addresses are those of IPv4. Throws
 * EtherloomError: `bad-address`, or a SystemError (EADDRINUSE, EACCES).
 */
export async function listenAt(address: TcpAddress): Promise<ListeningSocket> {
  try {
    return await tcpEndpoint(address).listen(acceptBacklog);
  } catch (error) {
    const isWithoutIpv6 = error instanceof SystemError && (error.errno === 'EAFNOSUPPORT' || error.errno === 'EADDRNOTAVAIL');
    if (address.host !== '::' || !isWithoutIpv6) throw error;
    return tcpEndpoint({ ...address, host: '0.0.0.0' }).listen(acceptBacklog);
  }
}
