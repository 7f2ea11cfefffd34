import { EtherloomError } from '../errors.ts';
import type { GroupChange } from './group-change.ts';
import { bar, refuse } from './join-decision.ts';
import type { NodeId } from './identity.ts';
import { isCurrent, memberWithId, type MasterContext, type Session } from './master-context.ts';
import type { MasterTokens, NewToken } from './master-tokens.ts';

/** The outcome of a kick. */
export interface Kick {
  readonly id: NodeId;
  readonly name: string;
  /** The token by which the member joined: whether it is revoked now, and how many other members came by it. */
  readonly token?: { readonly id: string; readonly revoked: boolean; readonly others: number } | undefined;
}

/** The acts of an operator on members. Each is on the disk before it resolves. */
export class MasterOperations {
  readonly #context: MasterContext;
  readonly #tokens: MasterTokens;

  constructor(context: MasterContext, tokens: MasterTokens) {
    this.#context = context;
    this.#tokens = tokens;
  }

  /**
   * Bars the key of a member, and ends its connections. The token by which it joined is revoked, unless `keepToken` is true. Its id is assigned
   * again only on request. Rejects with EtherloomError('bad-option') if there is no such member.
   */
  async kick(id: NodeId, { keepToken = false }: { readonly keepToken?: boolean } = {}): Promise<Kick> {
    const { memory, environment, events } = this.#context;
    const member = memberWithId(this.#context, id);
    const { key, name } = member;
    const now = environment.clock.wall();
    const token = member.token === undefined ? undefined : memory.state.token(member.token);
    const others = memory.state.members().filter((one) => one.key !== key && one.token === member.token).length;
    const barred: GroupChange[] = [...bar(member, 'kicked', now), { type: 'removed', key }];
    const revoked = token && !keepToken ? this.#tokens.revocation(token, now) : [];
    await memory.keep([...barred, ...revoked]);
    const reason = 'it was kicked out of the group';
    this.#part(key, reason, { type: 'kicked', reason });
    environment.expel(key, reason);
    events.emit({ type: 'kicked', id, name, key, revoked: revoked.length > 0 ? token?.id : undefined });
    return { id, name, token: token && { id: token.id, revoked: token.revoked !== undefined || !keepToken, others } };
  }

  /**
   * Gives a member another name. Resolves to it: it has a suffix if another member has the one that was wished. Rejects with
   * EtherloomError('bad-option') for an unknown id or an impossible name.
   */
  async rename(id: NodeId, wish: string): Promise<string> {
    const { memory, events, sessions } = this.#context;
    const member = memberWithId(this.#context, id);
    const { names } = memory.state;
    const fault = names.fault(wish);
    if (fault !== undefined)
      throw new EtherloomError('bad-option', `cannot name node ${id} ${JSON.stringify(wish)}: ${fault}; choose another name`);
    if (names.holder(wish) === member.key) return member.name;
    const name = names.free(wish);
    await memory.keep([{ type: 'member', member: { ...member, name } }]);
    const session = sessions.get(member.key);
    if (session && isCurrent(session)) session.channel.send({ type: 'renamed', name });
    events.emit({ type: 'renamed', id, name, key: member.key, before: member.name });
    return name;
  }

  /** Makes a token whose user takes over the id of a member with a new key. The old key is barred when it joins. */
  replace(id: NodeId): Promise<NewToken> {
    return this.#tokens.make({ id, replaces: memberWithId(this.#context, id).key });
  }

  /** Lets in a member that waits. Rejects with EtherloomError('bad-option') if it does not wait. */
  async accept(id: NodeId, admit: (session: Session) => Promise<void>): Promise<void> {
    const { memory, events, sessions } = this.#context;
    const member = memberWithId(this.#context, id);
    if (!member.waiting) throw new EtherloomError('bad-option', `node ${id} does not wait; see "etherloom group"`);
    await memory.keep([{ type: 'member', member: { ...member, waiting: undefined } }]);
    events.emit({ type: 'accepted', id, name: member.name, key: member.key });
    const session = sessions.get(member.key);
    if (session) await admit(session);
  }

  /** Forgets a member that leaves. Its id is assigned again only on request. */
  async leave(session: Session): Promise<void> {
    const { memory, events, environment, end } = this.#context;
    const member = session.key === undefined ? undefined : memory.state.member(session.key);
    if (!member) return;
    const { key, id, name } = member;
    await memory.keep([{ type: 'removed', key }]);
    session.channel.send({ type: 'left' });
    end(session, 'it left the group');
    environment.expel(key, 'it left the group');
    events.emit({ type: 'left', id, name, key });
  }

  /** Ends the group for good: the members are told, and stop. */
  async end(): Promise<void> {
    const { memory, environment, events, sessions } = this.#context;
    const { group } = memory.state;
    if (group) await memory.keep([{ type: 'group', id: group.id, since: group.since, ended: environment.clock.wall() }]);
    const reason = 'the group was ended';
    for (const [key, session] of [...sessions]) {
      this.#part(key, reason, { type: 'end' });
      environment.expel(key, reason);
      session.cut = refuse('unknown', reason);
    }
    events.emit({ type: 'ended' });
  }

  /** Ends the session of a key that no longer belongs here. A welcome under way becomes a refusal at its end. */
  #part(key: string, reason: string, message: { readonly type: 'kicked'; readonly reason: string } | { readonly type: 'end' }): void {
    const session = this.#context.sessions.get(key);
    if (!session || session.state === 'joining') return;
    session.channel.send(isCurrent(session) ? message : refuse('barred', reason));
    this.#context.end(session, reason);
  }
}
