import type { Digest } from './fingerprint.ts';
import type { GroupChange, MemberKey, MemberRecord } from './group-change.ts';
import type { GroupState } from './group-state.ts';
import { maxId, type NodeId } from './identity.ts';
import type { Hello, JoinRefusal, RefusalCode } from './messages.ts';
import { nameOfHost } from './names.ts';
import { isSecretOf, type TokenRecord } from './token.ts';

/** The facts of a request to join. */
export interface JoinRequest {
  readonly key: MemberKey;
  readonly hello: Hello;
  /** The address of its host, without a port. */
  readonly from: string;
  /** True if nothing proves the key. */
  readonly plain: boolean;
  /** The master's wall clock, in milliseconds since 1970. */
  readonly now: number;
  /** The incarnation that the welcome offers. */
  readonly offered: string;
  /** True if a new key waits until an operator accepts it. */
  readonly approve: boolean;
  readonly digest: Digest;
  /** Returns true if that key is connected. */
  readonly isLiving: (key: MemberKey) => boolean;
}

/** The decision: the changes to keep before the welcome, or a refusal. */
export type JoinDecision =
  | {
      readonly member: MemberRecord;
      readonly changes: readonly GroupChange[];
      /** The token that a new key used. */
      readonly token?: string | undefined;
      /** The key that this one replaces. */
      readonly replaces?: MemberKey | undefined;
      /** A member that was forgotten early, since ids ran short. */
      readonly forgotten?: MemberRecord | undefined;
    }
  | JoinRefusal;

/** Makes a refusal. */
export function refuse(code: RefusalCode, reason: string, retry = false): JoinRefusal {
  return { type: 'refusal', reason, retry, code };
}

/** Decides about a key that the group knows. */
export function decideReturn(state: GroupState, member: MemberRecord, request: JoinRequest): JoinDecision {
  const { hello, from, now, offered, plain } = request;
  if (isCopied(state, member, request)) return refuse('copied', copiedReason(member));
  const { demanded } = hello;
  const moves = demanded !== undefined && demanded !== member.id;
  const fault = moves ? faultOfDemand(state, demanded) : undefined;
  if (fault) return fault;
  const id = moves ? demanded : member.id;
  // A slave of 0.2.0 keeps no incarnation: nothing is offered to it.
  const keeps = hello.software !== undefined || !plain;
  const isOurs = hello.group === undefined || hello.group === state.group?.id;
  const incarnation = keeps ? ((isOurs ? hello.incarnation : undefined) ?? member.incarnation) : undefined;
  const told = hello.host === undefined ? {} : { host: hello.host };
  const record = { ...member, ...told, from, id, seen: now, incarnation, offered: keeps ? offered : undefined };
  return { member: record, changes: [{ type: 'member', member: record }] };
}

/** Decides about a key that the group does not know. */
export function decideNew(state: GroupState, request: JoinRequest): JoinDecision {
  const { key, hello, from, plain, now, offered, approve } = request;
  const token = plain ? undefined : checkToken(state, request);
  if (token && 'reason' in token) return token;
  const replaced = token?.replaces === undefined ? undefined : state.member(token.replaces);
  const place = chooseId(state, request, token, replaced);
  if ('reason' in place) return place;
  const name = chooseName(state, hello, token, place.id, replaced);
  if (typeof name !== 'string') return name;
  const marks = {
    ...(plain && { plain: true as const }),
    ...(!plain && (token?.ephemeral ?? hello.ephemeral) && { ephemeral: true as const }),
    ...(approve && token?.replaces === undefined && { waiting: true as const }),
  };
  const keeps = !plain || hello.software !== undefined;
  const member: MemberRecord = {
    key,
    id: place.id,
    name,
    host: hello.host,
    from,
    since: replaced?.since ?? now,
    seen: now,
    token: token?.id,
    ...(keeps && { offered }),
    ...marks,
  };
  const changes: GroupChange[] = [];
  if (place.forgotten) changes.push(...forget(state, place.forgotten, now));
  if (replaced) changes.push(...bar(replaced, 'replaced', now), { type: 'removed', key: replaced.key, reuse: true });
  changes.push({ type: 'member', member });
  if (token) changes.push({ type: 'used', token: token.id, by: 1, at: now });
  return { member, changes, token: token?.id, replaces: replaced?.key, forgotten: place.forgotten };
}

/** Returns the changes that forget a member that was never linked: its id is free, and its token's use is given back. */
export function forget(state: GroupState, member: MemberRecord, now: number): readonly GroupChange[] {
  return [{ type: 'removed', key: member.key, reuse: true }, ...giveBack(state, member, now)];
}

/** Returns the change that gives back the use of the token by which a member joined, if that token is still known. */
export function giveBack(state: GroupState, { token }: MemberRecord, now: number): readonly GroupChange[] {
  return token === undefined || !state.token(token) ? [] : [{ type: 'used', token, by: -1, at: now }];
}

/** Returns the change that bars a member's key. */
export function bar({ key, id, name }: MemberRecord, why: 'kicked' | 'replaced', now: number): readonly GroupChange[] {
  return [{ type: 'barred', barred: { key, id, name, at: now, why } }];
}

/** Returns true if the slave's state is not the one that was last confirmed or offered: it was copied or restored. */
function isCopied(state: GroupState, member: MemberRecord, { hello, plain }: JoinRequest): boolean {
  if (plain && hello.software === undefined) return false;
  // That of another group means nothing here.
  const told = hello.group === undefined || hello.group === state.group?.id ? hello.incarnation : undefined;
  if (told === undefined) return member.incarnation !== undefined;
  return told !== member.incarnation && told !== member.offered;
}

function copiedReason({ id, name }: MemberRecord): string {
  return (
    `the state of node ${id} (${name}) was copied or restored: another process has used it since; ` +
    `run "etherloom group takeover ${id}" at the master to choose one, or "etherloom identity new" here and join by a new line`
  );
}

function checkToken(state: GroupState, { hello, now, digest }: JoinRequest): TokenRecord | JoinRefusal {
  const { token } = hello;
  if (!token) {
    return hello.group === undefined || hello.group === state.group?.id
      ? refuse('unknown', 'the group does not know this key; join by a new line ("etherloom token new" at the master)')
      : refuse(
          'group',
          `this state belongs to group ${hello.group}, and the master's group is ${state.group?.id ?? 'none'}; join by a new line`,
        );
  }
  const record = state.token(token.id);
  if (!record || !isSecretOf(record, token.secret, digest))
    return refuse('token', 'the token is not valid; join by a new line ("etherloom token new" at the master)');
  const again = 'join by a new line ("etherloom token new" at the master)';
  if (record.revoked !== undefined) return refuse('token', `token ${record.id} was revoked; ${again}`);
  if (now >= record.expires) return refuse('token', `token ${record.id} has expired by the master's clock; ${again}`);
  if (record.uses !== undefined && record.used >= record.uses)
    return refuse('token', `token ${record.id} has been used ${record.used === 1 ? 'already' : `${record.used} times`}; ${again}`);
  if (record.ephemeral && !hello.ephemeral)
    return refuse('token', `token ${record.id} is for hosts that keep no key; join with --ephemeral, or by another line`);
  return record;
}

interface Place {
  readonly id: NodeId;
  readonly forgotten?: MemberRecord | undefined;
}

function chooseId(
  state: GroupState,
  { hello, isLiving }: JoinRequest,
  token: TokenRecord | undefined,
  replaced: MemberRecord | undefined,
): Place | JoinRefusal {
  if (replaced) return { id: replaced.id };
  const demanded = token?.member ?? hello.demanded;
  if (demanded !== undefined) return faultOfDemand(state, demanded) ?? { id: demanded };
  const { last } = hello;
  if (last !== undefined && state.ids.mayDemand(last) && !state.ids.isRetired(last)) return { id: last };
  const id = state.ids.lowest();
  if (id !== undefined) return { id };
  for (const key of state.unlinked()) {
    const forgotten = isLiving(key) ? undefined : state.member(key);
    if (forgotten) return { id: forgotten.id, forgotten };
  }
  return refuse('full', `all ${maxId} ids are given; kick a member, and join with its id ("--id")`, true);
}

function faultOfDemand(state: GroupState, id: NodeId): JoinRefusal | undefined {
  if (id < 1 || id > maxId) return refuse('id', `id ${id} is not from 1 to ${maxId}`);
  return state.ids.isTaken(id) ? refuse('id', `id ${id} belongs to another slave: choose another --id, or none`) : undefined;
}

function chooseName(
  { names }: GroupState,
  hello: Hello,
  token: TokenRecord | undefined,
  id: NodeId,
  replaced: MemberRecord | undefined,
): string | JoinRefusal {
  if (replaced) return replaced.name;
  const wish = token?.name ?? hello.name;
  if (wish !== undefined) {
    const fault = names.fault(wish);
    return fault === undefined ? names.free(wish) : refuse('name', `the name ${JSON.stringify(wish)} cannot be given: ${fault}`);
  }
  const own = nameOfHost(hello.host ?? '');
  return names.free(own === undefined || names.fault(own) !== undefined ? `node-${id}` : own);
}
