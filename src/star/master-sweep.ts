import type { GroupChange, MemberKey, MemberRecord } from './group-change.ts';
import { giveBack } from './join-decision.ts';
import type { MasterContext } from './master-context.ts';
import type { TokenRecord } from './token.ts';

/** The time after which an ephemeral member is forgotten, since it was last seen; in milliseconds. */
export const ephemeralTime = 60_000;

/** The time after which a member that was never linked, and a token that is used or expired, are forgotten; in milliseconds. */
export const memoryTime = 24 * 3_600_000;

/** The most changes of one sweep. */
const most = 256;

/** Forgets the ephemeral members that have gone. Rejects if that cannot be kept. */
export async function sweepEphemeral(context: MasterContext): Promise<void> {
  const { memory, sessions, linked } = context;
  const dropped: MemberRecord[] = [];
  for (const key of memory.state.ephemeral()) {
    if (dropped.length >= most) break;
    const member = memory.state.member(key);
    if (member && !sessions.has(key) && !linked.has(key) && hasGone(context, key)) dropped.push(member);
  }
  await drop(context, dropped, 'ephemeral', []);
}

/** Forgets the members that never linked, and old tokens. Rejects if that cannot be kept. */
export async function sweep(context: MasterContext): Promise<void> {
  const { memory, environment, events, sessions } = context;
  const now = environment.clock.wall();
  const dropped: MemberRecord[] = [];
  for (const key of memory.state.unlinked()) {
    if (dropped.length >= most) break;
    const member = memory.state.member(key);
    if (member && member.seen + memoryTime <= now && !sessions.has(key) && !member.ephemeral) dropped.push(member);
  }
  await drop(
    context,
    dropped,
    'never-linked',
    dropped.flatMap((member) => giveBack(memory.state, member, now)),
  );
  const tokens = [...memory.state.tokens()].filter((token) => isOver(token, now)).slice(0, most);
  if (tokens.length === 0) return;
  await memory.keep(tokens.map(({ id }) => ({ type: 'token-forgotten', id })));
  for (const { id } of tokens) events.emit({ type: 'token-forgotten', token: id });
}

async function drop(
  { memory, environment, events, gone }: MasterContext,
  dropped: readonly MemberRecord[],
  why: 'never-linked' | 'ephemeral',
  more: readonly GroupChange[],
): Promise<void> {
  if (dropped.length === 0) return;
  await memory.keep([...dropped.map(({ key }) => ({ type: 'removed', key, reuse: true }) as const), ...more]);
  for (const { id, name, key } of dropped) {
    gone.delete(key);
    environment.expel(key, 'it was forgotten');
    events.emit({ type: 'forgotten', why, id, name, key });
  }
}

/** Returns true if a token was used up, revoked or expired a day ago. */
function isOver({ uses, used, lastUsed, made, expires, revoked }: TokenRecord, now: number): boolean {
  const spent = uses !== undefined && used >= uses ? (lastUsed ?? made) : Infinity;
  return Math.min(expires, revoked ?? Infinity, spent) + memoryTime <= now;
}

/** Returns true if an ephemeral member was not seen for long. At a master that has just begun, the time begins then. */
function hasGone({ gone, environment }: MasterContext, key: MemberKey): boolean {
  const now = environment.clock.monotonic();
  const since = gone.get(key);
  if (since === undefined) gone.set(key, now);
  return since !== undefined && now - since >= ephemeralTime;
}
