import type { Switch } from '../../switch/switch.ts';
import type { MetricName } from '../metric-definitions.ts';
import type { Collector, Emit } from '../metrics.ts';
import type { Endpoint, ManagedPort, PortTable } from '../port-table.ts';

/** Returns the collector of a switch and its ports. */
export function switchCollector(bridge: Switch, ports: PortTable<Endpoint>): Collector {
  return {
    collect(emit) {
      emit('etherloom_stray_frames_total', bridge.strays);
      emit('etherloom_stations', bridge.database.size);
      emit('etherloom_stations_limit', bridge.database.maxEntries);
      for (const port of ports.list()) collectPort(bridge, port, ports.endpointDrops(port.number), emit);
    },
  };
}

function collectPort(bridge: Switch, { number, endpoints }: ManagedPort, endpointDrops: Drops, emit: Emit): void {
  const port = String(number);
  const bridgePort = bridge.port(number);
  if (!bridgePort) return;
  const { receivedFrames, receivedOctets, sentFrames, sentOctets, drops } = bridgePort.counters;
  emit('etherloom_port_up', Number(bridgePort.up), { port });
  emit('etherloom_port_endpoints', endpoints.length, { port });
  emit('etherloom_port_received_frames_total', receivedFrames, { port });
  emit('etherloom_port_received_bytes_total', receivedOctets, { port });
  emit('etherloom_port_sent_frames_total', sentFrames, { port });
  emit('etherloom_port_sent_bytes_total', sentOctets, { port });
  emitDrops('etherloom_port_dropped_frames_total', port, drops, emit);
  emitDrops('etherloom_port_endpoint_dropped_frames_total', port, endpointDrops, emit);
  const mtus = endpoints.flatMap(({ mtu }) => mtu ?? []);
  if (mtus.length > 0) emit('etherloom_port_mtu_bytes', Math.min(...mtus), { port });
}

type Drops = Readonly<Record<string, number>>;

function emitDrops(name: MetricName, port: string, drops: Drops, emit: Emit): void {
  for (const reason in drops) {
    const frames = drops[reason] ?? 0;
    if (frames > 0) emit(name, frames, { port, reason });
  }
}
