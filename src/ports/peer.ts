/** Who is on the other side of a port, as far as that is known for certain. */
export type Peer =
  /** A process of this machine, as the kernel tells it. */
  | { readonly kind: 'user'; readonly uid: number; readonly pid: number }
  /** A node of the star, known by its certificate. */
  | { readonly kind: 'node'; readonly id: number; readonly fingerprint: string }
  /** Anyone who can reach this machine from that address. */
  | { readonly kind: 'remote'; readonly address: string }
  /** The switch itself: it has opened the port. */
  | { readonly kind: 'self' };

/** The peer of the ports that a switch opens. */
export const self: Peer = { kind: 'self' };

/** A process, by its credentials. */
export function userPeer({ uid, pid }: { readonly uid: number; readonly pid: number }): Peer {
  return { kind: 'user', uid, pid };
}

/** Returns the user of a peer, or undefined when it is no user of this machine. */
export function uidOf(peer: Peer | undefined): number | undefined {
  return peer?.kind === 'user' ? peer.uid : undefined;
}

/** Whether two peers may share a port, and so receive each other's frames: processes of one user, one node, or both of another kind. */
export function mayShare(a: Peer, b: Peer): boolean {
  if (a.kind === 'user') return a.uid === uidOf(b);
  if (a.kind === 'node') return b.kind === 'node' && a.id === b.id;
  return a.kind === b.kind;
}
