import { minFrame } from '../wire/ethernet.ts';
import { vlanIn } from './ingress.ts';
import type { SenderRules } from './sender-rules.ts';
import type { BridgePort, DropReason, PortNumber } from './switch-port.ts';

/** The hub sends nothing to this port. */
const managementPort: PortNumber = 0;

/**
 * Returns where a hub repeats a frame: to all ports that are up, except the ingress, port 0 and shortcuts. Returns the reason if there is no such port, or the
 * rules for senders refuse the frame.
 */
export function repeatTo(
  ports: Iterable<BridgePort>,
  ingress: BridgePort,
  frame: Uint8Array,
  senders: SenderRules,
): readonly BridgePort[] | DropReason {
  if (frame.length < minFrame) return 'runt';
  if (ingress.refusal !== undefined) return ingress.refusal;
  if (ingress.vlans.shortcut) return 'not-agreed';
  const others = [...ports].filter((port) => port !== ingress && port.up && port.number !== managementPort && !port.vlans.shortcut);
  if (others.length === 0) return 'no-egress';
  return senders.refusal(ingress, vlanIn(ingress, frame), frame) ?? others;
}
