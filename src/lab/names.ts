import { EtherloomError } from '../errors.ts';
import { isGroupMac, macFromNumber, parseMac, type MacAddress } from '../wire/mac.ts';
import { ipv6NetworkOf, isIpv6LinkLocal, isIpv6Multicast, parseIpv6, type Ipv6Address, type Ipv6Network } from '../wire/ipv6.ts';
import { ipv4FromNumber, netmask, parseIpv4, parseIpv4Network, type Ipv4Address, type Ipv4Network } from '../wire/ipv4.ts';

/** Returns the address of the n-th switch, from 1: `00:ff:…`, as VDE makes them. */
export function switchMac(n: number): MacAddress {
  return macFromNumber(0x00ff_0000_0000 + n);
}

/** Returns the address of the n-th station, from 1: a locally administered one, `02:00:…`. */
export function stationMac(n: number): MacAddress {
  return macFromNumber(0x0200_0000_0000 + n);
}

/** Returns the address of the n-th DHCP server, from 1: `02:ff:…`. */
export function serverMac(n: number): MacAddress {
  return macFromNumber(0x02ff_0000_0000 + n);
}

/** Returns the default address of the n-th host, from 1: of 10.0.0.0/8, so that there is one for every host. */
export function hostAddress(n: number): HostAddress {
  return { address: ipv4FromNumber(0x0a00_0000 + n), network: { address: ipv4FromNumber(0x0a00_0000), prefixLength: 8 } };
}

/** Returns the address of the first host, from the n-th on, whose address is not taken. */
export function freeHostAddress(n: number, taken: ReadonlySet<Ipv4Address>): HostAddress {
  for (let next = n; ; next++) {
    const found = hostAddress(next);
    if (!taken.has(found.address)) return found;
  }
}

/** An address, and the network that it belongs to. */
export interface HostAddress {
  readonly address: Ipv4Address;
  readonly network: Ipv4Network;
}

/** Throws EtherloomError('bad-option') if the name cannot be written in the notation. */
export function checkName(name: string): void {
  if (name === 'none' || !/^[A-Za-z_][\w-]*$/.test(name)) {
    throw new EtherloomError(
      'bad-option',
      `${JSON.stringify(name)} is not a valid name; use letters, digits, _ and -, begin with a letter or _, and do not use "none"`,
    );
  }
}

/** Parses a MAC address. Throws EtherloomError('bad-address'). */
export function readMacText(text: string): MacAddress {
  const mac = parseMac(text);
  if (mac === undefined)
    throw new EtherloomError('bad-address', `${JSON.stringify(text)} is not a MAC address; write it as 02:00:00:00:00:01`);
  if (isGroupMac(mac))
    throw new EtherloomError('bad-address', `${text} is a group address, which no station can have; use a unicast address`);
  return mac;
}

/** Parses an IPv4 address. Throws EtherloomError('bad-address'). */
export function readIpv4Text(text: string): Ipv4Address {
  const address = parseIpv4(text);
  if (address === undefined)
    throw new EtherloomError('bad-address', `${JSON.stringify(text)} is not an IPv4 address; write it as 10.0.0.1`);
  return address;
}

/** Parses an address of either family. Throws EtherloomError('bad-address'). */
export function readAddressText(text: string): Ipv4Address | Ipv6Address {
  return text.includes(':') ? readIpv6Text(text) : readIpv4Text(text);
}

/** Parses an IPv6 address. Throws EtherloomError('bad-address'). */
export function readIpv6Text(text: string): Ipv6Address {
  const address = parseIpv6(text);
  if (address === undefined) throw new EtherloomError('bad-address', `${JSON.stringify(text)} is not an IPv6 address; write it as fe80::1`);
  return address;
}

/** Parses a network. Throws EtherloomError('bad-address'). */
export function readNetworkText(text: string): Ipv4Network {
  const network = parseIpv4Network(text);
  if (network === undefined)
    throw new EtherloomError('bad-address', `${JSON.stringify(text)} is not an IPv4 network; write it as 10.0.0.0/16`);
  return network;
}

/** Parses the address of a host with the length of its network's prefix: `10.0.0.1/16`. Throws EtherloomError('bad-address'). */
export function readHostAddress(text: string): HostAddress {
  const [, host = '', length = ''] = /^([^/]*)\/(\d+)$/.exec(text) ?? [];
  const [address, prefixLength] = [parseIpv4(host), Number(length)];
  if (address === undefined || length === '' || prefixLength > 32) {
    throw new EtherloomError('bad-address', `${JSON.stringify(text)} is not a host address with a prefix length; write it as 10.0.0.1/16`);
  }
  const first = (address & netmask({ address, prefixLength })) >>> 0;
  return { address, network: { address: ipv4FromNumber(first), prefixLength } };
}

/** An IPv6 address, and the network that it belongs to. */
export interface Host6Address {
  readonly address: Ipv6Address;
  readonly network: Ipv6Network;
}

/** Parses the IPv6 address of a host with the length of its network's prefix: `fd00::1/64`. Throws EtherloomError('bad-address'). */
export function readHost6Address(text: string): Host6Address {
  const [, host = '', length = ''] = /^([^/]*)\/(\d+)$/.exec(text) ?? [];
  const [address, prefixLength] = [parseIpv6(host), Number(length)];
  if (address === undefined || length === '' || prefixLength > 128) {
    throw new EtherloomError('bad-address', `${JSON.stringify(text)} is not an IPv6 address with a prefix length; write it as fd00::1/64`);
  }
  if (isIpv6Multicast(address) || isIpv6LinkLocal(address) || address <= 1n)
    throw new EtherloomError('bad-address', `${text} cannot be given to a host; use an address of fd00::/8, or a global one`);
  return { address, network: ipv6NetworkOf(address, prefixLength) };
}
