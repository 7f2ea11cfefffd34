import { newPortCounters, type PacedPort, type PortCounters, type PortDrop, type Receiver } from '../port.ts';
import type { FrameFilter, GatewayDrop } from './gateway-filter.ts';

/** Counters of a port that drops frames by a filter, too. */
export interface FilteredCounters extends PortCounters {
  readonly drops: Record<PortDrop | GatewayDrop, number>;
}

/** Counters at zero. */
export function newFilteredCounters(): FilteredCounters {
  const counters = newPortCounters();
  const filtered = { dhcp: 0, forbidden: 0, ipv6: 0, malformed: 0, 'other-station': 0, spoofed: 0 };
  return { ...counters, drops: { ...counters.drops, ...filtered } };
}

/** A port whose frames pass a filter, each way. What does not pass is counted. */
export class FilteredPort implements PacedPort {
  readonly counters: FilteredCounters;
  readonly #inner: PacedPort;
  readonly #filter: FrameFilter;

  /** `counters` are those that `inner` counts in. */
  constructor(inner: PacedPort, filter: FrameFilter, counters: FilteredCounters) {
    this.#inner = inner;
    this.#filter = filter;
    this.counters = counters;
  }

  get module(): string {
    return this.#inner.module;
  }

  get description(): string {
    return this.#inner.description;
  }

  get waiting(): number {
    return this.#inner.waiting;
  }

  get arrived(): boolean {
    return this.#inner.arrived;
  }

  listen(on: boolean): void {
    this.#inner.listen(on);
  }

  attach(receiver: Receiver): void {
    this.#inner.attach({
      receive: (frame) => {
        const reason = this.#filter.in(frame);
        if (reason === undefined) receiver.receive(frame);
        else this.counters.drops[reason]++;
      },
      carrier: (up) => receiver.carrier(up),
      closed: (reason) => receiver.closed(reason),
    });
  }

  transmit(frame: Uint8Array): void {
    const reason = this.#filter.out(frame);
    if (reason === undefined) this.#inner.transmit(frame);
    else this.counters.drops[reason]++;
  }

  flush(): void {
    this.#inner.flush();
  }

  enable(up: boolean): void {
    this.#inner.enable(up);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#inner[Symbol.asyncDispose]();
  }
}
