/**
 * The values that follow from an id. 0 is the master's own guest, 1 to 65,535 are slaves in the order of joining.
 *
 *     MAC address   02:65:6c:00:HI:LO   HI LO = the id; locally administered
 *     address       network + 10 + id   while that is a host of the network, else one from the pool
 *
 * The DHCP server's own MAC is 02:65:6c:01:XX:XX (`daemon/server-mac.ts`), which no guest has.
 */
import { broadcastOf, ipv4FromNumber, type Ipv4Address, type Ipv4Network } from '../wire/ipv4.ts';
import { macFromNumber, type MacAddress } from '../wire/mac.ts';

/** The id of a host in the star: 0 to 65,535. */
export type NodeId = number;

/** The id of the master's own guest. */
export const masterId: NodeId = 0;

/** The largest id. */
export const maxId: NodeId = 0xffff;

const guestPrefix = 0x02656c000000;
const firstHost = 10;

/** Returns the MAC address of the guest with that id. */
export function macOfId(id: NodeId): MacAddress {
  return macFromNumber(guestPrefix + id);
}

/** Returns the id in a guest's MAC address, or undefined for any other address. */
export function idOfMac(mac: MacAddress): NodeId | undefined {
  const id = mac - guestPrefix;
  return id >= 0 && id <= maxId ? id : undefined;
}

/** Returns the log's name for the guest with that MAC address; undefined for any other station. */
export function guestName(mac: MacAddress): { readonly name: string; readonly id: NodeId } | undefined {
  const id = idOfMac(mac);
  return id === undefined ? undefined : { name: `guest ${id}`, id };
}

/** Returns the address that the formula gives an id, or undefined if the network is too small for it. */
export function addressOfId(network: Ipv4Network, id: NodeId): Ipv4Address | undefined {
  const address = network.address + firstHost + id;
  return address < broadcastOf(network) ? ipv4FromNumber(address) : undefined;
}
