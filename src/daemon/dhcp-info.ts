import type { DhcpConfig } from '../dhcp/config.ts';
import type { DhcpServer } from '../dhcp/server.ts';
import { formatIpv4, formatIpv4Network } from '../wire/ipv4.ts';

const states = ['bound', 'offered', 'idle', 'quarantined'] as const;

/** Returns what `dhcp/showinfo` shows: what is served, how many leases there are in each state, and how many frames were treated in each way. */
export function dhcpInfo(config: DhcpConfig, server: DhcpServer): readonly string[] {
  const counts = new Map<string, number>(states.map((state) => [state, 0]));
  for (const { state } of server.leases()) counts.set(state, (counts.get(state) ?? 0) + 1);
  const frames = [...server.counters].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    `network ${formatIpv4Network(config.network)}`,
    `server ${formatIpv4(config.serverAddress)}`,
    `pool ${config.pool.size}`,
    ...Array.from(counts, ([state, count]) => `leases ${state} ${count}`),
    ...frames.map(([name, count]) => `frames ${name} ${count}`),
  ];
}
