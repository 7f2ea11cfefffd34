import { networkInterfaces } from 'node:os';
import type { Clock } from '../../clock.ts';
import { familyOf, isGroup, isLinkGroup, keyOf, type AddressKey } from '../../system/ip-address.ts';
import { groupInterface } from '../../system/ip-socket.ts';
import { vxlanKeyOf, vxlanTunnel } from '../../wire/vxlan.ts';
import type { PortEnvironment } from '../environment.ts';
import { OverlayPort } from './overlay-port.ts';
import type { DescriptorSocket } from './packet-socket.ts';
import { PathMtu, type PathWishes } from './path-mtu.ts';
import { Remotes, type ListedRemote } from './remotes.ts';
import { share, SharedSocket, type Share } from './shared-socket.ts';
import { groupReceiver, udpReceiver } from './udp-receiver.ts';
import { UdpSenders, type UdpSendersOptions } from './udp-senders.ts';

/** A VXLAN port, as its address describes it. */
export interface VxlanOptions extends PathWishes {
  /** The address behind `vxlan://`. */
  readonly name: string;
  /** The other ends, at least one: hosts, or groups of hosts. */
  readonly listed: readonly ListedRemote[];
  /** The network identifier, from 0 to 2^24 - 1. */
  readonly vni: number;
  /** The UDP port at which packets are received here. */
  readonly port: number;
  /** The address of this machine. Default: all of them. */
  readonly local?: string | undefined;
  /** The name of the interface by which packets to and from groups go. Default: that of `local`, or as the routes say. */
  readonly interface?: string | undefined;
  /** True if packets from any source are taken. Default: only if a remote is a group. */
  readonly takesAny?: boolean;
  /** True if packets over IPv4 have a UDP checksum. Default: false. */
  readonly checksum?: boolean;
}

/** The octets of a packet between its IP header and its frame: the headers of UDP and VXLAN. */
const vxlanOverhead = 16;

/** How long the addresses of this machine are not asked for again, in milliseconds. */
const patience = 1_000;

/** The routers that packets to groups may cross, and one: none, as in Linux. */
const groupHops = 1;

/**
 * Opens a VXLAN port. Ports of a process share the socket that receives at an address and port, and those that send. Throws EtherloomError:
 * `bad-address`, `busy` if the port is in use, or a SystemError.
 */
export async function openVxlan(options: VxlanOptions, environment: PortEnvironment): Promise<OverlayPort> {
  const { name, port, vni, fragmentation, answers } = options;
  const { clock, log } = environment;
  const group = options.listed.find(({ host }) => isGroup(host))?.host;
  const takesAny = options.takesAny === true || group !== undefined;
  const family = options.local === undefined ? undefined : familyOf(options.local);
  const moved = (): void => path?.ask();
  const way = group === undefined ? undefined : { interface: groupInterface(options.interface, options.local), hops: groupHops };
  const zone = zoneOf(options, way?.interface);
  const listed = options.listed.map((remote) => ({ ...remote, host: zoned(remote.host, zone) }));
  const remotes = await Remotes.resolve(listed, family, { clock, log, takesAny, port, zone, moved });
  const parts: Disposable[] = [remotes];
  let path: PathMtu | undefined;
  const part = <One extends Disposable>(one: One): One => {
    parts.push(one);
    return one;
  };
  try {
    const local = options.local ?? (remotes.family === 4 ? '0.0.0.0' : '::');
    const senders = part(
      shareSenders({ family: remotes.family, local, checksum: options.checksum, fragmentation, groupWay: way }, environment),
    );
    const own = part(receiverAt(`${local} ${port}`, () => udpReceiver({ local, port }, environment), environment));
    const receivers: Share<SharedSocket>[] = [own];
    if (group !== undefined && way) {
      const open = (): DescriptorSocket =>
        groupReceiver({ group: zoned(group, zone), port, interface: way.interface }, own.resource.receiver, environment);
      receivers.push(part(receiverAt(`${group} ${port} ${way.interface}`, open, environment)));
    }
    const paths = { name: `vxlan ${name}`, overhead: vxlanOverhead, local, ends: () => remotes.all(), answers };
    if (fragmentation !== 'allowed') path = part(new PathMtu(paths, environment));
    const isOwn = group === undefined ? undefined : ownPackets(senders.resource, clock);
    return new OverlayPort(
      { module: 'vxlan', name, encapsulation: vxlanTunnel(vni), remotes, senders, receivers, isOwn, path },
      environment,
    );
  } catch (error) {
    for (const one of parts) one[Symbol.dispose]();
    throw error;
  }
}

/** Returns the number of the interface by which link-local addresses are reached that have none; undefined if the user has named none. */
function zoneOf({ local }: VxlanOptions, index = 0): string | undefined {
  return index === 0 ? local?.split('%')[1] : String(index);
}

/** Returns a host, a group of one link with its interface. */
function zoned(host: string, zone: string | undefined): string {
  return zone !== undefined && isLinkGroup(host) ? `${host}%${zone}` : host;
}

function shareSenders(options: UdpSendersOptions, environment: PortEnvironment): Share<UdpSenders> {
  return share(environment.loop, `udp senders ${JSON.stringify(options)}`, () => new UdpSenders(options, environment));
}

function receiverAt(place: string, open: () => DescriptorSocket, environment: PortEnvironment): Share<SharedSocket<DescriptorSocket>> {
  return SharedSocket.share({ id: `vxlan at ${place}`, open, keyOf: vxlanKeyOf }, environment);
}

/**
 * Returns a test for packets to a group that these senders have sent: they come back. Other programs of this machine have other ports. The
 * addresses of this machine may change, so they are asked for again, at most once a second.
 */
function ownPackets(senders: UdpSenders, clock: Clock): (source: AddressKey, sourcePort: number) => boolean {
  let addresses = ownAddresses();
  let askedAt = clock.monotonic();
  return (source, sourcePort) => {
    if (!senders.ports.has(sourcePort)) return false;
    if (!addresses.has(source) && clock.monotonic() - askedAt >= patience) {
      addresses = ownAddresses();
      askedAt = clock.monotonic();
    }
    return addresses.has(source);
  };
}

function ownAddresses(): ReadonlySet<AddressKey> {
  const all = Object.values(networkInterfaces()).flat();
  return new Set(all.map((one) => keyOf(one?.address ?? '0.0.0.0')));
}
