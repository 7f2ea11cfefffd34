import type { PortNumber } from '../../switch/switch.ts';
import type { Managed } from '../managed.ts';
import { reads } from '../operation.ts';

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
    ports: ports.list().flatMap(({ number, endpoints }) => {
      const port = bridge.port(number);
      if (!port) return [];
      const { receivedFrames, receivedOctets, sentFrames, sentOctets, drops } = port.counters;
      return {
        port: number,
        up: port.up,
        received: { frames: receivedFrames, octets: receivedOctets },
        sent: { frames: sentFrames, octets: sentOctets },
        drops: sumOf([drops, ...endpoints.map((one) => one.drops)]),
      };
    }),
  };
}

/** The parts of a switch that have its counters and their time. */
type CountedSwitch = Pick<Managed, 'clock' | 'startedAt' | 'ports' | 'switch'>;

/** Adds counts. With a thousand ports there are many, almost all of them 0, so no list is made of them. */
function sumOf(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const drops of all) {
    for (const reason in drops) {
      const frames = drops[reason] ?? 0;
      if (frames > 0) sum[reason] = (sum[reason] ?? 0) + frames;
    }
  }
  return sum;
}
