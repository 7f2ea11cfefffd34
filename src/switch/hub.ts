import { minFrame } from '../wire/ethernet.ts';
import { vlanIn } from './ingress.ts';
import type { SenderRules } from './sender-rules.ts';
import type { BridgePort, DropReason, PortNumber } from './switch-port.ts';

/** The hub sends nothing to this port. */
const managementPort: PortNumber = 0;

/**
 * Returns where a hub repeats a frame: to all ports that are up, except the ingress and port 0. Returns the reason if there is no such port, or the
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
  const others = [...ports].filter((port) => port !== ingress && port.up && port.number !== managementPort);
  if (others.length === 0) return 'no-egress';
  return senders.refusal(ingress, vlanIn(ingress, frame), frame) ?? others;
}
