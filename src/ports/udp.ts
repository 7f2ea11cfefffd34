import { isIP } from 'node:net';
import { EtherloomError, errnoOf, errnoText } from '../errors.ts';
import { familyOf, type IpFamily } from '../system/ip-address.ts';
import {
  bindIp,
  connectIp,
  lostPackets,
  prepared,
  setFragmentation,
  setReceiveBuffer,
  udpSocket,
  usualReceiveBuffer,
  type Fragmentation,
} from '../system/ip-socket.ts';
import type { Fd } from '../system/unix-socket.ts';
import { DatagramPort } from './datagram-port.ts';
import type { PortEnvironment } from './environment.ts';
import { NameWatch } from './name-watch.ts';
import { onceAMinute } from './once-a-minute.ts';
import type { Port, PortCounters } from './pure/port.ts';
import type { PathWishes } from './overlay/path-mtu.ts';
import { fragmentationOf, udpPath } from './udp-path.ts';
import { ReturningPort } from './returning-port.ts';
import { formatTcpAddress, resolveHost, type TcpAddress } from './tcp-address.ts';

/** The two ends of a port that sends each frame as a UDP datagram. */
export interface UdpPortOptions {
  /** The name or address here at which frames are received, empty for all addresses of the remote's family; and the port. */
  readonly local: TcpAddress;
  /** The host to which frames are sent, and from which alone they are taken. */
  readonly remote: TcpAddress;
  /** The treatment of frames that are too long for the path. */
  readonly wishes?: PathWishes;
  /** Resolves names. Default: as the system does. */
  readonly resolve?: typeof resolveHost;
}

/** The address that stands for all addresses of this machine. */
export const anyAddress: Readonly<Record<IpFamily, string>> = { 4: '0.0.0.0', 6: '::' };

const addressGone = 'this machine has no way to it now, or no longer the address from which it sent';

/** The errors of a socket that is of no more use, each with the reason. Another one has the addresses that this machine has then. */
export const fatalErrors: ReadonlyMap<string, string> = new Map([
  ['EINVAL', addressGone],
  ['ENETUNREACH', addressGone],
  ['ENODEV', 'this machine no longer has the interface by which it sent'],
]);

/** The errors of a network that is not there yet. */
export const notYet: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EHOSTUNREACH', 'ENETUNREACH']);

/**
 * Returns a permanent port that sends each frame as a UDP datagram, and takes those of its remote alone: the kernel checks the source. It waits
 * for a remote whose name or network is not there yet. Throws EtherloomError: `bad-address` for ends of two families, `busy` for a port in
 * use, or a SystemError.
 */
export async function openUdp(options: UdpPortOptions, environment: PortEnvironment): Promise<Port> {
  checkFamilies(options);
  const name = formatTcpAddress(options.remote);
  return ReturningPort.open(
    {
      module: 'udp',
      description: name,
      name: `the UDP port ${name}`,
      open: (counters) => openOnce(options, counters, environment),
      mayWait: (error) => isUnresolved(error) || notYet.has(errnoOf(error) ?? ''),
    },
    environment,
  );
}

async function openOnce(options: UdpPortOptions, counters: PortCounters, environment: PortEnvironment): Promise<Port> {
  const { local, remote, wishes = {}, resolve = resolveHost } = options;
  const wanted = isIP(local.host) === 0 ? undefined : familyOf(local.host);
  const address = await resolve(remote.host, wanted);
  const family = familyOf(address);
  const own = local.host === '' ? anyAddress[family] : await resolve(local.host, family);
  const fd = connectedSocket(family, { host: own, port: local.port }, { host: address, port: remote.port }, fragmentationOf(wishes));
  const warn = onceAMinute(environment.clock, environment.log.warn);
  const name = formatTcpAddress(remote);
  const moved = (now: string): void => port.end(`${remote.host} is at ${now} now, no longer at ${address}`);
  const watched = { host: remote.host, address, family: wanted, counters, resolve, moved };
  const watch = isIP(remote.host) === 0 ? new NameWatch(watched, environment) : undefined;
  const refused = (errno: string): void => {
    watch?.refused();
    warn(`no answer from the UDP port ${name}: ${errnoText(errno)}; frames to it are lost until it is there`);
  };
  // The error is the answer to an earlier frame: the same frame may arrive at the second attempt.
  const reconnect = (errno: string): boolean => {
    refused(errno);
    return true;
  };
  const path = udpPath({ fd, name: `udp ${name}`, address }, wishes, environment);
  const released = (): void => {
    watch?.[Symbol.dispose]();
    path?.[Symbol.dispose]();
  };
  const port = new DatagramPort(
    { fd, module: 'udp', description: name, counters, lost: lostPackets, refused, reconnect, fatal: fatalErrors, path, released },
    environment,
  );
  return port;
}

function connectedSocket(family: IpFamily, own: TcpAddress, peer: TcpAddress, fragmentation: Fragmentation): Fd {
  return prepared(udpSocket(family), (fd) => {
    setReceiveBuffer(fd, usualReceiveBuffer);
    setFragmentation(fd, family, fragmentation);
    bindUdp(fd, own);
    connectIp(fd, peer.host, peer.port);
  });
}

function bindUdp(fd: Fd, { host, port }: TcpAddress): void {
  try {
    bindIp(fd, host, port);
  } catch (error) {
    if (errnoOf(error) !== 'EADDRINUSE') throw error;
    const place = formatTcpAddress({ host, port });
    throw new EtherloomError('busy', `cannot receive at ${place}: another program or port uses it; choose another UDP port`, {
      cause: error,
    });
  }
}

function checkFamilies({ local, remote }: UdpPortOptions): void {
  if (isIP(local.host) === 0 || isIP(remote.host) === 0 || isIP(local.host) === isIP(remote.host)) return;
  throw new EtherloomError('bad-address', `${local.host} and ${remote.host} are of two versions of IP; use one for both ends`);
}

/** Returns whether a host's name has no address at present. */
function isUnresolved(error: Error): boolean {
  return error instanceof EtherloomError && error.code === 'bad-address' && errnoOf(error.cause) !== undefined;
}
