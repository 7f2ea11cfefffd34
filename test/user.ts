import { userPeer, type Peer } from '../src/ports/pure/peer.ts';

/** Returns a process of that user. */
export function user(uid: number): Peer {
  return userPeer({ uid, pid: 1 });
}
