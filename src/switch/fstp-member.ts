import type { Claim, RootCandidate } from './fstp-root.ts';
import { portIdOf } from './fstp-vector.ts';
import type { PortNumber } from './switch-port.ts';

/** The role of a port in the tree of one VLAN. An alternate port is closed, since another bridge leads its wire to the root. */
export type TreeRole = 'root' | 'designated' | 'alternate';

/** A port in the tree of one VLAN, as others see it. */
export interface TreePort {
  readonly number: PortNumber;
  readonly role: TreeRole;
  /** False for a closed port. */
  readonly forwarding: boolean;
  /** True if it stays out of the tree: it sends no BPDU, ignores those that it receives, and forwards. */
  readonly edge: boolean;
  /** True if a BPDU was recently received from a bridge behind it. */
  readonly neighbour: boolean;
}

/** A port in the tree of one VLAN, as the tree keeps it. */
export interface Member extends RootCandidate {
  edge: boolean;
  role: TreeRole;
  forwarding: boolean;
  claim: Claim | undefined;
  claimedAt: number;
  /** The time of the last BPDU from a bridge. */
  heardAt: number | undefined;
  /** True if the neighbour has agreed that we lead the wire. */
  agreed: boolean;
  /** True if the neighbour has closed its end, though it follows the same root. */
  spurned: boolean;
  /** The number of BPDUs sent in this second, and of those among them that announced a change. Further ones are sent in the next second. */
  said: number;
  saidChanges: number;
  owes: boolean;
  owesChange: boolean;
}

/** Returns a new port, which is open and has no information yet. */
export function newMember(number: PortNumber, edge: boolean): Member {
  return {
    number,
    id: portIdOf(number),
    edge,
    role: 'designated',
    forwarding: true,
    claim: undefined,
    claimedAt: 0,
    heardAt: undefined,
    agreed: false,
    spurned: false,
    said: 0,
    saidChanges: 0,
    owes: false,
    owesChange: false,
  };
}
