import type { Clock } from '../clock.ts';
import { encodeIcmpUnreachable, unreachableCodes } from '../wire/icmp.ts';
import { encodeIcmpv6Error, unreachableCodes6 } from '../wire/icmpv6-error.ts';
import { encodeIpv4, type Ipv4 } from '../wire/ipv4.ts';
import { encodeIpv6, type Ipv6 } from '../wire/ipv6.ts';

/** The most messages in a burst; one more is allowed each millisecond. This bounds the answers to a port scan. */
const burst = 50;

/** Makes ICMP messages for closed ports, at a limited rate. [RFC 1122, 4.1.3.1; RFC 1812, 4.3.2.8; RFC 4443, 2.4 (f), 3.1] */
export class Unreachables {
  readonly #clock: Clock;
  #left = burst;
  #since = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns the ICMP message for a packet to a closed port; undefined if the rate limit is reached. */
  portOf(packet: Ipv4): Uint8Array | undefined {
    return this.#maySpeak() ? encodeIcmpUnreachable({ code: unreachableCodes.port, packet: encodeIpv4(packet) }) : undefined;
  }

  /**
   * Returns the ICMPv6 message for a packet to a closed port, from its destination to its source; undefined if the rate limit is reached.
   */
  portOfIpv6(packet: Ipv6): Uint8Array | undefined {
    if (!this.#maySpeak()) return undefined;
    const error = { type: 'unreachable', code: unreachableCodes6.port, mtu: 0 } as const;
    return encodeIcmpv6Error(error, encodeIpv6(packet), packet.destination, packet.source);
  }

  #maySpeak(): boolean {
    const now = this.#clock.monotonic();
    this.#left = Math.min(burst, this.#left + now - this.#since);
    this.#since = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
