/** Ports on tunnels in IP itself, which has no ports: Ethernet over GRE, EtherIP. */
import { EtherloomError, errnoOf } from '../../errors.ts';
import { familyOf, type IpFamily } from '../../system/ip-address.ts';
import {
  bindIp,
  prepared,
  rawSocket,
  setFragmentation,
  setHops,
  setReceiveBuffer,
  usualReceiveBuffer,
  type Fragmentation,
} from '../../system/ip-socket.ts';
import type { Encapsulation } from '../../wire/encapsulation.ts';
import { greKeyOf } from '../../wire/gre.ts';
import type { PortEnvironment } from '../environment.ts';
import { OverlayPort } from './overlay-port.ts';
import { DescriptorSocket, type PacketReceiver, type PacketSenders } from './packet-socket.ts';
import { PathListener } from './path-listener.ts';
import { PathMtu, type PathMtuOptions, type PathWishes } from './path-mtu.ts';
import { loadRawSocket, PackageSocket } from './raw-socket.ts';
import { Remotes } from './remotes.ts';
import { share, SharedSocket } from './shared-socket.ts';

/** A protocol on IP that carries frames. */
export interface TunnelProtocol {
  /** The console's word for its ports. */
  readonly module: string;
  /** Its number. [IANA protocol-numbers] */
  readonly number: number;
  /** Returns the key of a packet: see Encapsulation. */
  readonly keyOf: (payload: Uint8Array) => number;
}

/** Ethernet over GRE. */
export const gre: TunnelProtocol = { module: 'gretap', number: 47, keyOf: greKeyOf };

/** EtherIP. It has one tunnel between two hosts. */
export const etherIp: TunnelProtocol = { module: 'etherip', number: 97, keyOf: () => 0 };

/** A port, as its address describes it. */
export interface RawIpOptions extends PathWishes {
  readonly protocol: TunnelProtocol;
  readonly encapsulation: Encapsulation;
  /** The address of the port, for people. */
  readonly name: string;
  /** The names or addresses of the other ends, at least one. */
  readonly hosts: readonly string[];
  /** The address of this machine. Default: all of them. */
  readonly local?: string | undefined;
  /** True if the sockets are of the npm package `raw-socket`. Default: false. */
  readonly byPackage?: boolean | undefined;
}

type RawIpSocket = PacketReceiver & PacketSenders;

const hops = 64;

/**
 * Opens a port. Ports of a process with the same protocol, version of IP and local address share one socket: the kernel gives each raw
 * socket a copy of every packet. Throws EtherloomError: `bad-address`, `busy`, `not-permitted` without CAP_NET_RAW, `missing-peer` without
 * the package, or a SystemError.
 */
export async function openRawIp(options: RawIpOptions, environment: PortEnvironment): Promise<OverlayPort> {
  const { protocol, encapsulation, name, hosts, local, byPackage = false, fragmentation = 'never', answers } = options;
  const { module, keyOf } = protocol;
  const { clock, log, loop } = environment;
  if (byPackage) checkForPackage(options);
  const moved = (): void => path?.ask();
  const listed = hosts.map((host) => ({ host, port: 0 }));
  const remotes = await Remotes.resolve(listed, local === undefined ? undefined : familyOf(local), { clock, log, port: 0, moved });
  const parts: Disposable[] = [remotes];
  let path: PathMtu | undefined;
  const part = <One extends Disposable>(one: One): One => {
    parts.push(one);
    return one;
  };
  try {
    const { family } = remotes;
    const id = `raw ${protocol.number} ${family} ${local ?? 'any'} ${byPackage}`;
    const socket = (way: Way): RawIpSocket => permitted(module, () => openSocket({ ...options, ...way, family }, environment));
    const open = (): RawIpSocket => socket({ fragmentation: 'never', receiveBuffer: usualReceiveBuffer });
    const own = part(SharedSocket.share({ id, open, keyOf }, environment));
    // It sends too, and its share as a receiver keeps it open.
    let senders = { resource: own.resource.receiver, [Symbol.dispose]: (): void => undefined };
    if (fragmentation === 'never') {
      const paths = { name: `${module} ${name}`, overhead: encapsulation.header.length, local, ends: () => remotes.all(), answers };
      path = part(new PathMtu(family === 4 ? paths : { ...paths, ...listening(protocol.number, remotes) }, environment));
    } else {
      // A socket of its own, by which packets only leave.
      senders = part(share(loop, `${id} ${fragmentation}`, () => socket({ fragmentation, receiveBuffer: 0 })));
    }
    return new OverlayPort({ module, name, encapsulation, remotes, senders, receivers: [own], path }, environment);
  } catch (error) {
    for (const one of parts) one[Symbol.dispose]();
    throw error;
  }
}

/** Returns the way to ask for paths over IPv6, where the kernel does not learn them from the port's own socket. */
function listening(protocol: number, remotes: Remotes): Pick<PathMtuOptions, 'ask' | 'released'> {
  const listener = new PathListener(protocol, () => [...remotes.all()].map(({ address }) => address));
  return { ask: listener.ask, released: listener };
}

/** The properties in which the sockets of a protocol differ. */
interface Way {
  readonly fragmentation: Fragmentation;
  /** The receive buffer that is requested, in octets. */
  readonly receiveBuffer: number;
}

function openSocket(options: RawIpOptions & Way & { family: IpFamily }, environment: PortEnvironment): RawIpSocket {
  const { family, local, byPackage, fragmentation } = options;
  const { number } = options.protocol;
  if (byPackage === true) return new PackageSocket({ ...options, protocol: number, hops }, environment);
  const fd = prepared(rawSocket(family, number), (one) => {
    setReceiveBuffer(one, options.receiveBuffer);
    setFragmentation(one, family, fragmentation);
    setHops(one, family, hops);
    if (local !== undefined) bindIp(one, local, 0);
  });
  return new DescriptorSocket({ fd, family, headed: family === 4 }, environment);
}

/** Throws EtherloomError if the package is not there, or cannot do what the address wants. */
function checkForPackage({ name, protocol, local, hosts }: RawIpOptions): void {
  const zoned = hosts.find((host) => host.includes('%'));
  if (local !== undefined || zoned !== undefined) {
    const what = zoned === undefined ? 'local=' : `the interface in ${zoned}`;
    throw new EtherloomError(
      'bad-address',
      `${protocol.module}://${name}: the package raw-socket cannot use ${what}; leave that or socket=raw-socket out`,
    );
  }
  loadRawSocket();
}

/** Returns what `open` returns. Throws EtherloomError('not-permitted') if it lacks CAP_NET_RAW. */
function permitted<Socket>(module: string, open: () => Socket): Socket {
  try {
    return open();
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') throw error;
    throw new EtherloomError(
      'not-permitted',
      `${module} needs a raw socket, which this process may not have without CAP_NET_RAW; ` +
        'run it in a user and network namespace of its own (unshare -Urn COMMAND), let root start it with that capability ' +
        '(setpriv --reuid=USER --regid=GROUP --clear-groups --inh-caps=+net_raw --ambient-caps=+net_raw COMMAND), or run it as root',
      { cause: error },
    );
  }
}
