import { EtherloomError } from '../errors.ts';
import { isLoopback, type TcpAddress } from '../ports/tcp-address.ts';

/**
 * Throws EtherloomError('not-permitted') unless the address is of this machine or the user accepted links without encryption; warns of what that
 * means. `option` is how the user accepts it.
 */
export function checkPlain({ host }: TcpAddress, plain: boolean, warn: (message: string) => void, option = '--plain'): void {
  if (isLoopback(host)) return;
  if (!plain) {
    throw new EtherloomError(
      'not-permitted',
      `cannot use ${host} without ${option}: links are not encrypted yet, and anyone on that network could read and send frames; give ${option} if the network is private`,
    );
  }
  warn(`links by way of ${host} are not encrypted: anyone who can reach it can read and send frames`);
}
