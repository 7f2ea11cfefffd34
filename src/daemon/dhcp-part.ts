import type { Clock } from '../clock.ts';
import type { DhcpConfig } from '../dhcp/config.ts';
import { keyOfMac, type Lease } from '../dhcp/lease.ts';
import type { DhcpEvent } from '../dhcp/events.ts';
import type { DhcpServer } from '../dhcp/server.ts';
import type { Feed } from '../feed.ts';
import type { DhcpPart, DhcpView, LeaseEvent, LeasePage, LeaseQuery, LeaseState, LeaseView } from '../management/parts/dhcp.ts';
import { formatIpv4, formatIpv4Network, type Ipv4Address } from '../wire/ipv4.ts';
import { formatMac } from '../wire/mac.ts';

/** A server, its settings and its events. */
export interface ServedDhcpOptions {
  readonly config: DhcpConfig;
  readonly server: DhcpServer;
  readonly clock: Clock;
  readonly events: Feed<LeaseEvent>;
}

/** The DHCP server of a switch, as operations reach it. */
export class ServedDhcp implements DhcpPart {
  readonly events: Feed<LeaseEvent>;
  readonly #config: DhcpConfig;
  readonly #server: DhcpServer;
  readonly #clock: Clock;

  constructor({ config, server, clock, events }: ServedDhcpOptions) {
    this.events = events;
    this.#config = config;
    this.#server = server;
    this.#clock = clock;
  }

  show(): DhcpView {
    const { network, serverAddress, serverMac, vid, pool, leaseTime } = this.#config;
    return {
      network: formatIpv4Network(network),
      server: formatIpv4(serverAddress),
      serverMac: formatMac(serverMac),
      vlan: vid,
      pool: pool.size,
      leaseTime,
      leases: this.#countByState(),
      frames: Object.fromEntries([...this.#server.counters].sort(([a], [b]) => (a < b ? -1 : 1))),
    };
  }

  leases({ from = 0 as Ipv4Address, state, limit }: LeaseQuery): LeasePage {
    const all = [...this.#server.leases()].filter((lease) => lease.address >= from && (state === undefined || lease.state === state));
    all.sort((a, b) => a.address - b.address);
    const leases = all.slice(0, limit).map((lease) => this.#view(lease));
    return { leases, more: all.length - leases.length };
  }

  lease(address: Ipv4Address): LeaseView | undefined {
    const lease = this.#server.lease(address);
    return lease && this.#view(lease);
  }

  release(address: Ipv4Address): boolean {
    return this.#server.release(address);
  }

  #countByState(): Record<LeaseState, number> {
    const counts = { bound: 0, offered: 0, idle: 0, quarantined: 0 };
    for (const { state } of this.#server.leases()) counts[state] += 1;
    return counts;
  }

  #view({ address, state, mac, key, hostname, ingress, expires }: Lease): LeaseView {
    return {
      address: formatIpv4(address),
      state,
      mac: mac === 0 ? undefined : formatMac(mac),
      client: key === '' || key === keyOfMac(mac) ? undefined : key,
      hostname,
      port: ingress,
      left: expires === Infinity ? undefined : Math.max(0, Math.floor((expires - this.#clock.monotonic()) / 1000)),
    };
  }
}

/** Returns an event of a server as plain data. */
export function leaseEvent(event: DhcpEvent): LeaseEvent {
  return {
    change: event.type.replace(/^lease-/, ''),
    mac: 'mac' in event ? formatMac(event.mac) : undefined,
    address: 'address' in event ? formatIpv4(event.address) : undefined,
    port: 'ingress' in event ? event.ingress : undefined,
    hostname: 'hostname' in event ? event.hostname : undefined,
    reason: 'reason' in event ? event.reason : 'error' in event ? event.error : undefined,
  };
}
