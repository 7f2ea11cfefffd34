import type { Vid } from '../wire/dot1q.ts';
import type { MacAddress } from '../wire/mac.ts';

/** A station behind the uplink that local stations talk to. */
export interface Talk {
  readonly vid: Vid;
  readonly mac: MacAddress;
}
