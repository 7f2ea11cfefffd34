import { EtherloomError } from '../errors.ts';
import { isGroupMac, macFromNumber, parseMac, type MacAddress } from '../wire/mac.ts';
import { ipv6NetworkOf, isIpv6LinkLocal, isIpv6Multicast, parseIpv6, type Ipv6Address, type Ipv6Network } from '../wire/ipv6.ts';
import { ipv4FromNumber, ipv4NetworkOf, parseIpv4, parseIpv4Network, type Ipv4Address, type Ipv4Network } from '../wire/ipv4.ts';

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
  const mac = readAnyMac(text);
  if (isGroupMac(mac))
    throw new EtherloomError('bad-address', `${text} is a group address, which no station can have; use a unicast address`);
  return mac;
}

const readAnyMac = reader(parseMac, 'a MAC address', '02:00:00:00:00:01');

/** Parses an IPv4 address. Throws EtherloomError('bad-address'). */
export const readIpv4Text = reader(parseIpv4, 'an IPv4 address', '10.0.0.1');

/** Parses an IPv6 address. Throws EtherloomError('bad-address'). */
export const readIpv6Text = reader(parseIpv6, 'an IPv6 address', 'fe80::1');

/** Parses a network. Throws EtherloomError('bad-address'). */
export const readNetworkText = reader(parseIpv4Network, 'an IPv4 network', '10.0.0.0/16');

/** Parses an address of either family. Throws EtherloomError('bad-address'). */
export function readAddressText(text: string): Ipv4Address | Ipv6Address {
  return text.includes(':') ? readIpv6Text(text) : readIpv4Text(text);
}

function reader<Value>(parse: (text: string) => Value | undefined, kind: string, example: string): (text: string) => Value {
  return (text) => {
    const value = parse(text);
    if (value === undefined) throw new EtherloomError('bad-address', `${JSON.stringify(text)} is not ${kind}; write it as ${example}`);
    return value;
  };
}

/** Parses the address of a host with the length of its network's prefix: `10.0.0.1/16`. Throws EtherloomError('bad-address'). */
export function readHostAddress(text: string): HostAddress {
  const [address, prefixLength] = withPrefix(text, parseIpv4, 32, 'a host address', '10.0.0.1/16');
  return { address, network: ipv4NetworkOf(address, prefixLength) };
}

/** An IPv6 address, and the network that it belongs to. */
export interface Host6Address {
  readonly address: Ipv6Address;
  readonly network: Ipv6Network;
}

/** Parses the IPv6 address of a host with the length of its network's prefix: `fd00::1/64`. Throws EtherloomError('bad-address'). */
export function readHost6Address(text: string): Host6Address {
  const [address, prefixLength] = withPrefix(text, parseIpv6, 128, 'an IPv6 address', 'fd00::1/64');
  if (isIpv6Multicast(address) || isIpv6LinkLocal(address) || address <= 1n)
    throw new EtherloomError('bad-address', `${text} cannot be given to a host; use an address of fd00::/8, or a global one`);
  return { address, network: ipv6NetworkOf(address, prefixLength) };
}

function withPrefix<Address>(
  text: string,
  parse: (text: string) => Address | undefined,
  longest: number,
  kind: string,
  example: string,
): [Address, number] {
  const [, host = '', length = ''] = /^([^/]*)\/(\d+)$/.exec(text) ?? [];
  const address = parse(host);
  if (address !== undefined && length !== '' && Number(length) <= longest) return [address, Number(length)];
  throw new EtherloomError('bad-address', `${JSON.stringify(text)} is not ${kind} with a prefix length; write it as ${example}`);
}
