import type { Collector } from '../metrics.ts';
import type { DhcpPart } from '../parts/dhcp.ts';

/** Returns the collector of a switch's DHCP server. */
export function dhcpCollector(dhcp: DhcpPart): Collector {
  return {
    collect(emit) {
      const { pool, leases, frames } = dhcp.show();
      emit('etherloom_dhcp_pool_addresses', pool);
      for (const [state, count] of Object.entries(leases)) emit('etherloom_dhcp_leases', count, { state });
      for (const [treatment, count] of Object.entries(frames)) emit('etherloom_dhcp_frames_total', count, { treatment });
    },
  };
}
