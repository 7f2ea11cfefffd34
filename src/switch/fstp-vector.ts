import { compareBridgeIds, type BridgeId } from '../wire/bpdu.ts';
import type { PortNumber } from './switch-port.ts';

/** What is claimed of a way to the root. The lower is the better one, field by field. [IEEE 802.1D-2004, 17.5] */
export interface PriorityVector {
  readonly root: BridgeId;
  readonly cost: number;
  /** Who claims it, and the identifier of the port by which. */
  readonly bridge: BridgeId;
  readonly port: number;
}

/** Below 0 when `a` is better, above 0 when `b` is, 0 when both are the same. */
export function compareVectors(a: PriorityVector, b: PriorityVector): number {
  return compareBridgeIds(a.root, b.root) || a.cost - b.cost || compareBridgeIds(a.bridge, b.bridge) || a.port - b.port;
}

/** Whether both are claimed by the same port of the same bridge. */
export function fromSamePort(a: PriorityVector, b: PriorityVector): boolean {
  return a.port === b.port && compareBridgeIds(a.bridge, b.bridge) === 0;
}

/** The 16 bits by which VDE calls a port: unlike for the first 2,048. */
export function portIdOf(port: PortNumber): number {
  return ((0x80 | ((port >>> 4) & 0xff)) << 8) | (port & 0xff);
}
