import type { ClientLease } from '../dhcp/client-lease.ts';
import { decodeAddress, decodeAddresses } from '../dhcp/options.ts';
import { optionCodes } from '../wire/dhcp.ts';
import { ipv4NetworkOf } from '../wire/ipv4.ts';
import type { Ipv4Configuration } from './ipv4-interface.ts';

/**
 * Returns the configuration that a lease describes. Without a mask, the network is the address alone. If the mask has gaps, only the bits
 * before the first gap count.
 */
export function configurationOf({ address, options }: ClientLease): Ipv4Configuration {
  const mask = decodeAddress(options.get(optionCodes.subnetMask)) ?? 0xffff_ffff;
  const prefixLength = Math.clz32(~mask);
  return { address, network: ipv4NetworkOf(address, prefixLength), router: decodeAddresses(options.get(optionCodes.router))?.[0] };
}
