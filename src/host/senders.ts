import { readUint16 } from '../wire/octets.ts';
import type { IpAddress } from '../wire/ip.ts';
import type { PathMtus, TooLong } from './path-mtus.ts';
import type { Pings } from './pings.ts';
import type { UdpSockets } from './udp-sockets.ts';
import type { Unreachables } from './unreachables.ts';

/** The parts that the transports of both families of a host share. */
export interface Senders {
  readonly udp: UdpSockets;
  readonly pings: Pings<IpAddress>;
  readonly paths: PathMtus;
  readonly unreachables: Unreachables;
}

/**
 * Records a report that a packet was too long, and passes it to the socket or ping that sent the packet. A report that is not believed has
 * no effect.
 */
export function hearTooLong({ udp, pings, paths }: Senders, told: TooLong, whose: 'udp' | 'echo' | undefined): void {
  const { destination, start } = told;
  const mtu = whose === undefined ? undefined : paths.learn(told);
  if (mtu === undefined) return;
  if (whose === 'udp') udp.refuse(destination, start, mtu);
  else pings.refuse(destination, readUint16(start, 4), readUint16(start, 6));
}
