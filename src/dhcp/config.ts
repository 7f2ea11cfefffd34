/** The configuration of a DHCP server, checked once. */
import { EtherloomError } from '../errors.ts';
import { optionCodes } from '../wire/dhcp.ts';
import type { Vid } from '../wire/dot1q.ts';
import {
  broadcastOf,
  contains,
  formatIpv4,
  formatIpv4Network,
  netmask,
  reasonAgainstHosts,
  type Ipv4Address,
  type Ipv4Network,
} from '../wire/ipv4.ts';
import { isGroupMac, type MacAddress } from '../wire/mac.ts';
import {
  encodeAddresses,
  encodeClasslessRoutes,
  encodeDomainSearch,
  encodeText,
  encodeUint16,
  isDomainName,
  type ClasslessRoute,
  type RawOption,
} from './options.ts';
import { Pool, withoutAddresses, type AddressRange } from './pool.ts';
import type { Offerable } from './reply-options.ts';

/** A lease that never ends, in seconds as the protocol counts. [RFC 2131, 3.3] */
export const infiniteLease = 0xffff_ffff;

/** The MTUs for clients, in octets: the least valid one [RFC 2132, 5.1], and the payload of the longest frame of a link. */
export const mtuBounds = { least: 68, most: 65_521 } as const;

/** The limit of unanswered offers to the clients of one port, however large the pool is. */
const mostPortOffers = 1024;

/** The options of the server. An option without a default is not sent to clients when it is left out. */
export interface DhcpOptions {
  /** The network that is served. */
  readonly network: Ipv4Network;
  /** The server's own address, of that network. Never leased. */
  readonly serverAddress: Ipv4Address;
  /** The server's own MAC address. */
  readonly serverMac: MacAddress;
  /** The VLAN that is served if frames carry tags; 0, the default, is that of untagged frames. */
  readonly vid?: Vid;
  /** Addresses for clients without a reservation; by default the whole network. Those of the router and of DNS servers are left out. */
  readonly ranges?: readonly AddressRange[];
  /**
   * Seconds of a lease whose client asks for no particular time. 3,600 by default: an hour outlasts a restart of the server, but does not outlast a
   * dead guest for long.
   */
  readonly leaseTime?: number;
  /** The least time that a client gets by asking, in seconds; 60 by default. */
  readonly minLeaseTime?: number;
  /** The most time that a client gets by asking, in seconds, or `infiniteLease`; `leaseTime` by default. */
  readonly maxLeaseTime?: number;
  /** The router. Without one, clients get none: a guest with a second interface keeps its own. */
  readonly router?: Ipv4Address;
  readonly dns?: readonly Ipv4Address[];
  readonly ntp?: readonly Ipv4Address[];
  readonly domain?: string;
  readonly search?: readonly string[];
  readonly routes?: readonly ClasslessRoute[];
  /** The MTU for clients, in octets; also bounds the server's own replies. A function is asked for each reply. */
  readonly mtu?: number | (() => number);
  /** Sent to clients that ask for them; they replace typed options of the same code. */
  readonly rawOptions?: readonly RawOption[];
  /** Codes that are sent even to clients that do not ask. */
  readonly always?: readonly number[];
  /** True if no other server is on this wire: then unknown clients get an answer. True by default. */
  readonly authoritative?: boolean;
  /** Seconds that an offered address is kept for the client; 60 by default. */
  readonly offerTime?: number;
  /** Seconds for which an address is not used after it was declined, or seen in use; 600 by default. */
  readonly declineTime?: number;
  /** Returns the address that only the station with that MAC address gets, or undefined. Must not change its answers. */
  readonly reserved?: (mac: MacAddress) => Ipv4Address | undefined;
  /** Returns whether `reserved` gives that address to any station. Required with `reserved`. */
  readonly isReserved?: (address: Ipv4Address) => boolean;
  /** The most addresses that are remembered; 65,536 by default. */
  readonly maxLeases?: number;
  /** The most leases of the pool that clients behind one switch port may have; by default three quarters of the pool. */
  readonly maxPortLeases?: number;
  /** The most unanswered offers to clients behind one switch port; a further one ends the oldest. A quarter of the pool by default. */
  readonly maxPortOffers?: number;
  /** Seconds after the closing of its port when a lease may be given to another client, if no other address is free; 60 by default. */
  readonly orphanTime?: number;
  /**
   * Identifies clients by their MAC addresses alone. Then a boot ROM, a boot loader and an operating system with client identifiers of
   * their own share one lease. False by default: the identifier counts, if there is one. [RFC 2131, 4.2]
   */
  readonly leasePerMac?: boolean;
  /** Serves clients of BOOTP, too; they keep their addresses for ever. False by default. [RFC 1534, 2] */
  readonly bootp?: boolean;
  /** Accepts UDP checksums that cover only the pseudo header: guests that leave the rest to their card send these. */
  readonly laxChecksum?: boolean;
  /** Asks by ARP, when an address is offered, whether another station uses it; the offer is not delayed for that. True by default. */
  readonly probe?: boolean;
}

/** The options, checked and complete. Times are in seconds. */
export interface DhcpConfig {
  readonly network: Ipv4Network;
  readonly serverAddress: Ipv4Address;
  readonly serverMac: MacAddress;
  readonly vid: number;
  readonly pool: Pool;
  readonly leaseTime: number;
  readonly minLeaseTime: number;
  readonly maxLeaseTime: number;
  readonly offerable: Offerable;
  /** The MTU at this time. */
  readonly mtu: number;
  readonly authoritative: boolean;
  readonly offerTime: number;
  readonly declineTime: number;
  readonly reserved: (mac: MacAddress) => Ipv4Address | undefined;
  readonly isReserved: (address: Ipv4Address) => boolean;
  readonly maxLeases: number;
  readonly maxPortLeases: number;
  /** The number of addresses of the pool that clients of one port may together hold and keep out of use. */
  readonly portShare: number;
  readonly maxPortOffers: number;
  readonly orphanTime: number;
  readonly leasePerMac: boolean;
  readonly bootp: boolean;
  readonly laxChecksum: boolean;
  readonly probe: boolean;
}

/**
 * Checks `options` and adds the defaults. Throws EtherloomError('bad-option') with the mistake.
 *
 * @example
 * ```ts
 * import { dhcpConfig } from 'etherloom/dhcp';
 * import { formatIpv4, ipv4FromNumber, macFromNumber } from 'etherloom/wire';
 *
 * const network = { address: ipv4FromNumber(0x0a4d_0000), prefixLength: 24 };
 * const serverAddress = ipv4FromNumber(0x0a4d_0001);
 * const config = dhcpConfig({ network, serverAddress, serverMac: macFromNumber(0x02_0000_0000_01), leaseTime: 600 });
 * console.log(formatIpv4(config.serverAddress)); // 10.77.0.1
 * ```
 */
export function dhcpConfig(options: DhcpOptions): DhcpConfig {
  const { network, serverAddress, serverMac, leaseTime = 3600, minLeaseTime = 60, maxLeaseTime = leaseTime } = options;
  const {
    reserved = () => undefined,
    isReserved = () => false,
    mtu = 1500,
    offerTime = 60,
    declineTime = 600,
    maxLeases = 65_536,
    orphanTime = 60,
  } = options;
  const whole = { start: network.address, end: broadcastOf(network) };
  const pool = new Pool(withoutAddresses(options.ranges ?? [whole], ownedAddresses(options)));
  const share = Math.max(1, Math.ceil(Math.min(pool.size, maxLeases) * (3 / 4)));
  const { maxPortLeases = share } = options;
  const config = {
    network,
    serverAddress,
    serverMac,
    vid: options.vid ?? 0,
    pool,
    leaseTime,
    minLeaseTime: Math.min(minLeaseTime, leaseTime),
    maxLeaseTime,
    offerable: offerableOf(options),
    get mtu() {
      return typeof mtu === 'function' ? mtu() : mtu;
    },
    authoritative: options.authoritative ?? true,
    offerTime,
    declineTime,
    reserved,
    isReserved,
    maxLeases,
    maxPortLeases,
    portShare: Math.max(share, maxPortLeases),
    maxPortOffers: options.maxPortOffers ?? Math.max(4, Math.min(Math.ceil(pool.size / 4), mostPortOffers)),
    orphanTime,
    leasePerMac: options.leasePerMac ?? false,
    bootp: options.bootp ?? false,
    laxChecksum: options.laxChecksum ?? false,
    probe: options.probe ?? true,
  };
  const reason = reasonAgainstHosts(network);
  require(reason === undefined, `cannot serve ${formatIpv4Network(network)}: ${reason ?? ''}`);
  require(isLeasable(
    network,
    serverAddress,
  ), `${formatIpv4(serverAddress)} cannot be the server's address in ${formatIpv4Network(network)}; choose a host address of that network`);
  require(serverMac !== 0 && !isGroupMac(serverMac), "the server's MAC address must be that of one station");
  require((options.reserved === undefined) === (options.isReserved === undefined), '`reserved` and `isReserved` must be given together');
  checkNumbers(config);
  checkRanges(network, options.ranges ?? []);
  const { least, most } = mtuBounds;
  const isMtu = typeof mtu === 'function' || (Number.isInteger(mtu) && mtu >= least && mtu <= most);
  require(isMtu, `the MTU must be from ${least} to ${most} octets, not ${String(mtu)}`);
  for (const name of [...(options.search ?? []), ...(options.domain === undefined ? [] : [options.domain])]) {
    require(isDomainName(name), `${JSON.stringify(name)} is not a domain name; write it as example.org`);
  }
  return config;
}

/** Returns whether a host of `network` may have the address: it is in the network, and neither its own nor its broadcast address. */
export function isLeasable(network: Ipv4Network, address: Ipv4Address): boolean {
  if (!contains(network, address)) return false;
  // Both addresses of a /31, and the one of a /32, are hosts. [RFC 3021, 2.1]
  return network.prefixLength >= 31 || (address !== network.address && address !== broadcastOf(network));
}

/** Returns whether clients without a reservation may get the address. */
export function isDynamic({ network, serverAddress, pool, isReserved }: DhcpConfig, address: Ipv4Address): boolean {
  return pool.has(address) && isLeasable(network, address) && address !== serverAddress && !isReserved(address);
}

function offerableOf(options: DhcpOptions): Offerable {
  const { network, router, dns = [], ntp = [], domain, search = [], routes = [], mtu } = options;
  const values = new Map<number, Uint8Array>();
  const give = (code: number, value: Uint8Array | undefined): void => {
    if (value !== undefined && value.length > 0) values.set(code, value);
  };
  const routesValue = encodeClasslessRoutes(routes);
  give(optionCodes.subnetMask, encodeAddresses(netmask(network)));
  give(optionCodes.broadcastAddress, network.prefixLength >= 31 ? undefined : encodeAddresses(broadcastOf(network)));
  give(optionCodes.router, router === undefined ? undefined : encodeAddresses(router));
  give(optionCodes.domainNameServer, encodeAddresses(...dns));
  give(optionCodes.ntpServers, encodeAddresses(...ntp));
  give(optionCodes.domainName, domain === undefined ? undefined : encodeText(domain));
  give(optionCodes.domainSearch, encodeDomainSearch(search));
  give(optionCodes.interfaceMtu, typeof mtu === 'number' ? encodeUint16(mtu) : undefined);
  give(optionCodes.classlessRoutes, routesValue);
  give(optionCodes.microsoftClasslessRoutes, routesValue);
  for (const { code, value } of options.rawOptions ?? []) {
    require(code >= 1 &&
      code <= 254 &&
      !protocolCodes.includes(
        code,
      ), `option ${code} cannot be set: the server fills it in itself, or it is outside 1 to 254; use another code`);
    values.set(code, value);
  }
  return { values, always: new Set(options.always), mtuChanges: typeof mtu === 'function' && !values.has(optionCodes.interfaceMtu) };
}

/** Options that the protocol itself fills in. */
const protocolCodes: readonly number[] = [
  optionCodes.requestedAddress,
  optionCodes.leaseTime,
  optionCodes.overload,
  optionCodes.messageType,
  optionCodes.serverIdentifier,
  optionCodes.parameterRequestList,
  optionCodes.message,
  optionCodes.maximumMessageSize,
  optionCodes.renewalTime,
  optionCodes.rebindingTime,
  optionCodes.clientIdentifier,
  optionCodes.relayAgentInformation,
];

function checkNumbers(config: DhcpConfig): void {
  const { leaseTime, minLeaseTime, maxLeaseTime, offerTime, declineTime, maxLeases, maxPortLeases, maxPortOffers, orphanTime } = config;
  const times = { leaseTime, minLeaseTime, maxLeaseTime, offerTime, declineTime, orphanTime };
  for (const [name, value] of Object.entries({ ...times, maxLeases, maxPortLeases, maxPortOffers })) {
    require(Number.isInteger(value) &&
      value >= 1 &&
      value <= infiniteLease, `${name} must be an integer from 1 to ${infiniteLease}, not ${value}`);
  }
  require(leaseTime >= 4, `leaseTime must be at least 4 s, not ${leaseTime} s: a client needs time to renew`);
  require(maxLeaseTime >= leaseTime, `maxLeaseTime must be at least leaseTime, ${leaseTime} s, not ${maxLeaseTime} s`);
}

function checkRanges(network: Ipv4Network, ranges: readonly AddressRange[]): void {
  const sorted = [...ranges].sort((a, b) => a.start - b.start);
  sorted.forEach(({ start, end }, index) => {
    const text = `${formatIpv4(start)}-${formatIpv4(end)}`;
    require(start <= end &&
      contains(network, start) &&
      contains(
        network,
        end,
      ), `the range ${text} is not within ${formatIpv4Network(network)}; choose addresses of that network, the lower one first`);
    require(start > (sorted[index - 1]?.end ?? -1), `the range ${text} overlaps another one; make them disjoint`);
  });
}

/** Returns the addresses of other stations that clients are told about. The server's own is kept out of the pool by `isDynamic`. */
function ownedAddresses({ serverAddress, router, dns = [] }: DhcpOptions): Ipv4Address[] {
  return [...(router === undefined ? [] : [router]), ...dns].filter((address) => address !== serverAddress);
}

function require(condition: boolean, message: string): void {
  if (!condition) throw new EtherloomError('bad-option', message);
}
