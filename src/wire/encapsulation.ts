/*
 * Ethernet frames in the payload of IP or UDP: a short header, then the frame without its check sequence. Codecs: `vxlan.ts`, `gre.ts`,
 * `etherip.ts`.
 */

/** The reason why a packet of a tunnel is not taken. */
export type TunnelFault =
  | 'short' // it ends before its header does
  | 'flags' // a flag that must be set is not set, or a reserved bit is set
  | 'version' // another version of the protocol
  | 'routing' // it has source routes
  | 'protocol' // the payload is not Ethernet
  | 'key' // it belongs to another tunnel between the same hosts
  | 'checksum'; // its checksum is wrong

/** One tunnel's way to put frames into packets, and to find them there. */
export interface Encapsulation {
  /** The octets in front of each frame that is sent. The same for all frames. */
  readonly header: Uint8Array;
  /** The key that tells this tunnel from others between the same hosts, as the codec's `…KeyOf` returns it; 0 if it has none. */
  readonly key: number;
  /** Returns where the frame starts in the payload of a received packet, never beyond its end; or why the packet is not taken. */
  frameAt(payload: Uint8Array): number | TunnelFault;
}
