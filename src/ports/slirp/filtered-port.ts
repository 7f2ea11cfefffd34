import { PacedForwardingPort } from '../forwarding-port.ts';
import { newPortCounters, type PacedPort, type PortCounters, type PortDrop, type Receiver } from '../pure/port.ts';
import type { FrameFilter, GatewayDrop } from './gateway-filter.ts';

/** Counters of a port that also drops frames by a filter. */
export interface FilteredCounters extends PortCounters {
  readonly drops: Record<PortDrop | GatewayDrop, number>;
}

/** Returns counters at zero. */
export function newFilteredCounters(): FilteredCounters {
  const counters = newPortCounters();
  const filtered = { dhcp: 0, forbidden: 0, ipv6: 0, malformed: 0, 'other-station': 0, spoofed: 0 };
  return { ...counters, drops: { ...counters.drops, ...filtered } };
}

/** A port whose frames pass a filter, in each direction. Dropped frames are counted. */
export class FilteredPort extends PacedForwardingPort {
  readonly #filter: FrameFilter;
  readonly #counters: FilteredCounters;

  /** `counters` are the counters of `inner`. */
  constructor(inner: PacedPort, filter: FrameFilter, counters: FilteredCounters) {
    super(inner);
    this.#filter = filter;
    this.#counters = counters;
  }

  override get counters(): FilteredCounters {
    return this.#counters;
  }

  override attach(receiver: Receiver): void {
    this.inner.attach({
      receive: (frame) => {
        const reason = this.#filter.in(frame);
        if (reason === undefined) receiver.receive(frame);
        else this.#counters.drops[reason]++;
      },
      carrier: (up) => receiver.carrier(up),
      closed: (reason) => receiver.closed(reason),
    });
  }

  override transmit(frame: Uint8Array): void {
    const reason = this.#filter.out(frame);
    if (reason === undefined) this.inner.transmit(frame);
    else this.#counters.drops[reason]++;
  }
}
