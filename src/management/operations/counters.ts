import type { PortNumber } from '../../switch/switch.ts';
import type { Managed } from '../managed.ts';
import { reads } from '../operation.ts';
import { sumOfDrops } from '../drop-sums.ts';

/** The counters of a port: the switch's own, which a reset does not change. They end with the port. */
export interface PortCountersView {
  readonly port: PortNumber;
  /** True if it has a carrier. */
  readonly up: boolean;
  readonly received: { readonly frames: number; readonly octets: number };
  readonly sent: { readonly frames: number; readonly octets: number };
  /** The frames that the switch or an endpoint dropped, by reason, without zeros. */
  readonly drops: Readonly<Record<string, number>>;
}

/** The counters of all ports at one time, from which rates can be computed. */
export interface CountersView {
  /** Milliseconds of the monotonic clock since the service began. */
  readonly time: number;
  readonly ports: readonly PortCountersView[];
}

/** Shows the counters of all ports. */
export const showCounters = reads(
  'counters.show',
  'show the counters of all ports with their time, from which rates can be computed',
  (managed: Managed): CountersView => countersOf(managed),
);

/** Returns the counters of all ports. */
export function countersOf({ clock, startedAt, ports, switch: bridge }: CountedSwitch): CountersView {
  return {
    time: clock.monotonic() - startedAt,
    ports: ports.list().flatMap(({ number }) => {
      const port = bridge.port(number);
      if (!port) return [];
      const { receivedFrames, receivedOctets, sentFrames, sentOctets, drops } = port.counters;
      return {
        port: number,
        up: port.up,
        received: { frames: receivedFrames, octets: receivedOctets },
        sent: { frames: sentFrames, octets: sentOctets },
        drops: sumOfDrops(drops, ports.endpointDrops(number)),
      };
    }),
  };
}

/** The parts of a switch that have its counters and their time. */
type CountedSwitch = Pick<Managed, 'clock' | 'startedAt' | 'ports' | 'switch'>;
