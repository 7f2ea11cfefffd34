import type { Fdb, Learned } from '../stations/fdb.ts';
import { isTagged, minTaggedFrame, type Vid } from '../wire/dot1q.ts';
import { etherTypeOf, etherTypes, hasGroupDestination, hasGroupSource, sourceOf } from '../wire/ethernet.ts';
import { readUint16, readUint32 } from '../wire/octets.ts';
import type { SwitchOptions } from './switch-options.ts';
import type { BridgePort } from './switch-port.ts';

/** The use of a frame's two addresses. [IEEE 802.1Q, 8.6.3 and 8.7] */
export class Learning {
  readonly #fdb: Fdb<BridgePort>;
  readonly #moved: SwitchOptions['moved'];

  constructor(fdb: Fdb<BridgePort>, moved: SwitchOptions['moved']) {
    this.#fdb = fdb;
    this.#moved = moved;
  }

  /** Returns the port behind which the destination is; undefined if it is a group, or not known. */
  destination(ingress: BridgePort, vid: Vid, frame: Uint8Array): BridgePort | undefined {
    if (hasGroupDestination(frame)) return undefined;
    // A frame whose source equals its destination is local to the ingress port, learned or not.
    return writesToItself(frame) ? ingress : this.#fdb.lookup(vid, frame, destinationAt);
  }

  /** Learns the source, and returns what was learned; `observed` if the frame should be observed. */
  learn(ingress: BridgePort, vid: Vid, frame: Uint8Array): Learned | 'observed' {
    const learning = hasGroupSource(frame) ? 'known' : this.#fdb.learn(vid, frame, sourceAt, ingress);
    if (learning === 'held' || learning === 'moved') this.#tellMove(ingress, vid, frame, learning === 'held');
    const etherType = isTagged(frame) ? readUint16(frame, minTaggedFrame - 2) : etherTypeOf(frame);
    if (etherType === etherTypes.arp || (etherType === etherTypes.ipv4 && (learning === 'new' || learning === 'moved'))) return 'observed';
    return learning;
  }

  /** Forgets the stations of a VLAN's tree. A trunk carries VLANs without a tree of their own in that of its untagged VLAN. */
  forgetTree(vid: Vid, ports: Iterable<BridgePort>): void {
    this.#fdb.flushVlan(vid);
    for (const port of ports) if (port.vlans.trunk && port.vlans.untagged === vid) this.#fdb.flush(port);
  }

  #tellMove(ingress: BridgePort, vid: Vid, frame: Uint8Array, stays: boolean): void {
    const from = stays ? this.#fdb.lookup(vid, frame, sourceAt) : this.#fdb.movedFrom;
    if (from) this.#moved?.(vid, sourceOf(frame), from.number, ingress.number, stays);
  }
}

/** The offsets of the two addresses in a frame. */
const destinationAt = 0;
const sourceAt = 6;

/** Looks at the last octets first, in which stations differ most. */
function writesToItself(frame: Uint8Array): boolean {
  return (
    readUint16(frame, destinationAt + 4) === readUint16(frame, sourceAt + 4) &&
    readUint32(frame, destinationAt) === readUint32(frame, sourceAt)
  );
}
