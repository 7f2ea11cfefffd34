/** The attack of a stranger on a star's port. */
export interface StrangerSpec {
  readonly port: number;
  /** The loopback addresses that it comes from, in turn. */
  readonly from: readonly string[];
  /** The connections that it opens each second, on which it never finishes its ClientHello. */
  readonly halfOpen: number;
  /** The handshakes that it begins each second, and finishes if it can, with a key that the group does not know. */
  readonly handshakes: number;
}

/** The findings of a stranger. */
export interface StrangerReport {
  /** The half-open connections that it opened, those of them that still were open at the end, and the octets that it was told there. */
  readonly opened: number;
  readonly held: number;
  readonly toldHalfOpen: number;
  /** The handshakes that it began and finished, and the octets that it was told inside TLS. */
  readonly begun: number;
  readonly finished: number;
  readonly toldInside: number;
}
