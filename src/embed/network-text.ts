import { parseRange, type NetworkOptions } from '../dhcp/network-plan.ts';
import { EtherloomError } from '../errors.ts';
import { parseIpv4, parseIpv4Network, type Ipv4Address } from '../wire/ipv4.ts';

/** A network that is served by DHCP, and the settings for its clients. Addresses are text. */
export interface ServedNetworkOptions {
  /** The network, as `10.77.0.0/24`. Its first host is the DHCP server. */
  readonly subnet: string;
  /** The router, a host of the network. Default: clients get none. */
  readonly router?: string | undefined;
  /** The DNS servers. Default: clients get none. */
  readonly dns?: readonly string[] | undefined;
  /** The domain in which clients complete names. Default: clients get none. */
  readonly domain?: string | undefined;
  /** The addresses of clients, as `10.77.0.100-10.77.0.199`. Default: all addresses without another use. */
  readonly range?: string | undefined;
  /** The duration of a lease, in seconds. Default: 3,600. */
  readonly leaseTime?: number | undefined;
  /** The MTU of the network, in octets. Default: the least of the switch's ports, and 1,500 at most. */
  readonly mtu?: number | undefined;
}

/** Returns the network that the text describes. Throws EtherloomError('bad-option') for text that is not an address, a range or a network. */
export function networkFromText({ subnet, ...settings }: ServedNetworkOptions): NetworkOptions {
  const network = parseIpv4Network(subnet);
  if (!network) throw notValid('subnet', subnet, 'a network', '10.77.0.0/24');
  return { ...settingsFromText(settings), network };
}

/** Returns the settings of a network beside its address. Throws EtherloomError('bad-option') for text that is not an address or a range. */
export function settingsFromText({
  router,
  dns = [],
  range,
  ...rest
}: Omit<ServedNetworkOptions, 'subnet'>): Omit<NetworkOptions, 'network'> {
  return {
    ...rest,
    router: router === undefined ? undefined : addressFromText('router', router),
    dns: dns.map((text) => addressFromText('dns', text)),
    range: range === undefined ? undefined : rangeFromText(range),
  };
}

/** Returns the address that is the value of an option. Throws EtherloomError('bad-option'). */
export function addressFromText(option: string, text: string): Ipv4Address {
  const address = parseIpv4(text);
  if (address === undefined) throw notValid(option, text, 'an IPv4 address', '10.77.0.254');
  return address;
}

function rangeFromText(text: string): NonNullable<NetworkOptions['range']> {
  const range = parseRange(text);
  if (!range) throw notValid('range', text, 'a range', '10.77.0.100-10.77.0.199');
  return range;
}

function notValid(option: string, text: string, kind: string, form: string): EtherloomError {
  return new EtherloomError('bad-option', `${option} ${JSON.stringify(text)} is not ${kind}; write it as ${form}`);
}
