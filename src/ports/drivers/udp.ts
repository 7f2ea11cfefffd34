import { isIP } from 'node:net';
import { EtherloomError } from '../../errors.ts';
import { familyOf, interfaceNumber, isGroup, isLinkGroup } from '../../system/ip-address.ts';
import { interfaceWith, isLoopbackInterface, type Fragmentation } from '../../system/ip-socket.ts';
import { splitOptions, type AddressOptions } from '../address-options.ts';
import { parseTcpAddress, type TcpAddress } from '../tcp-address.ts';
import { MulticastPort, type MulticastPortOptions } from '../udp-multicast.ts';
import { openUdp, type UdpPortOptions } from '../udp.ts';
import { badForm, type Driver, type Reach } from './driver.ts';

/** A frame in a UDP datagram: QEMU, VPCS, dynamips, ubridge. */
export const udp: Driver = {
  scheme: 'udp',
  form: 'udp://LOCAL,REMOTE',
  summary: 'a frame in each datagram, from HOST:PORT or :PORT here to the HOST:PORT of one peer',
  listens: false,
  reaches: (address) => parseUdp(address).reach,
  open: async (address, environment) => ({ port: await openUdp(parseUdp(address).options, environment) }),
};

/** A frame in a datagram to a group: QEMU's `-netdev socket,mcast=`. */
export const udpMulticast: Driver = {
  scheme: 'udp-multicast',
  form: 'udp-multicast://GROUP:PORT',
  summary: 'a frame in each datagram, to all hosts of a group; ?if= or ?local= names the interface',
  listens: false,
  reaches: (address) => parseMulticast(address).reach,
  open: (address, environment) => Promise.resolve({ port: MulticastPort.open(parseMulticast(address).options(), environment) }),
};

function parseUdp(address: string): { readonly options: UdpPortOptions; readonly reach: Reach } {
  const options = splitOptions(udp, address, ['fragment', 'plain']);
  const [near = '', far = '', ...rest] = options.body.split(',');
  if (near === '' || far === '' || rest.length > 0) throw badForm(udp, address);
  const local = near.startsWith(':') ? { ...parseTcpAddress(`any${near}`), host: '' } : parseTcpAddress(near);
  const remote = withPort(parseTcpAddress(far), far);
  const fragmentation = fragmentationOf(options);
  return { options: { local, remote, fragmentation }, reach: { hosts: [remote.host], plain: options.yes('plain') } };
}

function parseMulticast(address: string): { readonly options: () => MulticastPortOptions; readonly reach: Reach } {
  const options = splitOptions(udpMulticast, address, ['if', 'local', 'ttl', 'fragment', 'plain']);
  const group = withPort(parseTcpAddress(options.body), options.body);
  const [name, local] = ['if', 'local'].map((option) => options.options.get(option));
  checkGroup(group, { local, isInterfaceNamed: name !== undefined || local !== undefined });
  const hops = options.number('ttl', 0, 255) ?? 1;
  const fragmentation = fragmentationOf(options);
  // Frames that leave by the loopback stay on this machine, and none comes in by it.
  const host = name !== undefined && isLoopbackInterface(name) ? 'localhost' : name === undefined ? (local ?? group.host) : group.host;
  return {
    // An interface is looked for when the port is opened.
    options: () => ({ group, interface: interfaceOf(name, local), local, hops, fragmentation }),
    reach: { hosts: [host], plain: options.yes('plain') },
  };
}

function interfaceOf(name: string | undefined, local: string | undefined): number {
  if (name !== undefined) return interfaceNumber(name);
  return local === undefined ? 0 : interfaceWith(local);
}

function checkGroup({ host }: TcpAddress, { local, isInterfaceNamed }: { local: string | undefined; isInterfaceNamed: boolean }): void {
  if (!isGroup(host)) {
    throw new EtherloomError('bad-address', `${host} is not a multicast address; use one of 224.0.0.0 to 239.255.255.255, or of ff00::/8`);
  }
  if (local !== undefined && (isIP(local) === 0 || familyOf(local) !== familyOf(host))) {
    throw new EtherloomError(
      'bad-address',
      `local=${local} is not an address of the group's version of IP; use one that \`ip address\` shows`,
    );
  }
  if (isLinkGroup(host) && !isInterfaceNamed) {
    throw new EtherloomError('bad-address', `the group ${host} is another one on each link; name the interface: ?if=eth0`);
  }
}

function fragmentationOf(options: AddressOptions): Fragmentation {
  return options.onOff('fragment') === true ? 'allowed' : 'never';
}

function withPort(at: TcpAddress, text: string): TcpAddress {
  if (at.port > 0) return at;
  throw new EtherloomError('bad-address', `${text} has no port to which frames can be sent; use one from 1 to 65535`);
}
