import { isLeasable, type DhcpOptions } from './config.ts';
import { isDomainName } from './options.ts';
import { withoutAddresses, type AddressRange } from './pool.ts';
import { EtherloomError } from '../errors.ts';
import {
  broadcastOf,
  contains,
  formatIpv4,
  formatIpv4Network,
  ipv4FromNumber,
  parseIpv4,
  reasonAgainstHosts,
  type Ipv4Address,
  type Ipv4Network,
} from '../wire/ipv4.ts';

/**
 * A network that a DHCP server serves, and the settings that clients receive. `etherloom switch --dhcp` and `etherloom master` share it.
 */
export interface NetworkOptions {
  readonly network: Ipv4Network;
  /** The router, a host of the network. Default: none is sent. */
  readonly router?: Ipv4Address | undefined;
  /** The DNS servers, in the network or beyond. Default: none is sent. */
  readonly dns?: readonly Ipv4Address[] | undefined;
  /** The domain with which clients complete names. Default: none is sent. */
  readonly domain?: string | undefined;
  /** The addresses of clients without a reservation. Default: those that the role leaves to them. */
  readonly range?: AddressRange | undefined;
  /** The duration of a lease in seconds. Default: the server's. */
  readonly leaseTime?: number | undefined;
  /** The MTU of the network, in octets, which is sent to clients. Default: the least of the switch's ports, and 1,500 at most. */
  readonly mtu?: number | undefined;
  /** The server's options beyond the network's settings. Default: the server's defaults. */
  readonly service?: Pick<DhcpOptions, 'bootp' | 'laxChecksum' | 'leasePerMac' | 'maxPortLeases'> | undefined;
  /** The addresses of the network that the gateway has. Default: none. */
  readonly kept?: readonly Ipv4Address[] | undefined;
}

/** The most DNS servers that are sent to clients. They fit into the shortest reply, and resolvers use three. */
const maxDns = 8;

/** The addresses of a network: those of the server, the router and DNS servers, and those left to clients. */
export class NetworkPlan {
  readonly network: Ipv4Network;
  /** The DHCP server's own address: the first host of the network. */
  readonly serverAddress: Ipv4Address;
  /** The addresses of clients without a reservation, without those that are taken. */
  readonly pool: readonly AddressRange[];
  readonly #options: NetworkOptions;
  readonly #owners: ReadonlyMap<Ipv4Address, string>;

  /** `poolOf` returns the pool of a network without `range`; by default all its hosts. Throws EtherloomError('bad-option'). */
  constructor(options: NetworkOptions, poolOf: (network: Ipv4Network) => readonly AddressRange[] = hostsOf) {
    const { network, router, dns = [], domain, range } = options;
    checkNetwork(network);
    if (router !== undefined) checkRouter(network, router);
    for (const address of dns) checkDns(network, address);
    if (dns.length > maxDns) {
      throw new EtherloomError('bad-option', `--dns is given ${dns.length} times; give at most ${maxDns}`);
    }
    if (domain !== undefined && !isDomainName(domain)) {
      throw new EtherloomError('bad-option', `--domain ${JSON.stringify(domain)} is not a domain name; write it as example.org`);
    }
    if (range !== undefined) checkRange(network, range);
    this.network = network;
    this.serverAddress = serverAddress(network);
    this.#options = options;
    this.#owners = ownersIn(options);
    this.pool = withoutAddresses(range === undefined ? poolOf(network) : [range], [...this.#owners.keys()]);
    if (this.pool.length === 0) throw emptyPool(options);
  }

  /**
   * Returns the owner of an address: `the DHCP server itself`, `the router`, `a DNS server` or `the gateway`. Returns undefined if clients
   * may have it.
   */
  ownerOf(address: Ipv4Address): string | undefined {
    return this.#owners.get(address);
  }

  /** The addresses that clients may not have: see `ownerOf`. */
  get owned(): readonly Ipv4Address[] {
    return [...this.#owners.keys()];
  }

  /** The plan as options of a DHCP server, without its MAC address, its MTU and reservations. */
  get dhcp(): Omit<DhcpOptions, 'serverMac' | 'mtu'> {
    const { router, dns = [], domain, leaseTime, service } = this.#options;
    return {
      ...service,
      network: this.network,
      serverAddress: this.serverAddress,
      ranges: this.pool,
      dns: [...new Set(dns)],
      ...(router !== undefined && { router }),
      ...(domain !== undefined && { domain }),
      ...(leaseTime !== undefined && { leaseTime }),
    };
  }
}

/** Returns the address of a network's DHCP server: its first host. */
export function serverAddress(network: Ipv4Network): Ipv4Address {
  return ipv4FromNumber(network.address + 1);
}

/** Parses a range as `formatRange` writes it. Returns undefined for any other text. */
export function parseRange(text: string): AddressRange | undefined {
  const [start, end, ...more] = text.split('-').map(parseIpv4);
  return start === undefined || end === undefined || more.length > 0 ? undefined : { start, end };
}

/** Formats a range as `--range` takes it: `10.77.0.100-10.77.0.199`. */
export function formatRange({ start, end }: AddressRange): string {
  return `${formatIpv4(start)}-${formatIpv4(end)}`;
}

/** Returns the owners of addresses other than clients. One program may be router and DNS server. */
function ownersIn({ network, router, dns = [], kept = [] }: NetworkOptions): Map<Ipv4Address, string> {
  const owners = new Map(kept.map((address) => [address, 'the gateway']));
  for (const address of dns) if (contains(network, address)) owners.set(address, 'a DNS server');
  if (router !== undefined) owners.set(router, 'the router');
  return owners.set(serverAddress(network), 'the DHCP server itself');
}

/** Throws EtherloomError('bad-option') for a network that cannot be served; `text` is the user's name for it. */
export function checkNetwork(network: Ipv4Network, text = formatIpv4Network(network)): void {
  if (network.prefixLength > 30) {
    throw new EtherloomError('bad-option', `cannot serve ${text}: it has no room for guests; choose one of /30 or wider`);
  }
  const reason = reasonAgainstHosts(network);
  if (reason === undefined) return;
  throw new EtherloomError('bad-option', `cannot serve ${text}: ${reason}; choose a private network, such as 10.77.0.0/24`);
}

function checkRouter(network: Ipv4Network, router: Ipv4Address): void {
  if (!contains(network, router)) {
    const [text, of] = [formatIpv4(router), formatIpv4Network(network)];
    throw new EtherloomError(
      'bad-option',
      `--router ${text} is not in ${of}, so clients cannot reach it; choose an address of that network`,
    );
  }
  checkHost(network, '--router', router);
}

function checkDns(network: Ipv4Network, address: Ipv4Address): void {
  if (contains(network, address)) {
    checkHost(network, '--dns', address);
    return;
  }
  const reason = reasonAgainstHosts({ address, prefixLength: 32 });
  if (reason === undefined) return;
  const text = formatIpv4(address);
  throw new EtherloomError(
    'bad-option',
    `clients cannot reach --dns ${text}: ${reason}; give the address of a DNS server that they can reach`,
  );
}

/** Throws unless that address may belong to a host other than the DHCP server. */
function checkHost(network: Ipv4Network, option: string, address: Ipv4Address): void {
  const [text, of] = [`${option} ${formatIpv4(address)}`, formatIpv4Network(network)];
  if (!isLeasable(network, address)) {
    throw new EtherloomError('bad-option', `${text} is not a host address of ${of}; choose one that is`);
  }
  if (address !== serverAddress(network)) return;
  throw new EtherloomError('bad-option', `${text} is the address of the DHCP server itself; choose another address of ${of}`);
}

function checkRange(network: Ipv4Network, range: AddressRange): void {
  const [text, of] = [`--range ${formatRange(range)}`, formatIpv4Network(network)];
  if (range.start > range.end) throw new EtherloomError('bad-option', `${text} ends before it begins; give the lower address first`);
  if (isLeasable(network, range.start) && isLeasable(network, range.end)) return;
  const [hosts] = hostsOf(network).map(formatRange);
  throw new EtherloomError('bad-option', `${text} is not within ${hosts}, the hosts of ${of}; choose some of them`);
}

function emptyPool({ network, range }: NetworkOptions): EtherloomError {
  const why = 'the DHCP server, the router and DNS servers have them all';
  if (range === undefined) {
    return new EtherloomError(
      'bad-option',
      `${formatIpv4Network(network)} has no address left for clients: ${why}; choose a wider network`,
    );
  }
  return new EtherloomError('bad-option', `--range ${formatRange(range)} has no address left for clients: ${why}; choose a wider range`);
}

function hostsOf(network: Ipv4Network): AddressRange[] {
  return [{ start: ipv4FromNumber(network.address + 1), end: ipv4FromNumber(broadcastOf(network) - 1) }];
}
