import type { Timer } from '../clock.ts';
import { Feed } from '../feed.ts';
import { encodeBase32 } from './base32.ts';
import type { Caller, ControlChannel, ControlEvents, LinkVerdict } from './channel.ts';
import type { MemberKey, MemberRecord } from './group-change.ts';
import type { GroupEvent } from './group-event.ts';
import { GroupMemory } from './group-memory.ts';
import { GroupState, type GroupRecord } from './group-state.ts';
import type { GroupStore } from './group-store.ts';
import type { NodeId } from './identity.ts';
import { refuse } from './join-decision.ts';
import { Liveness } from './liveness.ts';
import type { MemberView } from './member-view.ts';
import type { MasterContext, MasterEngineOptions, MasterEnvironment, Session } from './master-context.ts';
import { tellMasters } from './master-context.ts';
import { Joins } from './master-joins.ts';
import type { Hello } from './messages.ts';
import { MasterOperations, type Kick } from './master-operations.ts';
import { MasterNews } from './master-news.ts';
import { MasterPin, type PinChange, type PinOutcome } from './master-pin.ts';
import { ShortcutBroker } from './shortcut-master.ts';
import { isShortcutMessage } from './shortcut-messages.ts';
import { Sessions } from './master-sessions.ts';
import { sweep, sweepEphemeral } from './master-sweep.ts';
import { Contenders, type Contender } from './master-takeover.ts';
import { MasterTokens, type NewToken, type TokenWish } from './master-tokens.ts';
import { randomOctets, type TokenRecord } from './token.ts';

/** The interval at which old members and tokens are looked for, in milliseconds. */
const sweepInterval = 10_000;

/** The master of a group: its members and tokens, and the control connections of its slaves. All of it is free of sockets and files. */
export class MasterEngine implements Disposable {
  readonly events: Feed<GroupEvent>;
  /** True if the store was empty: the group has just begun. */
  readonly isNew: boolean;
  readonly #context: MasterContext;
  readonly #sessions: Sessions;
  readonly #contenders: Contenders;
  readonly #joins: Joins;
  readonly #tokens: MasterTokens;
  readonly #operations: MasterOperations;
  readonly #pin: MasterPin;
  readonly #news: MasterNews;
  readonly #liveness: Liveness;
  readonly #shortcuts: ShortcutBroker;
  #sweeper: Timer;

  private constructor(context: MasterContext, isNew: boolean) {
    this.isNew = isNew;
    this.#context = context;
    this.events = context.events;
    this.#sessions = new Sessions(context);
    this.#contenders = new Contenders(context);
    this.#joins = new Joins(context, this.#contenders);
    this.#tokens = new MasterTokens(context);
    this.#operations = new MasterOperations(context, this.#tokens);
    this.#pin = new MasterPin(context, this.#tokens);
    this.#news = new MasterNews(context);
    this.#shortcuts = new ShortcutBroker(context, context.options);
    const { clock } = context.environment;
    this.#liveness = new Liveness(clock, (isLate) => this.#pulse(isLate), context.options.liveness);
    this.#sweeper = clock.after(sweepInterval, this.#sweep);
  }

  /** Reads the group from its store, or begins one. Rejects with the store's errors. */
  static async open(store: GroupStore, options: MasterEngineOptions, environment: MasterEnvironment): Promise<MasterEngine> {
    const state = new GroupState(await store.load(), options.domain);
    const events = new Feed<GroupEvent>();
    const memory = new GroupMemory(state, store, events);
    const isNew = state.group === undefined;
    if (isNew) {
      const id = encodeBase32(randomOctets(environment.random, 10));
      await memory.keep([{ type: 'group', id, since: environment.clock.wall() }]);
    }
    const sessions = new Map<MemberKey, Session>();
    const end = (session: Session, reason: string): void => endSession(context, session, reason);
    const context: MasterContext = { options, environment, memory, events, sessions, linked: new Set(), gone: new Map(), end };
    const engine = new MasterEngine(context, isNew);
    await engine.#pin.resume().catch(() => undefined);
    return engine;
  }

  /** The group's id, and its times. */
  get group(): GroupRecord | undefined {
    return this.#context.memory.state.group;
  }

  /** The number of members. */
  get size(): number {
    return this.#context.memory.state.size;
  }

  /** The number of members that are connected. */
  get joined(): number {
    return this.#sessions.welcomed;
  }

  /** The number of members with a link. */
  get linked(): number {
    return this.#context.linked.size;
  }

  /** Returns true if a member has that id. */
  has(id: NodeId): boolean {
    return this.#context.memory.state.memberOf(id) !== undefined;
  }

  /** Returns the members, in the order of their ids. */
  members(): readonly MemberView[] {
    return this.#context.memory.state.members().map((member) => ({
      ...member,
      connected: this.#sessions.view(member.key),
      contenders: this.#contenders.count(member.key),
      isLinked: this.#context.linked.has(member.key),
    }));
  }

  /** Returns the keys of the members, with the addresses from which they last came. Those of the plain star prove nothing, and are left out. */
  *origins(): Generator<readonly [key: MemberKey, host: string]> {
    for (const { key, plain, from } of this.#context.memory.state.members()) if (!plain && from !== undefined) yield [key, from];
  }

  /** Returns the member with that key. */
  member(key: MemberKey): MemberRecord | undefined {
    return this.#context.memory.state.member(key);
  }

  /** Returns the pairs of members with a shortcut, as both report it: the lower id first. */
  shortcuts(): readonly (readonly [NodeId, NodeId])[] {
    return this.#shortcuts.pairs();
  }

  /** Returns the ids of the members that take shortcuts. */
  takesShortcuts(): ReadonlySet<NodeId> {
    return this.#shortcuts.willing();
  }

  /** Takes a control connection. Give what happens on it to the callbacks that this returns. */
  accept(caller: Caller, channel: ControlChannel): ControlEvents {
    const session = this.#sessions.open(caller, channel);
    return {
      heard: () => session.watched?.heard(),
      message: (message) => {
        if (session.state === 'over') return;
        if (session.state === 'new' && !session.hello) {
          if (message.type === 'hello') void this.#greet(session, message);
          else if (message.type === 'other-version') this.#joins.refuseVersion(session, message);
          else if (message.type !== 'alive' && message.type !== 'unknown')
            this.#joins.refuse(session, refuse('message', 'it did not begin with a hello'));
        } else if (message.type === 'leave') this.#leave(session);
        else if (message.type === 'holds-pin' || message.type === 'disputes-pin') this.#pin.hear(session, message).catch(() => undefined);
        else if (isShortcutMessage(message) ? !this.#shortcuts.take(session, message) : !this.#sessions.take(session, message))
          this.#joins.refuse(session, refuse('message', 'it sent a message that a slave does not send'));
      },
      closed: (reason) => this.#sessions.close(session, reason),
    };
  }

  /** Decides about a link by its key. Ask it on every link, resumed ones too. */
  mayLink(key: MemberKey): LinkVerdict {
    const { state } = this.#context.memory;
    const member = state.member(key);
    if (state.group?.ended !== undefined) return { admit: false, reason: 'the group was ended' };
    if (state.barred(key)) return { admit: false, reason: 'its key is barred' };
    if (!member) return { admit: false, reason: 'its key is not a member' };
    if (member.waiting) return { admit: false, reason: 'its key waits until it is accepted' };
    return { admit: true, id: member.id, name: member.name };
  }

  /** Notes that a link of that key is up, or down. */
  noteLink(key: MemberKey, isUp: boolean): void {
    this.#sessions.linked(key, isUp);
  }

  /** Notes a sign of life on a link of that key. */
  heard(key: MemberKey): void {
    this.#context.sessions.get(key)?.watched?.heard();
  }

  /** Makes a token. See MasterTokens. */
  newToken(wish?: TokenWish): Promise<NewToken> {
    return this.#tokens.make(wish);
  }

  /** Returns the tokens, in the order in which they were made. */
  tokens(): readonly TokenRecord[] {
    return this.#tokens.list();
  }

  /** Revokes a token, and refuses the joins by it that are under way. */
  revokeToken(id: string): Promise<TokenRecord> {
    return this.#tokens.revoke(id);
  }

  /** Bars the key of a member. See MasterOperations. */
  kick(id: NodeId, options?: { readonly keepToken?: boolean }): Promise<Kick> {
    return this.#operations.kick(id, options);
  }

  /** Gives a member another name. Resolves to it: it has a suffix if another member has the one that was wished. */
  rename(id: NodeId, name: string): Promise<string> {
    return this.#operations.rename(id, name);
  }

  /** Makes a token whose user takes over the id of a member with a new key. */
  replace(id: NodeId): Promise<NewToken> {
    return this.#operations.replace(id);
  }

  /** Lets in a member that waits. */
  acceptMember(id: NodeId): Promise<void> {
    return this.#operations.accept(id, (session) => this.#joins.admit(session));
  }

  /** Returns the processes that want the key of a member. */
  contenders(id: NodeId): readonly Contender[] {
    return this.#contenders.list(id);
  }

  /** Chooses one of these. It makes a new key, and the old one is barred. */
  takeover(id: NodeId, number: number): Promise<Contender> {
    return this.#contenders.choose(id, number);
  }

  /** The change of the master's key that is under way. */
  get pinChange(): PinChange | undefined {
    return this.#pin.change;
  }

  /** Makes a new key, and presents it when all members know it; `now`: at once; `cancel`: not at all. See MasterPin. */
  changePin(how?: 'now' | 'cancel'): Promise<PinOutcome> {
    return how === 'now' ? this.#pin.finish() : how === 'cancel' ? this.#pin.cancel() : this.#pin.begin();
  }

  /** Ends the group for good. */
  end(): Promise<void> {
    return this.#operations.end();
  }

  /** Describes the group to its members. See MasterNews. */
  describe(description: Readonly<Record<string, unknown>>): void {
    this.#news.describe(description);
  }

  /** Sends the list of masters to the members, since it has changed. */
  tellMasters(): void {
    tellMasters(this.#context);
  }

  /** Ends all control connections. The members try to come back. */
  [Symbol.dispose](): void {
    this.#sweeper[Symbol.dispose]();
    this.#liveness[Symbol.dispose]();
    this.#shortcuts[Symbol.dispose]();
    this.#sessions.endAll('the master ends');
  }

  async #greet(session: Session, hello: Hello): Promise<void> {
    session.watched = this.#liveness.watch((life, silence) => this.#sessions.judge(session, life, silence));
    await this.#joins.greet(session, hello);
    this.#news.tell(session);
    this.#pin.tell(session);
  }

  /** A leave that could not be kept is not answered: the slave asks again. The failure is an event. */
  #leave(session: Session): void {
    if (session.state === 'welcomed' || session.state === 'waiting') this.#operations.leave(session).catch(() => undefined);
  }

  #pulse(isLate: boolean): void {
    this.#sessions.pulse(isLate);
    // A failed attempt is repeated in a second; the failure is an event.
    if (!isLate) sweepEphemeral(this.#context).catch(() => undefined);
  }

  readonly #sweep = (): void => {
    this.#sweeper = this.#context.environment.clock.after(sweepInterval, this.#sweep);
    // A failed attempt is repeated later; the failure is an event.
    sweep(this.#context).catch(() => undefined);
    this.#pin.resume().catch(() => undefined);
  };
}

function endSession(context: MasterContext, session: Session, reason: string): void {
  if (session.state === 'over') return;
  const { key } = session;
  const wasIn = session.state === 'welcomed';
  session.state = 'over';
  session.watched?.[Symbol.dispose]();
  session.channel.end(reason);
  if (key === undefined || context.sessions.get(key) !== session) return;
  context.sessions.delete(key);
  context.gone.set(key, context.environment.clock.monotonic());
  const member = context.memory.state.member(key);
  if (wasIn && member) {
    context.events.emit({ type: 'disconnected', id: member.id, name: member.name, key, from: session.caller.from, reason });
  }
}
