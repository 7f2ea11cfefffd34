import type { Clock } from '../clock.ts';
import { encodeIcmpUnreachable, unreachableCodes } from '../wire/icmp.ts';
import { encodeIpv4, type Ipv4 } from '../wire/ipv4.ts';

/** So many may be said at once, and one more each millisecond: whoever asks for all ports cannot make a host say more. */
const burst = 50;

/** Says that nobody listens to a port, within bounds. [RFC 1122, 4.1.3.1; RFC 1812, 4.3.2.8] */
export class Unreachables {
  readonly #clock: Clock;
  #left = burst;
  #since = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The ICMP message for a packet to a closed port; undefined when too much was said just now. */
  portOf(packet: Ipv4): Uint8Array | undefined {
    const now = this.#clock.monotonic();
    this.#left = Math.min(burst, this.#left + now - this.#since);
    this.#since = now;
    if (this.#left < 1) return undefined;
    this.#left -= 1;
    return encodeIcmpUnreachable({ code: unreachableCodes.port, packet: encodeIpv4(packet) });
  }
}
