import { compareBridgeIds, type Bpdu, type BpduRole, type BridgeId } from '../wire/bpdu.ts';
import { compareVectors, fromSamePort, type PriorityVector } from './fstp-vector.ts';
import type { PortNumber } from './switch-port.ts';

/** A bridge's claim about its way to the root, and the number of bridges that the claim has passed. */
export interface Claim extends PriorityVector {
  readonly messageAge: number;
}

/** A port behind which the root may be. */
export interface RootCandidate {
  readonly number: PortNumber;
  /** Its identifier in BPDUs. */
  readonly id: number;
  /** The best claim on its wire, if that is not our own. */
  claim: Claim | undefined;
}

/** The state of a bridge's knowledge of the root. */
export interface RootInfo<Port extends RootCandidate> {
  /** Our own claim, without a port. */
  readonly vector: PriorityVector;
  readonly messageAge: number;
  /** The way to the root, and the claim received there. Both are undefined if we are the root. */
  readonly port: Port | undefined;
  readonly claim: Claim | undefined;
}

/** A port by which ways to the root are cheaper, and by how much. */
export interface Bonus {
  readonly port: PortNumber;
  readonly cost: number;
}

/** The cost of every port. */
export const portCost = 20_000_000;

/** The age, in bridges passed, at which a claim is no longer believed. This is the default. */
export const maxAge = 40;

/** The highest age that a BPDU can carry. */
const greatestAge = 255;

const maxCost = 0xffff_ffff;

/** Returns the state of a bridge that is the root itself. */
export function ownRoot(self: BridgeId): RootInfo<never> {
  return { vector: { root: self, cost: 0, bridge: self, port: 0 }, messageAge: 0, port: undefined, claim: undefined };
}

/** Returns the best of all claims. [IEEE 802.1D-2004, 17.6] */
export function bestRoot<Port extends RootCandidate>(self: BridgeId, ports: Iterable<Port>, bonus: Bonus | undefined): RootInfo<Port> {
  let best: RootInfo<Port> = ownRoot(self);
  let bestWay = best.vector;
  for (const port of ports) {
    const { claim } = port;
    if (!claim || compareBridgeIds(claim.bridge, self) === 0) continue;
    const way = { ...claim, cost: Math.min(maxCost, claim.cost + costOf(port, bonus)) };
    const order = compareVectors(way, bestWay) || port.id - (best.port?.id ?? 0);
    if (order >= 0) continue;
    bestWay = way;
    best = { vector: { root: claim.root, cost: way.cost, bridge: self, port: 0 }, messageAge: claim.messageAge + 1, port, claim };
  }
  return best;
}

/** Returns whether both are the same for the bridges behind us. */
export function sameWay(a: RootInfo<RootCandidate>, b: RootInfo<RootCandidate>): boolean {
  if (a.port !== b.port || compareVectors(a.vector, b.vector) !== 0) return false;
  return a.claim === undefined || b.claim === undefined ? a.claim === b.claim : fromSamePort(a.claim, b.claim);
}

/** A port's announcement of the root. */
export interface Saying {
  readonly id: number;
  readonly role: Exclude<BpduRole, 'unknown'>;
  readonly forwarding: boolean;
  readonly topologyChange: boolean;
  readonly agreement: boolean;
}

/** Returns the BPDU in VDE's form: a closed port is always announced as an alternate one, and proposes to be opened. */
export function bpduOf({ vector, messageAge }: RootInfo<RootCandidate>, { id, role, forwarding, topologyChange, agreement }: Saying): Bpdu {
  return {
    topologyChange,
    proposal: !forwarding,
    role: forwarding ? role : 'alternate',
    learning: forwarding,
    forwarding,
    agreement,
    topologyChangeAcknowledged: false,
    root: vector.root,
    rootPathCost: vector.cost,
    bridge: vector.bridge,
    port: id,
    messageAge: Math.min(messageAge, greatestAge),
    maxAge,
    helloTime: 4,
    forwardDelay: 0,
  };
}

/** Returns the cost of a way by a port. It is never 0: then the cost would not show which bridge is nearer to the root. */
function costOf(port: RootCandidate, bonus: Bonus | undefined): number {
  return port.number === bonus?.port ? Math.max(1, portCost - bonus.cost) : portCost;
}
