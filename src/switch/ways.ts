import { isTagged, type Vid } from '../wire/dot1q.ts';
import { minFrame } from '../wire/ethernet.ts';
import { readUint16, readUint32 } from '../wire/octets.ts';
import type { BridgePort, DropReason } from './switch-port.ts';
import { FloodLists, waysForTag, type Egress } from './vlan.ts';

/** The ways out of the switch. Those found before are remembered, until something that they depend on changes. */
export class Ways {
  readonly #floodLists: FloodLists<BridgePort>;
  /** The last frame from a known station to another: its ingress and egress, and its header as signed numbers. */
  #ingress: BridgePort | undefined;
  #egress: BridgePort | undefined;
  #destinationHigh = 0;
  #destinationLow = 0;
  #sourceHigh = 0;
  #sourceLow = 0;
  #etherType = 0;

  /** `ports` is read again for every flood list. */
  constructor(ports: ReadonlyMap<unknown, BridgePort>) {
    this.#floodLists = new FloodLists(ports);
  }

  /** Returns the ways of a frame in a VLAN, or why it has none. `destination` is undefined for a group, and for an unknown station. */
  of(ingress: BridgePort, vid: Vid, destination: BridgePort | undefined, frame: Uint8Array): readonly Egress<BridgePort>[] | DropReason {
    const ways = this.#to(ingress, vid, destination);
    if (typeof ways === 'string' || !isTagged(frame)) return ways;
    const kept = waysForTag(ways, frame);
    return kept.length === 0 ? 'double-tagged' : kept;
  }

  /**
   * Returns the egress of the noted frame, if this one has the same ingress and header. Frames come in batches from one station to another, and
   * comparing headers costs a fifth of the two searches for the stations.
   */
  again(ingress: BridgePort, frame: Uint8Array): BridgePort | undefined {
    // The octets in which stations differ most come first.
    return ingress === this.#ingress &&
      (readUint32(frame, 2) | 0) === this.#destinationLow &&
      (readUint32(frame, 8) | 0) === this.#sourceLow &&
      readUint16(frame, 0) === this.#destinationHigh &&
      readUint16(frame, 6) === this.#sourceHigh &&
      readUint16(frame, 12) === this.#etherType &&
      frame.length >= minFrame
      ? this.#egress
      : undefined;
  }

  /** Notes the egress of a frame. Each one with its header and ingress must leave unchanged by it alone, and teach nothing new, until it is forgotten. */
  note(ingress: BridgePort, frame: Uint8Array, egress: BridgePort): void {
    this.#ingress = ingress;
    this.#egress = egress;
    this.#destinationHigh = readUint16(frame, 0);
    this.#destinationLow = readUint32(frame, 2) | 0;
    this.#sourceHigh = readUint16(frame, 6);
    this.#sourceLow = readUint32(frame, 8) | 0;
    this.#etherType = readUint16(frame, 12);
  }

  /** Must be called when a port is added, removed or changed: see FloodLists.forget. */
  forget(): void {
    this.forgetLast();
    this.#floodLists.forget();
  }

  /**
   * Forgets the noted frame. Must be called for each breath, since time has passed, for each frame of which `again` knows no egress, and when a station
   * became known or was forgotten.
   */
  forgetLast(): void {
    this.#ingress = undefined;
  }

  #to(ingress: BridgePort, vid: Vid, destination: BridgePort | undefined): readonly Egress<BridgePort>[] | DropReason {
    if (destination === ingress) return 'same-port';
    if (destination === undefined) {
      const everybody = this.#floodLists.of(vid, ingress);
      return everybody.length === 0 ? 'no-egress' : everybody;
    }
    return vid === destination.vlans.untagged ? destination.untaggedEgress : destination.taggedEgress;
  }
}
