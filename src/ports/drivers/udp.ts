import { isIP } from 'node:net';
import { EtherloomError } from '../../errors.ts';
import { familyOf, isGroup } from '../../system/ip-address.ts';
import { groupInterface, isLoopbackInterface } from '../../system/ip-socket.ts';
import { splitOptions } from '../address-options.ts';
import { checkAddress, checkGroup, checkHost } from '../host-address.ts';
import { pathOptions, pathWishes } from '../overlay/path-mtu.ts';
import { parseTcpAddress, type TcpAddress } from '../tcp-address.ts';
import { openMulticast, type MulticastPortOptions } from '../udp-multicast.ts';
import { openUdp, type UdpPortOptions } from '../udp.ts';
import { badForm, plainOption, type Driver, type Reach } from './driver.ts';

/** A frame in a UDP datagram: QEMU, VPCS, dynamips, ubridge. */
export const udp: Driver = {
  scheme: 'udp',
  form: 'udp://LOCAL,REMOTE',
  summary: 'a frame in each datagram, from HOST:PORT or :PORT here to the HOST:PORT of one peer',
  options: { ...pathOptions, ...plainOption },
  listens: false,
  reaches: (address) => parseUdp(address).reach,
  open: async (address, environment) => ({ port: await openUdp(parseUdp(address).options, environment) }),
};

/** A frame in a datagram to a group: QEMU's `-netdev socket,mcast=`. */
export const udpMulticast: Driver = {
  scheme: 'udp-multicast',
  form: 'udp-multicast://GROUP:PORT',
  summary: 'a frame in each datagram, to all hosts of a group',
  options: {
    if: 'network interface of the group',
    local: 'IP address of this machine to use',
    ttl: 'routers that frames may cross, and one: 1 by default',
    ...pathOptions,
    ...plainOption,
  },
  listens: false,
  reaches: (address) => parseMulticast(address).reach,
  async open(address, environment) {
    const { group, options } = parseMulticast(address);
    return { port: await openMulticast(group, options, environment) };
  },
};

function parseUdp(address: string): { readonly options: UdpPortOptions; readonly reach: Reach } {
  const options = splitOptions(udp, address);
  const [near = '', far = '', ...rest] = options.body.split(',');
  if (near === '' || far === '' || rest.length > 0) throw badForm(udp, address);
  const local = withPort(near.startsWith(':') ? { ...parseTcpAddress(`any${near}`), host: '' } : parseTcpAddress(near), near);
  const remote = withPort(parseTcpAddress(far), far);
  checkAddress(local.host);
  checkHost(remote.host);
  const wishes = pathWishes(options);
  return { options: { local, remote, wishes }, reach: { hosts: [remote.host], plain: options.yes('plain') } };
}

/** A group, taken apart. */
interface Multicast {
  readonly group: TcpAddress;
  readonly options: () => MulticastPortOptions;
  readonly reach: Reach;
}

function parseMulticast(address: string): Multicast {
  const options = splitOptions(udpMulticast, address);
  const group = withPort(parseTcpAddress(options.body), options.body);
  const [name, local] = ['if', 'local'].map((option) => options.options.get(option));
  checkPlace(group, local);
  checkGroup(group.host, name !== undefined || local !== undefined);
  const hops = options.number('ttl', 0, 255) ?? 1;
  const wishes = pathWishes(options);
  // Frames that leave by the loopback stay on this machine, and none comes in by it.
  const host = name !== undefined && isLoopbackInterface(name) ? 'localhost' : name === undefined ? (local ?? group.host) : group.host;
  return {
    group,
    // An interface is looked for when the port is opened.
    options: () => ({ group, interface: groupInterface(name, local), local, hops, wishes }),
    reach: { hosts: [host], plain: options.yes('plain') },
  };
}

function checkPlace({ host }: TcpAddress, local: string | undefined): void {
  if (!isGroup(host)) {
    throw new EtherloomError('bad-address', `${host} is not a multicast address; use one of 224.0.0.0 to 239.255.255.255, or of ff00::/8`);
  }
  if (local !== undefined && (isIP(local) === 0 || familyOf(local) !== familyOf(host))) {
    throw new EtherloomError(
      'bad-address',
      `local=${local} is not an address of the group's version of IP; use one that \`ip address\` shows`,
    );
  }
}

function withPort(at: TcpAddress, text: string): TcpAddress {
  if (at.port > 0) return at;
  throw new EtherloomError('bad-address', `${text} has no UDP port that the two sides could agree on; use one from 1 to 65535`);
}
