/** The other side of a port, as far as it is known for certain. */
export type Peer =
  /** A process of this machine, as the kernel reports it. */
  | { readonly kind: 'user'; readonly uid: number; readonly pid: number }
  /** A node of the star, known by its certificate. */
  | { readonly kind: 'node'; readonly id: number; readonly fingerprint: string }
  /** Anyone who can reach this machine from that address. */
  | { readonly kind: 'remote'; readonly address: string }
  /** The switch itself: it has opened the port. */
  | { readonly kind: 'self' };

/** The peer of the ports that a switch opens. */
export const self: Peer = { kind: 'self' };

/** Returns a process as a peer, by its credentials. */
export function userPeer({ uid, pid }: { readonly uid: number; readonly pid: number }): Peer {
  return { kind: 'user', uid, pid };
}

/** Returns the user of a peer, or undefined if it is not a user of this machine. */
export function uidOf(peer: Peer | undefined): number | undefined {
  return peer?.kind === 'user' ? peer.uid : undefined;
}

/**
 * Returns whether two peers may share a port, and so receive each other's frames. Processes of one user may; so may one node, and two peers
 * of the same other kind.
 */
export function mayShare(a: Peer, b: Peer): boolean {
  if (a.kind === 'user') return a.uid === uidOf(b);
  if (a.kind === 'node') return b.kind === 'node' && a.id === b.id;
  return a.kind === b.kind;
}
