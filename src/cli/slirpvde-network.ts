/** Parses the options of `slirpvde` for its network, in the original's forms and with its defaults. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { PlugPlace } from '../companions/plug-name.ts';
import { EtherloomError } from '../errors.ts';
import {
  broadcastOf,
  contains,
  formatIpv4,
  formatIpv4Network,
  ipv4FromNumber,
  ipv4NetworkOf,
  parseIpv4,
  type Ipv4Address,
  type Ipv4Network,
} from '../wire/ipv4.ts';

type SlirpPlace = Extract<PlugPlace, { readonly kind: 'slirp-network' }>;
type Forward = NonNullable<SlirpPlace['config']['forwards']>[number];

/** The options in the given order. */
type Given = readonly { readonly name: string; readonly value: string }[];

const defaultHost = '10.0.2.2/24';
/** The host numbers of the network, unless options name others. */
const usual = { router: 2, dns: 3, firstLease: 15 };

/** The number of addresses that libslirp leases. */
const leases = 16;

/** Returns the network that the options ask for. Throws EtherloomError('bad-option'). */
export function slirpPlace(given: Given): SlirpPlace {
  const last = (name: string): string | undefined => given.findLast((one) => one.name === name)?.value;
  refuse(last('display'), '-X', 'use ssh -X into the guest, or give the guest the address of an X server that listens for TCP');
  refuse(
    last('unixsocket'),
    '-x',
    'libslirp does not connect to Unix sockets; use socat TCP-LISTEN on this machine in front of the socket',
  );
  const { network, router } = hostOf(last('host') ?? defaultHost);
  const dns = hostOr(usual.dns, '-N', last('dns'), network);
  if (dns === router) {
    throw new EtherloomError(
      'bad-option',
      `${formatIpv4(dns)} is the router's address and cannot be the DNS server's; give another one with -N`,
    );
  }
  const dhcp = last('dhcp');
  const firstLease = hostOr(usual.firstLease, '-D', dhcp === '' ? undefined : dhcp, network);
  if (dhcp !== undefined) checkLeases(network, firstLease, [router, dns]);
  return {
    kind: 'slirp-network',
    dhcp: dhcp !== undefined,
    config: {
      router,
      prefixLength: network.prefixLength,
      dns,
      firstLease,
      // The same as in the original.
      hostLoopback: true,
      forwards: given.flatMap(({ name, value }) => (name === 'tcp' || name === 'udp' ? [forwardOf(name, value, network)] : [])),
      tftp: tftpOf(last('tftp')),
    },
  };
}

/** Throws EtherloomError('bad-option') if libslirp would lease an address that no client can have. It does not check any itself. */
function checkLeases(network: Ipv4Network, first: Ipv4Address, taken: readonly Ipv4Address[]): void {
  const last = first + leases - 1;
  if (last < broadcastOf(network) && !taken.some((address) => address >= first && address <= last)) return;
  throw new EtherloomError(
    'bad-option',
    `-D ${formatIpv4(first)} does not work: the ${leases} addresses from there on must be in ${formatIpv4Network(network)}, and not be those of the router and the DNS server; give -D another one, or a wider network with -H`,
  );
}

function tftpOf(directory: string | undefined): string | undefined {
  if (directory === undefined) return undefined;
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new EtherloomError('bad-option', `-t ${directory} is not a directory; name the directory of the files that hosts may read`);
  }
  return resolve(directory);
}

function refuse(value: string | undefined, option: string, instead: string): void {
  if (value !== undefined) throw new EtherloomError('bad-option', `${option} ${value} is not offered; ${instead}`);
}

/** Parses the router's address and its network. An address without host bits names only the network. */
function hostOf(text: string): { network: Ipv4Network; router: Ipv4Address } {
  const [, addressText = '', length = '24'] = /^([\d.]+)(?:\/(\d{1,2}))?$/.exec(text) ?? [];
  const [address, prefixLength] = [parseIpv4(addressText), Number(length)];
  if (address === undefined || prefixLength < 8 || prefixLength > 28) {
    throw new EtherloomError('bad-option', `-H ${text} is not an address with a prefix of 8 to 28 bits; write it as 10.0.2.2/24`);
  }
  const network = ipv4NetworkOf(address, prefixLength);
  if (address === broadcastOf(network)) {
    throw new EtherloomError(
      'bad-option',
      `-H ${text} is the broadcast address of ${formatIpv4Network(network)}; give the address of a host`,
    );
  }
  return { network, router: address === network.address ? hostNumber(network, usual.router) : address };
}

function hostNumber({ address }: Ipv4Network, number: number): Ipv4Address {
  return ipv4FromNumber(address + number);
}

function isHost(network: Ipv4Network, address: Ipv4Address): boolean {
  return contains(network, address) && address !== network.address && address !== broadcastOf(network);
}

/** Returns the host that an option names; without it the default one. */
function hostOr(usualNumber: number, option: string, text: string | undefined, network: Ipv4Network): Ipv4Address {
  if (text === undefined) return hostNumber(network, usualNumber);
  const address = parseIpv4(text);
  if (address !== undefined && isHost(network, address)) return address;
  throw new EtherloomError(
    'bad-option',
    `${option} ${text} is not the address of a host of ${formatIpv4Network(network)}; give one, such as ${formatIpv4(hostNumber(network, usualNumber))}`,
  );
}

function forwardOf(protocol: 'tcp' | 'udp', text: string, network: Ipv4Network): Forward {
  const option = protocol === 'tcp' ? '-L' : '-U';
  const [, hostText, port = '', guestText = '', guestPort = ''] = /^(?:([\d.]+):)?(\d+):([\d.]+):(\d+)$/.exec(text) ?? [];
  const [host, guest] = [parseIpv4(hostText ?? '0.0.0.0'), parseIpv4(guestText)];
  if (host !== undefined && guest !== undefined && isHost(network, guest) && isPort(port) && isPort(guestPort)) {
    return { protocol, host: hostText === undefined ? undefined : host, port: Number(port), guest, guestPort: Number(guestPort) };
  }
  throw new EtherloomError('bad-option', `${option} ${text} is not valid; write it as PORT:HOST:HOSTPORT, for example 2222:10.0.2.15:22`);
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}
