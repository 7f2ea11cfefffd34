/* Addresses of both families: those of IPv4 are numbers, those of IPv6 bigints. */
import { formatIpv4, isIpv4Multicast, multicastMacOfIpv4, parseIpv4, type Ipv4Address } from './ipv4.ts';
import { formatIpv6, isIpv6Multicast, multicastMacOf, parseIpv6, type Ipv6Address } from './ipv6.ts';
import type { MacAddress } from './mac.ts';

/** An address of IPv4 or IPv6. */
export type IpAddress = Ipv4Address | Ipv6Address;

/** Returns whether it is an address of IPv6. */
export function isIpv6(address: IpAddress): address is Ipv6Address {
  return typeof address === 'bigint';
}

/** Parses an address like `10.0.0.1` or `fe80::1`. Returns undefined for any other text. */
export function parseIp(text: string): IpAddress | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** Formats an address as `10.0.0.1` or `fe80::1`. */
export function formatIp(address: IpAddress): string {
  return isIpv6(address) ? formatIpv6(address) : formatIpv4(address);
}

/** Returns whether the address names a group of hosts. */
export function isMulticast(address: IpAddress): boolean {
  return isIpv6(address) ? isIpv6Multicast(address) : isIpv4Multicast(address);
}

/** Returns the MAC address of a group of hosts. */
export function macOfGroup(group: IpAddress): MacAddress {
  return isIpv6(group) ? multicastMacOf(group) : multicastMacOfIpv4(group);
}
