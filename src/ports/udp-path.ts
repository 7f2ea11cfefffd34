import { pathMtu, type Fragmentation } from '../system/ip-socket.ts';
import { familyOf } from '../system/ip-address.ts';
import type { Fd } from '../system/unix-socket.ts';
import type { FramePath } from './datagram-port.ts';
import type { PortEnvironment } from './environment.ts';
import { PathMtu, type PathWishes } from './overlay/path-mtu.ts';
import { maxFrame } from './pure/port.ts';

/** The header of UDP, in octets. [RFC 768] */
const udpHeader = 8;

/** The treatment of packets that are too long for their path, unless the user wishes another. */
export const fragmentationOf = ({ fragmentation = 'never' }: PathWishes): Fragmentation => fragmentation;

/**
 * Returns the path of a connected UDP socket, each datagram of which is a frame; undefined if packets may be fragmented. `name` is the port, as
 * the log calls it; `address` is the address that it is connected to. Dispose it before the socket is closed.
 */
export function udpPath(
  { fd, name, address }: { readonly fd: Fd; readonly name: string; readonly address: string },
  wishes: PathWishes,
  environment: PortEnvironment,
): (FramePath & Disposable) | undefined {
  if (fragmentationOf(wishes) === 'allowed') return undefined;
  const end = { address, longest: maxFrame };
  const ask = (): number => pathMtu(fd, familyOf(address));
  const path = new PathMtu({ name, overhead: udpHeader, ends: () => [end], answers: wishes.answers, ask }, environment);
  return {
    get mtu() {
      return path.mtu;
    },
    refuse: (frame) => path.refuse(end, frame),
    [Symbol.dispose]: () => path[Symbol.dispose](),
  };
}
