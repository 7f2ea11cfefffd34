import { isLoopback } from '../../ports/exposure.ts';
import { ownName, peerName } from '../../system/socket-name.ts';
import { farOwner } from '../../system/tcp-owner.ts';
import type { Fd } from '../../system/unix-socket.ts';

/** The rule about connections without TLS. */
export interface PlainRule {
  /** True if the user asked for plain links (`--plain`): from anyone who reaches the port. */
  readonly anyone: boolean;
  /** Returns the user of the far socket of a connection within this machine; undefined if that cannot be told. Default: the kernel's answer. */
  readonly ownerOf?: (fd: Fd) => number | undefined;
}

/**
 * Returns why a plain connection is not allowed; undefined if it is. Within this machine, processes of the same user and of root may have
 * one, in both cases as the kernel tells. Must be asked before anything is read: later, the far end may have closed its socket.
 */
export function plainRefusal(fd: Fd, { anyone, ownerOf = farOwner }: PlainRule): string | undefined {
  if (anyone) return undefined;
  if (!isWithinMachine(fd)) return 'it is not encrypted, and comes from another host';
  const owner = ownerOf(fd);
  if (owner === undefined) return 'it is not encrypted, and its user cannot be told';
  if (owner === 0 || owner === process.geteuid?.()) return undefined;
  return `it is not encrypted, and comes from another user, uid ${owner}`;
}

/** Returns whether both ends of a connection have loopback addresses. */
function isWithinMachine(fd: Fd): boolean {
  try {
    return isLoopback(ownName(fd).host) && isLoopback(peerName(fd).host);
  } catch {
    return false; // it has already ended
  }
}
