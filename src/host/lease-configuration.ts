import type { ClientLease } from '../dhcp/client-lease.ts';
import { decodeAddress, decodeAddresses } from '../dhcp/options.ts';
import { optionCodes } from '../wire/dhcp.ts';
import { ipv4FromNumber } from '../wire/ipv4.ts';
import type { Ipv4Configuration } from './ipv4-interface.ts';

/**
 * Returns the configuration that a lease describes. Without a mask, the network is the address alone. If the mask has gaps, only the bits
 * before the first gap count.
 */
export function configurationOf({ address, options }: ClientLease): Ipv4Configuration {
  const mask = decodeAddress(options.get(optionCodes.subnetMask)) ?? 0xffff_ffff;
  const prefixLength = Math.clz32(~mask);
  const network = {
    address: ipv4FromNumber(prefixLength === 0 ? 0 : (address & (0xffff_ffff << (32 - prefixLength))) >>> 0),
    prefixLength,
  };
  return { address, network, router: decodeAddresses(options.get(optionCodes.router))?.[0] };
}
