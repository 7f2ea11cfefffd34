import { EtherloomError } from '../errors.ts';
import { exposureOf } from '../ports/exposure.ts';
import { hostReached } from '../ports/open.ts';
import type { TcpAddress } from '../ports/tcp-address.ts';

/**
 * Throws EtherloomError('not-permitted') for an address beyond this machine, unless the user accepted unencrypted links; then `warn` is
 * called with the consequences. `option` is the option by which the user accepts them.
 */
export function checkPlain({ host }: TcpAddress, plain: boolean, warn: (message: string) => void, option = '--plain'): void {
  const exposure = exposureOf(host, { plain });
  if (exposure === 'refused') {
    throw new EtherloomError(
      'not-permitted',
      `cannot use ${host} without ${option}: links are not encrypted yet, and anyone on that network could read and send frames; give ${option} if the network is private`,
    );
  }
  if (exposure === 'plain') warn(`links through ${host} are not encrypted: anyone who can reach it can read and send frames`);
}

/** Checks the address of a port in the same way. Throws EtherloomError('bad-address') as well. */
export function checkPortPlain(address: string, plain: boolean, warn: (message: string) => void, option?: string): void {
  const reached = hostReached(address);
  if (reached) checkPlain(reached, plain, warn, option);
}
