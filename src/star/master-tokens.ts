import { EtherloomError } from '../errors.ts';
import type { GroupChange, MemberKey } from './group-change.ts';
import { maxId, type NodeId } from './identity.ts';
import { refuse } from './join-decision.ts';
import type { MasterContext } from './master-context.ts';
import { hashOfSecret, makeToken, type Token, type TokenRecord } from './token.ts';

/** The wishes for a token. */
export interface TokenWish {
  /** The number of joins. Default: 1. */
  readonly uses?: number | 'any' | undefined;
  /** The time until it expires, in milliseconds. Default: 24 hours. */
  readonly expiresIn?: number | undefined;
  /** The id that the joining node gets. */
  readonly id?: NodeId | undefined;
  /** The name that the joining node gets. */
  readonly name?: string | undefined;
  /** True if the nodes that join by it are forgotten soon after they were last seen. */
  readonly ephemeral?: boolean | undefined;
  /** The key that the joining node replaces. */
  readonly replaces?: MemberKey | undefined;
}

/** A new token. Its secret is told only now. */
export interface NewToken {
  readonly token: Token;
  readonly record: TokenRecord;
}

/** 24 hours, in milliseconds. */
const day = 24 * 3_600_000;

/** The longest time until a token expires: 100 years, in milliseconds. */
const longestLife = 36_525 * day;

/** The tokens of a group. */
export class MasterTokens {
  readonly #context: MasterContext;

  constructor(context: MasterContext) {
    this.#context = context;
  }

  /** Makes a token. Rejects with EtherloomError: `bad-option` for an impossible wish, `refused` if the group was ended. */
  async make({ uses = 1, expiresIn = day, id, name, ephemeral, replaces }: TokenWish = {}): Promise<NewToken> {
    const { memory, options, environment, events } = this.#context;
    checkWish({ uses, expiresIn, id });
    if (memory.state.group?.ended !== undefined)
      throw new EtherloomError('refused', 'cannot make a token: the group was ended; start a master with another --state');
    const fault = name === undefined ? undefined : memory.state.names.fault(name);
    if (fault !== undefined)
      throw new EtherloomError('bad-option', `cannot make a token for ${JSON.stringify(name)}: ${fault}; choose another name`);
    const token = makeToken(environment.random);
    const made = environment.clock.wall();
    const record: TokenRecord = {
      id: token.id,
      hash: hashOfSecret(token.secret, environment.digest),
      made,
      expires: made + expiresIn,
      ...(uses !== 'any' && { uses }),
      used: 0,
      member: id,
      name: name?.toLowerCase(),
      ...(ephemeral === true && { ephemeral }),
      replaces,
      pin: memory.state.nextPin?.pin ?? options.masters()[0]?.pin,
    };
    await memory.keep([{ type: 'token', token: record }]);
    events.emit({ type: 'token-made', token: token.id });
    return { token, record };
  }

  /** Returns the tokens, in the order in which they were made. Used and expired ones are forgotten after a day. */
  list(): readonly TokenRecord[] {
    return [...this.#context.memory.state.tokens()];
  }

  /** Revokes a token, and refuses the joins by it that are under way. Rejects with EtherloomError('bad-option') if there is no such token. */
  async revoke(id: string): Promise<TokenRecord> {
    const { memory, environment } = this.#context;
    const token = memory.state.token(id);
    if (!token) throw new EtherloomError('bad-option', `there is no token ${JSON.stringify(id)}; choose one of "etherloom token list"`);
    await memory.keep(this.revocation(token, environment.clock.wall()));
    return memory.state.token(id) ?? token;
  }

  /** Returns the changes that revoke a token. The joins by it that are under way are cut at once. */
  revocation(token: TokenRecord, now: number): readonly GroupChange[] {
    if (token.revoked !== undefined) return [];
    const { sessions, events } = this.#context;
    const changes: GroupChange[] = [{ type: 'token', token: { ...token, revoked: now } }];
    for (const session of sessions.values()) {
      if (session.state !== 'joining' || session.joinsBy !== token.id || session.key === undefined) continue;
      session.cut = refuse('token', `token ${token.id} was revoked; join by a new line ("etherloom token new" at the master)`);
      changes.push({ type: 'removed', key: session.key, reuse: true });
    }
    events.emit({ type: 'token-revoked', token: token.id });
    return changes;
  }
}

function checkWish({ uses, expiresIn, id }: Required<Pick<TokenWish, 'uses' | 'expiresIn'>> & Pick<TokenWish, 'id'>): void {
  if (uses !== 'any' && (!Number.isSafeInteger(uses) || Number(uses) < 1))
    throw new EtherloomError('bad-option', `cannot make a token for ${uses} uses; the number must be 1 or more`);
  if (!(Number(expiresIn) > 0 && Number(expiresIn) <= longestLife)) {
    throw new EtherloomError(
      'bad-option',
      `cannot make a token for ${Number(expiresIn) / 1000} s; the time must be more than 0, and at most ${longestLife / 1000} s, which is 100 years`,
    );
  }
  if (id !== undefined && (!Number.isInteger(id) || id < 1 || id > maxId))
    throw new EtherloomError('bad-option', `cannot make a token for id ${id}; it must be from 1 to ${maxId}`);
}
