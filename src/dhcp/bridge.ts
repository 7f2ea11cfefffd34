/** The bridge that a DHCP server is a station of. */
import type { PortNumber } from '../ports/port.ts';
import type { MacAddress } from '../wire/mac.ts';

/** What the server needs of the bridge that it is a station of. */
export interface Bridge {
  /**
   * Sends a frame of the server, which is the bridge's from then on. Called in a breath, also from within `receive`: the bridge forwards
   * it when it is done with the frame at hand.
   */
  send(frame: Uint8Array): void;
  /** The port on which the bridge knows a station to be; undefined when it knows none. Default: the one that its last frame came by. */
  portOf?(mac: MacAddress): PortNumber | undefined;
  /** Runs `work` as one breath. Nests. */
  breath(work: () => void): void;
}
