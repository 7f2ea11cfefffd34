import type { MemberKey } from './group-change.ts';
import type { NodeId } from './identity.ts';
import { isCurrent, type MasterContext, type MasterEngineOptions, type Session } from './master-context.ts';
import type { NamedPeer, Seek, ShortcutMessage, WhereIs } from './shortcut-messages.ts';
import { ShortcutPairs } from './shortcut-pairs.ts';
import { RuleTeller } from './shortcut-rules.ts';

/** The questions of one slave: at once, and then a second. */
const seeks = { burst: 20, rate: 5 } as const;

/** A slave that takes shortcuts. */
interface Willing {
  readonly addresses: readonly string[];
  peers: readonly NamedPeer[];
  /** The questions that it may still ask, and when that was computed. */
  tokens: number;
  at: number;
}

/** The master's part in shortcuts: it tells two members of each other when one talks to a station behind the other, and all members of keys that are none any more. */
export class ShortcutBroker implements Disposable {
  readonly #context: MasterContext;
  readonly #whereIs: WhereIs;
  readonly #willing = new Map<Session, Willing>();
  readonly #rules: RuleTeller | undefined;
  readonly #pairs: ShortcutPairs;
  readonly #watching: Disposable;

  constructor(context: MasterContext, { whereIs = () => undefined, rules }: Pick<MasterEngineOptions, 'whereIs' | 'rules'>) {
    this.#context = context;
    this.#whereIs = whereIs;
    this.#rules = rules && new RuleTeller(context, rules, () => this.#present().keys());
    this.#pairs = new ShortcutPairs(context, () => this.#reports());
    this.#watching = context.events.subscribe((event) => {
      if (event.type === 'kicked' || event.type === 'left' || event.type === 'forgotten') this.#bar(event.key);
      else if (event.type === 'replaced') this.#bar(event.before);
    });
  }

  /** Takes a message about shortcuts. Returns false if a slave does not send it. */
  take(session: Session, message: ShortcutMessage): boolean {
    if (message.type === 'neighbour' || message.type === 'barred' || message.type === 'rules') return false;
    if (!isMember(session)) return true;
    const willing = this.#willing.get(session);
    if (message.type === 'reach') this.#note(session, message.addresses);
    else if (message.type === 'shortcuts') this.#report(session, willing, message.peers);
    else if (willing && this.#mayAsk(willing)) this.#introduce(session, willing, message);
    return true;
  }

  /** Returns the pairs of members with a shortcut, the lower id first, as both report them. */
  pairs(): readonly (readonly [NodeId, NodeId])[] {
    return this.#pairs.list();
  }

  /** Returns the ids of the members that take shortcuts. */
  willing(): ReadonlySet<NodeId> {
    return new Set(this.#reports().keys());
  }

  [Symbol.dispose](): void {
    this.#watching[Symbol.dispose]();
    this.#rules?.[Symbol.dispose]();
    this.#pairs[Symbol.dispose]();
  }

  #note(session: Session, addresses: readonly string[]): void {
    this.#present();
    const before = this.#willing.get(session);
    const at = this.#context.environment.clock.monotonic();
    this.#willing.set(session, { peers: [], tokens: seeks.burst, at, ...before, addresses });
    if (!before) this.#rules?.tell(session);
  }

  /** A slave that was away when a key was kicked is told now. */
  #report(session: Session, willing: Willing | undefined, peers: readonly NamedPeer[]): void {
    if (willing) willing.peers = peers;
    this.#pairs.look();
    const { state } = this.#context.memory;
    for (const { id, key } of peers) if (state.member(key)?.id !== id) session.channel.send({ type: 'barred', key });
  }

  #introduce(session: Session, willing: Willing, { vid, mac }: Seek): void {
    const station = { vid, mac };
    const id = this.#whereIs(station);
    const self = this.#idOf(session);
    const other = id === undefined ? undefined : this.#sessionOf(id);
    if (self === undefined || id === undefined || id === self || !other) return;
    const { session: far, willing: farWilling } = other;
    if (session.key === undefined || far.key === undefined) return;
    // The higher id is dialled.
    if ((self < id ? farWilling : willing).addresses.length === 0) return;
    far.channel.send({ type: 'neighbour', id: self, key: session.key, addresses: willing.addresses });
    session.channel.send({ type: 'neighbour', id, key: far.key, addresses: farWilling.addresses, station });
  }

  #bar(key: MemberKey): void {
    for (const session of this.#context.sessions.values())
      if (session.state === 'welcomed' && isCurrent(session)) session.channel.send({ type: 'barred', key });
  }

  #mayAsk(willing: Willing): boolean {
    const now = this.#context.environment.clock.monotonic();
    willing.tokens = Math.min(seeks.burst, willing.tokens + ((now - willing.at) / 1000) * seeks.rate);
    willing.at = now;
    if (willing.tokens < 1) return false;
    willing.tokens -= 1;
    return true;
  }

  #sessionOf(id: NodeId): { readonly session: Session; readonly willing: Willing } | undefined {
    const member = this.#context.memory.state.memberOf(id);
    const session = member && this.#context.sessions.get(member.key);
    const willing = session && this.#willing.get(session);
    return session && willing && isMember(session) ? { session, willing } : undefined;
  }

  /** Returns the slaves that take shortcuts, without those whose connection has ended. */
  #present(): ReadonlyMap<Session, Willing> {
    for (const session of this.#willing.keys()) if (session.state === 'over') this.#willing.delete(session);
    return this.#willing;
  }

  /** Returns what each member reports, by its id. */
  #reports(): ReadonlyMap<NodeId, readonly NamedPeer[]> {
    const found = new Map<NodeId, readonly NamedPeer[]>();
    for (const [session, { peers }] of this.#present()) {
      const id = this.#idOf(session);
      if (id !== undefined) found.set(id, peers);
    }
    return found;
  }

  #idOf({ key }: Session): NodeId | undefined {
    return key === undefined ? undefined : this.#context.memory.state.member(key)?.id;
  }
}

/** Returns whether a session is that of a member that has proven its key. */
function isMember(session: Session): boolean {
  return session.state === 'welcomed' && session.caller.plain !== true && isCurrent(session);
}
