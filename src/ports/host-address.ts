/** Checks of the addresses that users write, so that one that cannot work is refused with a remedy, and not by the system. */
import { isIP } from 'node:net';
import { EtherloomError } from '../errors.ts';
import { addressOfKey, isGroup, isLinkGroup, isLinkLocal, keyOf, mappedIpv4 } from '../system/ip-address.ts';

/** The addresses of no single host: the unspecified ones, and the broadcast. */
const hostless: ReadonlySet<string> = new Set(['0.0.0.0', '255.255.255.255', '::']);

/** Throws EtherloomError('bad-address') for an address that a socket cannot use as it is written. Names are not checked. */
export function checkAddress(address: string): void {
  const mapped = mappedIpv4(address);
  if (mapped !== undefined) throw refusal(`${address} is an address of IPv4 in IPv6; write it as ${mapped}`);
  if (isLinkLocal(address) && !address.includes('%')) {
    throw refusal(`${address} is another host on each link; name the interface: ${address}%eth0`);
  }
}

/** Throws EtherloomError('bad-address') for an address at which there is no single host. Names are not checked. */
export function checkHost(host: string): void {
  checkAddress(host);
  if (isIP(host) === 0) return;
  if (isGroup(host))
    throw refusal(`${host} is the address of a group of hosts; write that of one host, or use vxlan:// or udp-multicast://`);
  if (hostless.has(addressOfKey(keyOf(host)))) throw refusal(`${host} is not the address of one host; write that of the other side`);
}

/** Throws EtherloomError('bad-address') for a group that depends on the interface, when none is named. */
export function checkGroup(group: string, isInterfaceNamed: boolean): void {
  if (isLinkGroup(group) && !isInterfaceNamed) {
    throw refusal(`the group ${group} is another one on each link; name the interface: ?if=eth0`);
  }
}

function refusal(reason: string): EtherloomError {
  return new EtherloomError('bad-address', reason);
}
