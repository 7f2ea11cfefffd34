import { macOfGroup, type IpAddress } from '../wire/ip.ts';
import type { MacAddress } from '../wire/mac.ts';

/** The groups that the sockets of a host have joined. Counts the sockets in each group. [RFC 1112, 7.1] */
export class UdpGroups {
  readonly #members = new Map<IpAddress, number>();
  /** Several groups may have one MAC address. */
  readonly #macs = new Map<MacAddress, number>();

  /** Returns whether packets to that group are for this host. */
  has(group: IpAddress): boolean {
    return this.#members.has(group);
  }

  /** Returns whether frames to that MAC address may be for this host. */
  hasMac(mac: MacAddress): boolean {
    return this.#macs.size > 0 && this.#macs.has(mac);
  }

  /** Adds a socket to a group that it is not in. */
  join(group: IpAddress): void {
    count(this.#members, group, 1);
    count(this.#macs, macOfGroup(group), 1);
  }

  /** Removes a socket from a group that it is in. */
  leave(group: IpAddress): void {
    count(this.#members, group, -1);
    count(this.#macs, macOfGroup(group), -1);
  }
}

function count<Key>(counts: Map<Key, number>, key: Key, change: 1 | -1): void {
  const sum = (counts.get(key) ?? 0) + change;
  if (sum > 0) counts.set(key, sum);
  else counts.delete(key);
}
