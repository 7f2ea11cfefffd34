import { compareBridgeIds, type Bpdu, type BridgeId } from '../wire/bpdu.ts';
import type { Vid } from '../wire/dot1q.ts';
import { newMember, type Member, type TreePort, type TreeRole } from './fstp-member.ts';
import { bestRoot, bpduOf, ownRoot, sameWay, type Bonus, type Claim, type RootInfo, type Saying } from './fstp-root.ts';
import { compareVectors, fromSamePort, type PriorityVector } from './fstp-vector.ts';
import type { PortNumber } from './switch-port.ts';

/** A change in a tree. */
export type TreeChange =
  | { readonly kind: 'root'; readonly root: BridgeId; readonly port: PortNumber | undefined }
  | { readonly kind: 'state'; readonly port: PortNumber; readonly forwarding: boolean }
  | { readonly kind: 'neighbour'; readonly port: PortNumber; readonly present: boolean };

/** A change in the tree of one VLAN. */
export type FstpChange = TreeChange & { readonly vid: Vid };

/** The callbacks of a tree into the switch. */
export interface TreeDoors {
  readonly send: (port: PortNumber, bpdu: Bpdu) => void;
  readonly setForwarding: (port: PortNumber, forwarding: boolean) => void;
  /** Forgets all stations of the VLAN. */
  readonly flush: () => void;
  readonly changed: (change: TreeChange) => void;
}

/** The settings that all trees of a bridge share. */
export interface TreeRules {
  /** The age at which a claim is no longer believed. */
  readonly maxAge: number;
  /** True if a redundant wire is closed at the better end, too. */
  readonly closesBothEnds: boolean;
}

/** How long a silent neighbour's claim stays valid, in milliseconds: three hello times. */
const patience = 12_000;

/** The most BPDUs that a port sends in a second, and the most of them that announce a change: in a loop, changes circulate. */
const mostBpdus = 256;
const mostChanges = 8;

/**
 * The spanning tree of one VLAN: RSTP's roles and agreements in VDE's BPDUs, without delays. [IEEE 802.1D-2004, 17] A port is open until a
 * BPDU is received from a bridge behind it. A bridge that learns of another root, or of another way to it, closes all other wires to
 * bridges until these agree; so the tree is cut before it grows. A redundant wire is closed at its worse end. A claim ages by one at each
 * bridge and expires at `maxAge`, so the claims of a dead root cannot circulate in a ring.
 */
export class FstpTree {
  readonly #self: BridgeId;
  readonly #doors: TreeDoors;
  readonly #rules: TreeRules;
  readonly #members = new Map<PortNumber, Member>();
  #bonus: Bonus | undefined;
  #root: RootInfo<Member>;

  constructor(self: BridgeId, doors: TreeDoors, rules: TreeRules) {
    this.#self = self;
    this.#doors = doors;
    this.#rules = rules;
    this.#root = ownRoot(self);
  }

  get root(): BridgeId {
    return this.#root.vector.root;
  }

  /** The way to the root; undefined when this bridge is the root. */
  get rootPort(): PortNumber | undefined {
    return this.#root.port?.number;
  }

  get rootPathCost(): number {
    return this.#root.vector.cost;
  }

  /** The bridge behind the root port. */
  get designated(): BridgeId | undefined {
    return this.#root.claim?.bridge;
  }

  /** The time of the last BPDU about the root. */
  get rootHeardAt(): number | undefined {
    return this.#root.port?.claimedAt;
  }

  get bonus(): Bonus | undefined {
    return this.#bonus;
  }

  *ports(): Generator<TreePort> {
    for (const { number, role, forwarding, edge, heardAt } of this.#members.values())
      yield { number, role, forwarding, edge, neighbour: heardAt !== undefined };
  }

  /** Adds a port. It is open, and announces itself at once. */
  add(port: PortNumber, edge: boolean): void {
    const member = newMember(port, edge);
    this.#members.set(port, member);
    this.#say(member);
  }

  /** Removes a port, which is then open. */
  remove(port: PortNumber): void {
    const member = this.#members.get(port);
    if (!member) return;
    this.#members.delete(port);
    this.#setForwarding(member, true);
    const { claim } = member;
    this.#lose(member);
    if (claim) this.#settle();
  }

  setEdge(port: PortNumber, edge: boolean): void {
    const member = this.#members.get(port);
    if (!member || member.edge === edge) return;
    member.edge = edge;
    this.#lose(member);
    this.#settle(member);
  }

  /** Makes ways by a port cheaper by `cost`; at least 1 remains. The bonus of another port ends. */
  setBonus(port: PortNumber, cost: number): void {
    this.#bonus = { port, cost };
    this.#settle();
  }

  /** Handles a BPDU from a bridge behind a port. */
  receive(port: PortNumber, bpdu: Bpdu, now: number): void {
    const member = this.#members.get(port);
    if (!member || member.edge) return;
    if (member.heardAt === undefined) this.#doors.changed({ kind: 'neighbour', port, present: true });
    member.heardAt = now;
    const claim = { root: bpdu.root, cost: bpdu.rootPathCost, bridge: bpdu.bridge, port: bpdu.port, messageAge: bpdu.messageAge };
    const known = this.#weigh(member, claim, bpdu, now);
    // Only the leader of the wire is answered: other closed ports on it would answer each other for ever.
    const asked = bpdu.proposal && member.claim !== undefined && fromSamePort(member.claim, claim);
    this.#settle(!known || (asked && compareBridgeIds(bpdu.bridge, this.#self) !== 0) ? member : undefined);
    if (bpdu.topologyChange && member.forwarding) this.#passOn(member);
  }

  /** Must be called each second: forgets silent neighbours, and sends the BPDUs that exceeded the limit of the last second. */
  tick(now: number): void {
    let lost = false;
    for (const member of this.#members.values()) {
      const silent = member.heardAt !== undefined && now - member.heardAt > patience;
      const stale = member.claim !== undefined && now - member.claimedAt > patience;
      if (silent) this.#lose(member);
      else if (stale) member.claim = undefined;
      lost ||= silent || stale;
    }
    if (lost) this.#settle();
    for (const member of this.#members.values()) {
      const { owes, owesChange } = member;
      Object.assign(member, { said: 0, saidChanges: 0, owes: false, owesChange: false });
      if (owes) this.#say(member, { topologyChange: owesChange && member.forwarding, agreement: member.role === 'root' });
    }
  }

  /** Announces this bridge to every neighbour. */
  hello(): void {
    for (const member of this.#members.values()) this.#say(member, { agreement: true });
  }

  /** Opens all ports, and forgets all neighbours. */
  clear(): void {
    const members = [...this.#members.values()];
    this.#members.clear();
    for (const member of members) {
      this.#setForwarding(member, true);
      this.#lose(member);
    }
    this.#settle();
  }

  /**
   * Accepts a claim if it counts. Returns true if the sender has accepted our claim. Returns false if it still believes that it is
   * designated although our claim is better, or if it follows another root.
   */
  #weigh(member: Member, claim: Claim, { role, forwarding }: Bpdu, now: number): boolean {
    const again = member.claim !== undefined && fromSamePort(member.claim, claim);
    member.spurned = role === 'alternate' && compareBridgeIds(claim.root, this.root) === 0;
    if (role === 'root' || role === 'unknown') {
      // The sender's way to the root is by this wire, so ours cannot be.
      if (again) member.claim = undefined;
      return this.#heed(member, claim);
    }
    const aged = claim.messageAge >= this.#rules.maxAge;
    if (!again && (aged || compareVectors(claim, member.claim ?? this.#designated(member)) > 0)) {
      if (member.role !== 'designated' || aged) return true;
      if (!forwarding) return this.#heed(member, claim);
      // Both ends are open, and the sender may never have received our claim.
      member.agreed = false;
      return false;
    }
    member.claim = aged ? undefined : claim;
    member.claimedAt = now;
    return true;
  }

  /** Records that the other end is closed, or is the root port of its bridge. */
  #heed(member: Member, claim: Claim): boolean {
    const same = compareBridgeIds(claim.root, this.root) === 0;
    if (member.role === 'designated') member.agreed = same;
    return same || member.role !== 'designated';
  }

  #lose(member: Member): void {
    if (member.heardAt !== undefined) this.#doors.changed({ kind: 'neighbour', port: member.number, present: false });
    member.heardAt = undefined;
    member.claim = undefined;
    member.agreed = false;
    member.spurned = false;
  }

  /** Chooses the way to the root and the role of every port, and notifies the neighbours concerned; `answered` in any case. */
  #settle(answered?: Member): void {
    const before = this.#root;
    this.#root = this.#choose();
    const rerouted = !sameWay(before, this.#root);
    if (before.port !== this.#root.port || compareBridgeIds(before.vector.root, this.root) !== 0)
      this.#doors.changed({ kind: 'root', root: this.root, port: this.rootPort });
    const told = new Set<Member>(answered ? [answered] : []);
    let opened = false;
    for (const member of this.#members.values()) {
      const { role, forwarding } = member;
      member.role = this.#roleOf(member);
      // A claim worse than ours would be taken for the leader's, and two closed ends would answer each other for ever.
      if (member.role !== 'root' && !this.#isLed(member)) member.claim = undefined;
      if (role !== member.role || (rerouted && this.#root.port !== undefined)) member.agreed = false;
      this.#setForwarding(member, member.role === 'root' || (member.role === 'designated' && this.#mayLead(member)));
      if (rerouted || role !== member.role || forwarding !== member.forwarding) told.add(member);
      opened ||= member.heardAt !== undefined && member.forwarding && !forwarding;
    }
    for (const member of told) this.#say(member, { agreement: member.role === 'root' });
    // If this bridge was the root, it reached the bridges behind its new root port by an open way already: they need no notice.
    if (opened || before.port !== this.#root.port) this.#passOn(opened || before.port ? undefined : this.#root.port);
  }

  /**
   * Returns the way to the root. If it is worse than before, claims that are no nearer to the root may derive from our own, and are asked for again.
   * Otherwise the bridges behind a dead root would keep raising each other's distance to it.
   */
  #choose(): RootInfo<Member> {
    const { vector } = this.#root;
    const best = bestRoot(this.#self, this.#members.values(), this.#bonus);
    if (compareVectors(best.vector, vector) <= 0) return best;
    for (const member of this.#members.values()) {
      const { claim } = member;
      if (claim && compareBridgeIds(claim.root, vector.root) === 0 && claim.cost >= vector.cost) member.claim = undefined;
    }
    return bestRoot(this.#self, this.#members.values(), this.#bonus);
  }

  #mayLead(member: Member): boolean {
    return member.edge || member.heardAt === undefined || member.agreed;
  }

  #roleOf(member: Member): TreeRole {
    if (member === this.#root.port) return 'root';
    if (this.#isLed(member)) return 'alternate';
    return member.spurned && this.#rules.closesBothEnds ? 'alternate' : 'designated';
  }

  /** Returns whether the claim on the wire of a port is better than ours, or equal: then it is our own, which came back. */
  #isLed(member: Member): boolean {
    return member.claim !== undefined && compareVectors(member.claim, this.#designated(member)) <= 0;
  }

  /** Returns our claim on the wire of a port. */
  #designated(member: Member): PriorityVector {
    return { ...this.#root.vector, port: member.id };
  }

  #setForwarding(member: Member, forwarding: boolean): void {
    if (member.forwarding === forwarding) return;
    member.forwarding = forwarding;
    this.#doors.setForwarding(member.number, forwarding);
    this.#doors.changed({ kind: 'state', port: member.number, forwarding });
  }

  /** Forgets where stations are, and tells all bridges to do so, except those behind `origin`. */
  #passOn(origin: Member | undefined): void {
    this.#doors.flush();
    for (const member of this.#members.values())
      if (member !== origin && member.heardAt !== undefined && member.forwarding) this.#say(member, { topologyChange: true });
  }

  #say(member: Member, { topologyChange = false, agreement = false }: Partial<Saying> = {}): void {
    if (member.edge) return;
    if (member.said >= mostBpdus || (topologyChange && member.saidChanges >= mostChanges)) {
      member.owes = true;
      member.owesChange ||= topologyChange;
      return;
    }
    member.said += 1;
    if (topologyChange) member.saidChanges += 1;
    const { id, role, forwarding } = member;
    this.#doors.send(member.number, bpduOf(this.#root, { id, role, forwarding, topologyChange, agreement }));
  }
}
