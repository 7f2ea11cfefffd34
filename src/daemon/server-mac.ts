import { EtherloomError } from '../errors.ts';
import type { Random } from '../random.ts';
import { formatMac, macFromNumber, parseMac, type MacAddress } from '../wire/mac.ts';
import type { StateDirectory } from './state-directory.ts';

const file = 'server-mac';
const serverPrefix = 0x02656c010000;
/** The prefix of guests' addresses in a star, which end with the id: `star/identity.ts`. */
const guestPrefix = 0x02656c000000;

/** Returns a MAC address for a new DHCP server, 02:65:6c:01:XX:XX, which no guest has. */
export function newServerMac(random: Random): MacAddress {
  return macFromNumber(serverPrefix + (random.uint32() & 0xffff));
}

/**
 * Returns the MAC address of the DHCP server. It stays the same for one state directory, since clients keep it in their ARP caches. Throws
 * EtherloomError('bad-state') if the file is damaged, and the errors of writing it.
 */
export async function readServerMac(state: StateDirectory, random: Random): Promise<MacAddress> {
  const text = state.read(file);
  const known = text === undefined ? newServerMac(random) : parseMac(text.trim());
  if (known === undefined || isGuest(known)) {
    throw new EtherloomError('bad-state', `${state.in(file)} is damaged; remove it, and the server gets a new MAC address`);
  }
  if (text === undefined) await state.write(file, `${formatMac(known)}\n`);
  return known;
}

function isGuest(mac: MacAddress): boolean {
  return mac >= guestPrefix && mac <= guestPrefix + 0xffff;
}
