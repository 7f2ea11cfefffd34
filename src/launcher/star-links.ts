import type { Clock } from '../clock.ts';
import type { DataPlane } from '../daemon/data-plane.ts';
import type { MemberLinkView, MemberTraffic } from '../management/parts/group.ts';
import type { StarLinkView } from '../management/parts/star.ts';
import type { Peer } from '../ports/pure/peer.ts';
import type { Acceptor, Port, PortNumber } from '../ports/pure/port.ts';
import type { NodeId } from '../star/identity.ts';
import type { SenderPolicy } from '../switch/sender-policy.ts';

/** The least time between two looks at the counters of a link that give a rate, in milliseconds. */
const leastSpan = 1000;

/** The counters of a link at an earlier look. */
interface Sample {
  readonly at: number;
  readonly received: number;
  readonly sent: number;
  readonly rates: { readonly received: number; readonly sent: number } | undefined;
}

/** The counts of the frames that the rules refused from a member since its link came, by rule. */
export interface MemberRefusals {
  readonly id: NodeId;
  readonly counts: Readonly<Record<string, number>>;
}

/** The ports of a node that are links of its star. */
export class StarLinks implements Acceptor {
  readonly #plane: DataPlane;
  readonly #clock: Clock;
  readonly #ports = new WeakSet<Port>();
  /** The ports of members. */
  readonly #ofMember = new Map<NodeId, PortNumber>();
  /** The members of ports. */
  readonly #idAt = new Map<PortNumber, NodeId>();
  readonly #samples = new Map<PortNumber, Sample>();
  readonly #policyOf: (id: NodeId) => SenderPolicy | undefined;
  /** The counts of refused frames at the ports of members, as their links came. */
  readonly #refusedBefore = new Map<PortNumber, Readonly<Record<string, number>>>();

  /** `policyOf` returns the policy for frames from the link of a member. Default: all may enter. */
  constructor(plane: DataPlane, clock: Clock, policyOf: (id: NodeId) => SenderPolicy | undefined = () => undefined) {
    this.#plane = plane;
    this.#clock = clock;
    this.#policyOf = policyOf;
  }

  choose(...wish: Parameters<Acceptor['choose']>): ReturnType<Acceptor['choose']> {
    return this.#plane.choose(...wish);
  }

  accept(port: Port, number: PortNumber, peer: Peer): void {
    this.#ports.add(port);
    const before = this.#idAt.get(number);
    if (before !== undefined) this.#forget(before, number);
    if (peer.kind !== 'node') {
      this.#plane.accept(port, number, peer);
      return;
    }
    this.#note(peer.id, number);
    this.#plane.accept(port, number, peer, this.#policyOf(peer.id));
  }

  /** Holds a plain link to a policy. It belongs to one of these members: if that is the only one, and has no other, it counts as its link. */
  guardPlain(port: Port, ids: readonly NodeId[], policy: SenderPolicy): void {
    const number = this.#plane.endpointOf(port)?.number;
    if (number === undefined) return;
    const before = this.#idAt.get(number);
    if (before !== undefined) this.#forget(before, number);
    const [id] = ids;
    if (id !== undefined && ids.length === 1 && !this.#isLinked(id)) this.#note(id, number);
    this.#plane.guard(port, policy);
  }

  /** Adds a link at a free port number, and returns the number. Throws the errors of `DataPlane.add`. */
  add(port: Port): PortNumber {
    this.#ports.add(port);
    return this.#plane.add(port);
  }

  /** Returns the present links, in the order of their ports. */
  list(): readonly StarLinkView[] {
    const { ports } = this.#plane;
    const now = this.#clock.monotonic();
    const links = [...ports.endpoints()].filter(({ driver }) => this.#ports.has(driver)).sort((a, b) => a.number - b.number);
    return links.map(({ number, description, up, since, drops }) => {
      const { receivedFrames, receivedOctets, sentFrames, sentOctets } = ports.counts(number);
      return {
        port: number,
        peer: description,
        up,
        seconds: Math.floor((now - since) / 1000),
        received: { frames: receivedFrames, octets: receivedOctets },
        sent: { frames: sentFrames, octets: sentOctets },
        drops: { ...drops },
      };
    });
  }

  /** Returns the links of members by their ids; `roundTrip` returns the measured one. */
  ofMembers(roundTrip: (id: NodeId) => number | undefined): ReadonlyMap<NodeId, MemberLinkView> {
    const links = new Map(this.list().map((link) => [link.port, link]));
    const views = new Map<NodeId, MemberLinkView>();
    for (const [id, port] of this.#ofMember) {
      const link = links.get(port);
      if (link) views.set(id, this.#view(link, roundTrip(id)));
      else this.#forget(id, port);
    }
    return views;
  }

  /** Calls `tell` when the only link of a slave gets its carrier, and when it loses it, until disposed. */
  watchUplink(tell: (isUp: boolean) => void): Disposable {
    let wasUp = false;
    return this.#plane.ports.changes.subscribe(() => {
      const isUp = this.list()[0]?.up === true;
      if (isUp !== wasUp) tell((wasUp = isUp));
    });
  }

  /** Returns the members from which frames were refused. */
  *refused(): Generator<MemberRefusals> {
    for (const [id, port] of this.#ofMember) {
      const counts = this.#refusedAt(port);
      if (Object.keys(counts).length > 0) yield { id, counts };
    }
  }

  /** Returns the member whose link has a port; undefined if there is none. */
  memberAt(number: PortNumber): NodeId | undefined {
    return this.#idAt.get(number);
  }

  /** Returns the only link of a slave; undefined before it has one. */
  uplink(roundTrip: number | undefined): MemberLinkView | undefined {
    const [link] = this.list();
    return link && this.#view(link, roundTrip);
  }

  #view({ port, up, seconds, received, sent }: StarLinkView, roundTrip: number | undefined): MemberLinkView {
    const rates = this.#ratesOf(port, received.octets, sent.octets);
    const traffic = (counters: Omit<MemberTraffic, 'rate'>, rate: number | undefined): MemberTraffic => ({ ...counters, rate });
    return {
      port,
      up,
      seconds,
      roundTrip,
      refused: this.#refusedAt(port),
      received: traffic(received, rates?.received),
      sent: traffic(sent, rates?.sent),
    };
  }

  /** Returns the counts of the frames that were refused at a port since its link came. */
  #refusedAt(port: PortNumber): Readonly<Record<string, number>> {
    const before = this.#refusedBefore.get(port) ?? {};
    const counts = Object.entries(this.#plane.refusedAt(port)).map(([rule, count]) => [rule, count - (before[rule] ?? 0)] as const);
    return Object.fromEntries(counts.filter(([, count]) => count > 0));
  }

  /** Returns the octets per second since an earlier look, at least a second ago. */
  #ratesOf(port: PortNumber, received: number, sent: number): Sample['rates'] {
    const at = this.#clock.monotonic();
    const before = this.#samples.get(port);
    // Counters that went back are those of another link, or were reset.
    const isNew = before === undefined || received < before.received || sent < before.sent;
    if (!isNew && at - before.at < leastSpan) return before.rates;
    const perSecond = (now: number, then: number): number => Math.round((1000 * (now - then)) / (at - (before?.at ?? 0)));
    const rates = isNew ? undefined : { received: perSecond(received, before.received), sent: perSecond(sent, before.sent) };
    this.#samples.set(port, { at, received, sent, rates });
    return rates;
  }

  #isLinked(id: NodeId): boolean {
    const port = this.#ofMember.get(id);
    return port !== undefined && (this.#plane.ports.at(port) ?? []).length > 0;
  }

  #note(id: NodeId, port: PortNumber): void {
    const before = this.#ofMember.get(id);
    if (before !== undefined) this.#forget(id, before);
    this.#ofMember.set(id, port);
    this.#idAt.set(port, id);
    this.#refusedBefore.set(port, this.#plane.refusedAt(port));
  }

  #forget(id: NodeId, port: PortNumber): void {
    this.#ofMember.delete(id);
    this.#idAt.delete(port);
    this.#samples.delete(port);
    this.#refusedBefore.delete(port);
  }
}
