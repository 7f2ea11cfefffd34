import type { GroupChange, MemberKey, MemberRecord } from './group-change.ts';
import type { GroupEvent } from './group-event.ts';
import { forget } from './join-decision.ts';
import type { MasterContext } from './master-context.ts';

/** The time after which an ephemeral member is forgotten, since it was last seen; in milliseconds. */
export const ephemeralTime = 60_000;

/** The time after which a member that was never linked, and a token that is used or expired, are forgotten; in milliseconds. */
export const memoryTime = 24 * 3_600_000;

/** The most changes of one sweep. */
const most = 256;

/** Forgets the ephemeral members that have gone, the members that never linked, and old tokens. Rejects if that cannot be kept. */
export async function sweep(context: MasterContext): Promise<void> {
  const { memory, environment, events, sessions, linked, gone } = context;
  const now = environment.clock.wall();
  const changes: GroupChange[] = [];
  const told: GroupEvent[] = [];
  const dropped: MemberKey[] = [];
  const drop = (member: MemberRecord, why: 'never-linked' | 'ephemeral', how: readonly GroupChange[]): void => {
    changes.push(...how);
    gone.delete(member.key);
    dropped.push(member.key);
    told.push({ type: 'forgotten', why, id: member.id, name: member.name, key: member.key });
  };
  for (const key of memory.state.ephemeral()) {
    const member = memory.state.member(key);
    if (!member || changes.length >= most || sessions.has(key) || linked.has(key) || !hasGone(context, key)) continue;
    drop(member, 'ephemeral', [{ type: 'removed', key, reuse: true }]);
  }
  for (const key of memory.state.unlinked()) {
    const member = memory.state.member(key);
    if (!member || changes.length >= most || member.seen + memoryTime > now) continue;
    if (!sessions.has(key) && !member.ephemeral) drop(member, 'never-linked', forget(memory.state, member, now));
  }
  for (const token of memory.state.tokens()) {
    if (changes.length >= most) break;
    const spent = token.uses !== undefined && token.used >= token.uses ? (token.lastUsed ?? token.made) : Infinity;
    if (Math.min(token.expires, token.revoked ?? Infinity, spent) + memoryTime > now) continue;
    changes.push({ type: 'token-forgotten', id: token.id });
    told.push({ type: 'token-forgotten', token: token.id });
  }
  if (changes.length === 0) return;
  await memory.keep(changes);
  for (const key of dropped) environment.expel(key, 'it was forgotten');
  for (const event of told) events.emit(event);
}

/** Returns true if an ephemeral member was not seen for long. At a master that has just begun, the time begins then. */
function hasGone({ gone, environment }: MasterContext, key: MemberKey): boolean {
  const now = environment.clock.monotonic();
  const since = gone.get(key);
  if (since === undefined) gone.set(key, now);
  return since !== undefined && now - since >= ephemeralTime;
}
