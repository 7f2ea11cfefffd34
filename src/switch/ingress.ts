import { isTagged, minTaggedFrame, vidOf, type Vid } from '../wire/dot1q.ts';
import { minFrame } from '../wire/ethernet.ts';
import type { BridgePort, DropReason } from './switch-port.ts';
import { reservedVid } from './vlan.ts';

/** Returns the VLAN of a frame by its tag, if that is whole, or its port; 0 if the port has none for frames without a tag. */
export function vlanIn({ vlans: { untagged } }: BridgePort, frame: Uint8Array): Vid {
  if (isTagged(frame) && frame.length >= minTaggedFrame) return vidOf(frame);
  return untagged === 'none' ? (0 as Vid) : untagged;
}

/** Returns the VLAN of a frame by its tag or its port, or the reason why it has none. [IEEE 802.1Q, 6.9.1 and 8.6.2] */
export function classify(ingress: BridgePort, frame: Uint8Array): Vid | DropReason {
  if (frame.length < minFrame) return 'runt';
  if (ingress.refusal !== undefined) return ingress.refusal;
  if (!isTagged(frame)) return ingress.vlans.untagged === 'none' ? 'no-untagged' : ingress.vlans.untagged;
  if (frame.length < minTaggedFrame) return 'runt';
  const vid = vidOf(frame);
  if (vid === reservedVid) return 'reserved-vid';
  return ingress.vlans.has(vid) ? vid : 'not-a-member';
}
