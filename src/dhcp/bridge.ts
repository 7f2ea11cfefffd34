/** The bridge of which a DHCP server is a station. */
import type { PortNumber } from '../ports/pure/port.ts';
import type { MacAddress } from '../wire/mac.ts';

/** The operations of the bridge that the server needs. */
export interface Bridge {
  /**
   * Sends a frame of the server, which then belongs to the bridge. Called in a breath, also from within `receive`: the bridge forwards it
   * when it has finished with the current frame.
   */
  send(frame: Uint8Array): void;
  /**
   * Returns the port on which the bridge knows a station to be; undefined if it is not known. Default: the ingress of the station's last
   * frame.
   */
  portOf?(mac: MacAddress): PortNumber | undefined;
  /** Runs `work` as one breath. Nests. */
  breath(work: () => void): void;
}
