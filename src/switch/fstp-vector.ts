import { compareBridgeIds, type BridgeId } from '../wire/bpdu.ts';
import type { PortNumber } from './switch-port.ts';

/** A claim about a way to the root. The lower one is better, field by field. [IEEE 802.1D-2004, 17.5] */
export interface PriorityVector {
  readonly root: BridgeId;
  readonly cost: number;
  /** The claiming bridge, and the identifier of the port that announces the claim. */
  readonly bridge: BridgeId;
  readonly port: number;
}

/** Returns a number below 0 if `a` is better, above 0 if `b` is, and 0 if both are the same. */
export function compareVectors(a: PriorityVector, b: PriorityVector): number {
  return compareBridgeIds(a.root, b.root) || a.cost - b.cost || compareBridgeIds(a.bridge, b.bridge) || a.port - b.port;
}

/** Returns whether both claims come from the same port of the same bridge. */
export function fromSamePort(a: PriorityVector, b: PriorityVector): boolean {
  return a.port === b.port && compareBridgeIds(a.bridge, b.bridge) === 0;
}

/** Returns the 16 bits by which VDE identifies a port. They are unique for the first 2,048 ports. */
export function portIdOf(port: PortNumber): number {
  return ((0x80 | ((port >>> 4) & 0xff)) << 8) | (port & 0xff);
}
