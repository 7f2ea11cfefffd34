import { EtherloomError } from '../errors.ts';
import { withConsent } from '../ports/address-options.ts';
import { exposureOf } from '../ports/exposure.ts';
import { reachOf } from '../ports/open.ts';
import type { TcpAddress } from '../ports/tcp-address.ts';

/**
 * Throws EtherloomError('not-permitted') for the address of a star beyond this machine, unless the user accepted unencrypted links; then
 * `warn` is called with the consequences. `option` is the option by which the user accepts them.
 */
export function checkPlain({ host }: Pick<TcpAddress, 'host'>, plain: boolean, warn: (message: string) => void, option = '--plain'): void {
  const exposure = exposureOf(host, { plain });
  if (exposure === 'refused') {
    throw new EtherloomError(
      'not-permitted',
      `cannot use ${host} without ${option}: plain links are not encrypted, and anyone on that network could read and send frames; join by a line of the master (etherloom join LINE), or give ${option} if the network is private`,
    );
  }
  if (exposure === 'plain') warn(`plain links through ${host} are not encrypted: anyone who can reach it can read and send frames`);
}

/** The consent to plain frames beyond this machine that a user can give for all ports at once. */
export interface PlainPorts {
  /** True if the user has given it. Otherwise each address needs its own: `plain=yes`. */
  readonly plain: boolean;
  /** The option by which the user gives it. Default: there is none. */
  readonly option?: string;
}

/**
 * Throws EtherloomError('not-permitted') for the address of a port whose frames cross a network beyond this machine, unless the user accepts
 * that: for all ports, or by `plain=yes` in the address; then `warn` is called with the consequences. Throws EtherloomError('bad-address') as
 * well.
 */
export function checkPortPlain(address: string, { plain, option }: PlainPorts, warn: (message: string) => void): void {
  const reach = reachOf(address);
  for (const host of new Set(reach.hosts)) {
    const exposure = exposureOf(host, { plain: plain || reach.plain });
    if (exposure === 'plain') warn(`frames through ${host} are not encrypted: anyone who can reach it can read and send frames`);
    if (exposure !== 'refused') continue;
    const remedy = `write ${withConsent(address)}${option === undefined ? '' : `, or give ${option},`} if the network is private`;
    throw new EtherloomError(
      'not-permitted',
      `cannot open ${address}: its frames are not encrypted, and anyone on the way to ${host} could read and send them; ${remedy}`,
    );
  }
}
