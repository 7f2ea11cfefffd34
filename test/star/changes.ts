/** Changes of a group, for tests. */
import { encodeBase32 } from '../../src/star/base32.ts';
import type { GroupChange } from '../../src/star/group-change.ts';

const now = 1_800_000_000_000;

/** Returns the key of member `n`. */
export function keyOf(n: number): string {
  const octets = new Uint8Array(20);
  new DataView(octets.buffer).setUint32(0, n);
  return encodeBase32(octets);
}

/** The beginning of a group. */
export const group: GroupChange = { type: 'group', id: 'g', since: now };

/** A token for any number of uses. */
export const token: Extract<GroupChange, { type: 'token' }> = {
  type: 'token',
  token: { id: 'aaaaaaaa', hash: 'h'.repeat(52), made: now, expires: now + 86_400_000, used: 0 },
};

/** Returns the change by which member `n` joins. */
export function member(n: number): Extract<GroupChange, { type: 'member' }> {
  return {
    type: 'member',
    member: { key: keyOf(n), id: n, name: `host-${n}`, host: `host-${n}.example`, since: now + n, seen: now + n, token: 'aaaaaaaa' },
  };
}

/** Returns all changes of a join by the token. */
export function joinBy(n: number): GroupChange[] {
  return [member(n), { type: 'used', token: token.token.id, by: 1, at: now + n }];
}

/** Returns the change by which member `n` is removed. */
export function removed(n: number): GroupChange {
  return { type: 'removed', key: keyOf(n) };
}
