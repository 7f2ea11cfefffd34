import type { Command } from 'commander';
import { checkNetwork, parseRange, type NetworkOptions } from '../dhcp/network-plan.ts';
import { EtherloomError } from '../errors.ts';
import { parseIpv4, parseIpv4Network, type Ipv4Address } from '../wire/ipv4.ts';
import { collect, integer } from './option-values.ts';

/** The options of `etherloom switch` and `etherloom master` for the network that they serve, as commander parses them. */
export interface NetworkArguments {
  readonly router?: string;
  readonly dns: readonly string[];
  readonly range?: string;
  readonly domain?: string;
  readonly leaseTime?: number;
  readonly mtu?: number;
  readonly bootp?: true;
  readonly dhcpLaxChecksum?: true;
  readonly dhcpLeasePerMac?: true;
  readonly dhcpPortLimit?: number;
}

/** Adds the options of a DHCP server to a command. */
export function addNetworkOptions(command: Command): Command {
  return command
    .option('--router <address>', 'router of the network, sent to clients by DHCP; a host of the network')
    .option('--dns <address>', 'DNS server, sent to clients by DHCP (repeatable)', collect, [])
    .option('--domain <name>', 'domain name, sent to clients by DHCP')
    .option('--range <first-last>', 'addresses for DHCP clients that have none reserved, as 10.77.0.100-10.77.0.199')
    .option('--lease-time <seconds>', 'duration of a lease (default: 3600)', integer(4, 0xffff_ffff))
    .option(
      '--mtu <octets>',
      'MTU of the network, sent to clients by DHCP (default: the least of the ports, 1500 at most)',
      integer(68, 65_521),
    )
    .option('--bootp', 'serve BOOTP clients too; their addresses never expire')
    .option('--dhcp-lax-checksum', 'accept DHCP messages whose UDP checksum covers the pseudo-header only')
    .option('--dhcp-lease-per-mac', 'one lease for each MAC address, whatever client identifiers it sends; a master always does so')
    .option(
      '--dhcp-port-limit <count>',
      'most leases for clients behind one port (default: three quarters of the range)',
      integer(1, 65_536),
    );
}

/** Returns the settings of the network; `option` is the one that names the subnet. Throws EtherloomError('bad-option'). */
export function networkOf(option: '--dhcp' | '--subnet', subnet: string, given: NetworkArguments): NetworkOptions {
  const network = parseIpv4Network(subnet);
  if (!network) throw new EtherloomError('bad-option', `${option} ${subnet} is not a network; write it as 10.77.0.0/24`);
  checkNetwork(network, `${option} ${subnet}`);
  return { network, ...networkSettings(given) };
}

/** Returns the settings of a network beside its address. Throws EtherloomError('bad-option'). */
export function networkSettings(given: NetworkArguments): Omit<NetworkOptions, 'network'> {
  const { router, dns, range, domain, leaseTime, mtu } = given;
  return {
    domain,
    leaseTime,
    mtu,
    service: serviceOf(given),
    router: router === undefined ? undefined : addressOf('--router', router),
    dns: dns.map((address) => addressOf('--dns', address)),
    range: range === undefined ? undefined : rangeOf(range),
  };
}

/** Returns the options for the service to clients, by name, for `refuseWithoutDhcp`. */
export function serviceOptions({
  bootp,
  dhcpLaxChecksum,
  dhcpLeasePerMac,
  dhcpPortLimit,
}: NetworkArguments): Readonly<Record<string, unknown>> {
  return {
    '--bootp': bootp,
    '--dhcp-lax-checksum': dhcpLaxChecksum,
    '--dhcp-lease-per-mac': dhcpLeasePerMac,
    '--dhcp-port-limit': dhcpPortLimit,
  };
}

/** Throws EtherloomError('bad-option') if an option of the DHCP server is given without a server; `remedy` says what to do. */
export function refuseWithoutDhcp(given: Readonly<Record<string, unknown>>, remedy: string): void {
  for (const [option, value] of Object.entries(given)) {
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    throw new EtherloomError('bad-option', `${option} has no effect without the DHCP server; ${remedy}`);
  }
}

function serviceOf({ bootp, dhcpLaxChecksum, dhcpLeasePerMac, dhcpPortLimit }: NetworkArguments): NetworkOptions['service'] {
  return {
    ...(bootp && { bootp }),
    ...(dhcpLaxChecksum && { laxChecksum: true }),
    ...(dhcpLeasePerMac && { leasePerMac: true }),
    ...(dhcpPortLimit !== undefined && { maxPortLeases: dhcpPortLimit }),
  };
}

function addressOf(option: string, text: string): Ipv4Address {
  const address = parseIpv4(text);
  if (address === undefined) throw new EtherloomError('bad-option', `${option} ${text} is not an IPv4 address; write it as 10.77.0.254`);
  return address;
}

function rangeOf(text: string): NonNullable<NetworkOptions['range']> {
  const range = parseRange(text);
  if (range) return range;
  throw new EtherloomError('bad-option', `--range ${text} is not a range of addresses; write it as 10.77.0.100-10.77.0.199`);
}
