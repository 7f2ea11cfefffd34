import type { Clock } from '../clock.ts';
import { FloodLimit } from './flood-limit.ts';
import type { SenderPolicy, SenderRule } from './sender-policy.ts';
import { breachOf, packetBreach } from './sender-table.ts';

/** The guard of one port: the rules for its stations, and its rate of flooding. */
export class PortGuard {
  readonly #policy: SenderPolicy;
  readonly #clock: Clock;
  readonly #flood: FloodLimit | undefined;

  constructor(policy: SenderPolicy, clock: Clock) {
    this.#policy = policy;
    this.#clock = clock;
    this.#flood = policy.open ? undefined : new FloodLimit(policy.floodRate, clock.monotonic());
  }

  /** Returns the rule that a frame of at least 14 octets breaks; undefined if it may enter. */
  breach(frame: Uint8Array): SenderRule | undefined {
    return breachOf(this.#policy, frame);
  }

  /** Returns the rule that the packet of a frame breaks. Enough for a frame with the addresses and the type of one that entered before in this breath. */
  packetBreach(frame: Uint8Array): SenderRule | undefined {
    return packetBreach(this.#policy, frame);
  }

  /** Returns whether a frame may be flooded at this time, without a side effect. */
  mayFlood(frame: Uint8Array): boolean {
    return this.#flood?.allows(frame, this.#clock.monotonic()) !== false;
  }

  /** Takes a frame that is flooded into account. Returns false if it must not be. */
  flood(frame: Uint8Array): boolean {
    return this.#flood?.take(frame, this.#clock.monotonic()) !== false;
  }
}
