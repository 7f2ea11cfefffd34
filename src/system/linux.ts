import { EtherloomError } from '../errors.ts';

/**
 * Throws EtherloomError('not-supported') on any system but Linux, since sockets, taps and guests use its system calls. `what` names the
 * part of the package that needs Linux.
 */
export function requireLinux(what: string): void {
  if (process.platform === 'linux') return;
  throw new EtherloomError(
    'not-supported',
    `cannot use ${what} on ${process.platform}: it needs Linux; run the program in a Linux machine or container`,
  );
}
