import type { Clock } from '../../clock.ts';
import { Fdb, type FdbOptions } from '../../stations/fdb.ts';
import { isTagged, minTaggedFrame, vid, vidOf, type Vid } from '../../wire/dot1q.ts';
import { hasGroupDestination, hasGroupSource } from '../../wire/ethernet.ts';

const untagged = vid(0);

/**
 * The remote behind which each station is, for a port with several remotes. It is a filtering database of the port's own, bounded and aged
 * as the switch's is: a remote that forges addresses evicts only its own. A station in two VLANs has an entry in each.
 */
export class RemoteTable<Remote> {
  readonly #fdb: Fdb<Remote>;

  /** The bounds of the database are those of a switch unless said otherwise. */
  constructor(clock: Clock, options?: FdbOptions) {
    this.#fdb = new Fdb(clock, options);
  }

  /** The number of remembered stations. */
  get size(): number {
    return this.#fdb.size;
  }

  /** Reads the clock. Until the next call, stations are learned and looked up at this time. */
  beginBreath(): void {
    this.#fdb.beginBreath();
  }

  /** Records that a frame of at least 14 octets came from a remote. */
  learn(frame: Uint8Array, remote: Remote): void {
    if (!hasGroupSource(frame)) this.#fdb.learn(vlanOf(frame), frame, 6, remote);
  }

  /** Returns the remote behind which the frame's destination is; undefined if it is a group or not known: then all must get the frame. */
  lookup(frame: Uint8Array): Remote | undefined {
    return hasGroupDestination(frame) ? undefined : this.#fdb.lookup(vlanOf(frame), frame, 0);
  }

  /** Forgets the stations behind a remote. */
  forget(remote: Remote): void {
    this.#fdb.flush(remote);
  }

  /** Ends the timer that forgets silent stations. */
  [Symbol.dispose](): void {
    this.#fdb[Symbol.dispose]();
  }
}

function vlanOf(frame: Uint8Array): Vid {
  return isTagged(frame) && frame.length >= minTaggedFrame ? vidOf(frame) : untagged;
}
