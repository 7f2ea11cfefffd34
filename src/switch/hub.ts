import { minFrame } from '../wire/ethernet.ts';
import type { BridgePort, DropReason, PortNumber } from './switch-port.ts';

/** Hears nothing from a hub. */
const managementPort: PortNumber = 0;

/** Where a hub repeats a frame: by all ports that are up, but its own and port 0. Or why by none. */
export function repeatTo(ports: Iterable<BridgePort>, ingress: BridgePort, frame: Uint8Array): readonly BridgePort[] | DropReason {
  if (frame.length < minFrame) return 'runt';
  if (ingress.refusal !== undefined) return ingress.refusal;
  const others = [...ports].filter((port) => port !== ingress && port.up && port.number !== managementPort);
  return others.length === 0 ? 'no-egress' : others;
}
