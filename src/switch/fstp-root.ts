import { compareBridgeIds, type Bpdu, type BpduRole, type BridgeId } from '../wire/bpdu.ts';
import { compareVectors, fromSamePort, type PriorityVector } from './fstp-vector.ts';
import type { PortNumber } from './switch-port.ts';

/** What a bridge claims of its way to the root, and through how many bridges it came. */
export interface Claim extends PriorityVector {
  readonly messageAge: number;
}

/** A port that the root may be behind. */
export interface RootCandidate {
  readonly number: PortNumber;
  /** Its identifier in BPDUs. */
  readonly id: number;
  /** The best claim on its wire, when that is not our own. */
  claim: Claim | undefined;
}

/** What is known of the root. */
export interface RootInfo<Port extends RootCandidate> {
  /** What we claim; its port is to be filled in. */
  readonly vector: PriorityVector;
  readonly messageAge: number;
  /** The way to it, and what was claimed there. Neither when we are the root. */
  readonly port: Port | undefined;
  readonly claim: Claim | undefined;
}

/** A port by which ways to the root are cheaper. */
export interface Bonus {
  readonly port: PortNumber;
  readonly cost: number;
}

/** What every port costs. */
export const portCost = 20_000_000;

/** How many bridges a claim may have passed before nobody believes it, unless it is said otherwise. */
export const maxAge = 40;

/** An age cannot be said that is higher than this. */
const greatestAge = 255;

const maxCost = 0xffff_ffff;

/** That we are the root ourselves. */
export function ownRoot(self: BridgeId): RootInfo<never> {
  return { vector: { root: self, cost: 0, bridge: self, port: 0 }, messageAge: 0, port: undefined, claim: undefined };
}

/** The best of all that is claimed. [IEEE 802.1D-2004, 17.6] */
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

/** Whether nothing that matters to those behind us is different. */
export function sameWay(a: RootInfo<RootCandidate>, b: RootInfo<RootCandidate>): boolean {
  if (a.port !== b.port || compareVectors(a.vector, b.vector) !== 0) return false;
  return a.claim === undefined || b.claim === undefined ? a.claim === b.claim : fromSamePort(a.claim, b.claim);
}

/** What a port says of the root. */
export interface Saying {
  readonly id: number;
  readonly role: Exclude<BpduRole, 'unknown'>;
  readonly forwarding: boolean;
  readonly topologyChange: boolean;
  readonly agreement: boolean;
}

/** The same as VDE says it: a port that is closed is always an alternate one, and proposes to be opened. */
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

/** Never nothing: or the cost would not tell who is nearer to the root. */
function costOf(port: RootCandidate, bonus: Bonus | undefined): number {
  return port.number === bonus?.port ? Math.max(1, portCost - bonus.cost) : portCost;
}
