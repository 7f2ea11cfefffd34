import type { PortCounters } from './port.ts';

/**
 * The packets in a batch from which on the kernel is asked for those that it dropped: it drops packets when the socket's buffer is full, so
 * that the batches after that are large.
 */
const manyPackets = 16;

/** Counts the packets that the kernel drops because they come faster than a port reads them. */
export class LossCount {
  readonly #counters: PortCounters;
  readonly #lost: () => number;
  #counted = 0;

  /** `lost` returns the packets that the kernel has dropped since the socket was opened. */
  constructor(counters: PortCounters, lost: () => number) {
    this.#counters = counters;
    this.#lost = lost;
  }

  /** Notes that a batch of so many packets was received. */
  received(packets: number): void {
    if (packets < manyPackets) return;
    const lost = this.#lost();
    this.#counters.drops['receive-overflow'] += lost - this.#counted;
    this.#counted = lost;
  }
}
