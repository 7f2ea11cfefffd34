import type { Claim, RootCandidate } from './fstp-root.ts';
import { portIdOf } from './fstp-vector.ts';
import type { PortNumber } from './switch-port.ts';

/** What a port is in the tree of one VLAN. An alternate one is closed, for somebody else leads its wire to the root. */
export type TreeRole = 'root' | 'designated' | 'alternate';

/** A port in the tree of one VLAN, as others see it. */
export interface TreePort {
  readonly number: PortNumber;
  readonly role: TreeRole;
  /** Closed otherwise. */
  readonly forwarding: boolean;
  /** Whether it stays out of the tree: it says no BPDU, hears none, and forwards. */
  readonly edge: boolean;
  /** Whether a bridge was heard behind it lately. */
  readonly neighbour: boolean;
}

/** A port in the tree of one VLAN, as the tree keeps it. */
export interface Member extends RootCandidate {
  edge: boolean;
  role: TreeRole;
  forwarding: boolean;
  claim: Claim | undefined;
  claimedAt: number;
  /** When a bridge was last heard. */
  heardAt: number | undefined;
  /** Whether the neighbour lets us lead the wire. */
  agreed: boolean;
  /** Whether the neighbour has closed its end, though it follows the same root. */
  spurned: boolean;
  /** How many BPDUs it said in this second, and how many of a change; what was too much is said in the next. */
  said: number;
  saidChanges: number;
  owes: boolean;
  owesChange: boolean;
}

/** A port of which nothing is known yet: it is open. */
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
