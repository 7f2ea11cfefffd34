import { addTag, isTagged, removeTag, type Vid } from '../wire/dot1q.ts';
import type { SwitchOptions } from './switch-options.ts';
import type { BridgePort, DropReason, PortNumber } from './switch-port.ts';
import type { Egress } from './vlan.ts';

/** The last stage of a frame: it keeps, gains or loses its tag, leaves, and is counted. */
export class EgressStage {
  readonly #transmit: SwitchOptions['transmit'];

  constructor(transmit: SwitchOptions['transmit']) {
    this.#transmit = transmit;
  }

  /** Sends a frame as it is. */
  send(port: BridgePort, frame: Uint8Array, ingress: PortNumber): void {
    port.counters.sentFrames += 1;
    port.counters.sentOctets += frame.length;
    this.#transmit(port.number, frame, ingress);
  }

  /** Sends a frame of a VLAN by its ways, or counts why it has none. Each shape is made once at most; `untagged` may be made already. */
  leave(
    ingress: BridgePort,
    vid: Vid,
    frame: Uint8Array,
    ways: readonly Egress<BridgePort>[] | DropReason,
    untagged: Uint8Array | undefined,
  ): void {
    if (typeof ways === 'string') {
      ingress.counters.drops[ways] += 1;
      return;
    }
    let tagged = isTagged(frame) ? frame : undefined;
    if (tagged === undefined) untagged = frame;
    for (const way of ways)
      this.send(way.port, way.tagged ? (tagged ??= addTag(frame, vid)) : (untagged ??= removeTag(frame)), ingress.number);
  }
}
