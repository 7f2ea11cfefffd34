import { isFingerprint, type Fingerprint } from './fingerprint.ts';
import { maxId, type NodeId } from './identity.ts';
import { isNodeKey } from './node-key.ts';
import { isTokenId, type TokenRecord } from './token.ts';

/** The key of a member: the fingerprint of its public key, or, in the plain star, the 32 hexadecimal digits that it tells. */
export type MemberKey = Fingerprint;

/** A member, as the group remembers it. Times are the master's wall clock, in milliseconds since 1970. */
export interface MemberRecord {
  readonly key: MemberKey;
  /** True if the key is one of the plain star, which nothing proves. */
  readonly plain?: true | undefined;
  readonly id: NodeId;
  /** Letters, digits and hyphens; no other member has it. */
  readonly name: string;
  /** The name of its host, as it told it. */
  readonly host?: string | undefined;
  /** The address from which it last came, without a port: its handshakes come before those of strangers. */
  readonly from?: string | undefined;
  /** The time at which it joined first. */
  readonly since: number;
  /** The time at which it was last welcomed, or went. */
  readonly seen: number;
  /** The id of the token by which it joined. */
  readonly token?: string | undefined;
  /** The incarnation that it confirmed. */
  readonly incarnation?: string | undefined;
  /** The incarnation of the last welcome, until it is confirmed. */
  readonly offered?: string | undefined;
  /** The pin of the master's next key that it has on its disk. */
  readonly holds?: Fingerprint | undefined;
  /** True if it was told different next pins of the master, and takes none of them. */
  readonly disputes?: true | undefined;
  /** True if it is forgotten soon after it was last seen. */
  readonly ephemeral?: true | undefined;
  /** True if it was ever linked. A member that never was is forgotten after a day. */
  readonly linked?: true | undefined;
  /** True until an operator accepts it. */
  readonly waiting?: true | undefined;
}

/** A key that may not join again. */
export interface BarredKey {
  readonly key: MemberKey;
  /** The id and the name that it had. */
  readonly id: NodeId;
  readonly name: string;
  /** The time at which it was barred. */
  readonly at: number;
  /** Why: it was kicked, or another key replaced it. */
  readonly why: 'kicked' | 'replaced';
}

/** One change of a group's state. Each is a JSON object with a type; `decodeGroupChange` reads it. */
export type GroupChange =
  /** The group began; or it was ended for good. */
  | { readonly type: 'group'; readonly id: string; readonly since: number; readonly ended?: number | undefined }
  /** A member is new, or its record is. */
  | { readonly type: 'member'; readonly member: MemberRecord }
  /** A member is gone. `reuse` is true if its id is free for others; else it is assigned only on request. */
  | { readonly type: 'removed'; readonly key: MemberKey; readonly reuse?: true | undefined }
  /** The id of a member that is gone: assigned only on request. It stands in a compacted log. */
  | { readonly type: 'retired'; readonly id: NodeId }
  | { readonly type: 'barred'; readonly barred: BarredKey }
  /** A token is new, or its record is. */
  | { readonly type: 'token'; readonly token: TokenRecord }
  /** A token's use was taken (+1), or given back (-1). */
  | { readonly type: 'used'; readonly token: string; readonly by: 1 | -1; readonly at: number }
  | { readonly type: 'token-forgotten'; readonly id: string }
  /** The master changes its key: members are told the pin of the next one. */
  | { readonly type: 'next-pin'; readonly pin: Fingerprint; readonly since: number }
  /** It presents that key now, or keeps the one that it has. */
  | { readonly type: 'next-pin-over'; readonly pin: Fingerprint }
  /** A change of a later version: it is kept, and means nothing here. */
  | { readonly type: 'other'; readonly value: Readonly<Record<string, unknown>> };

/** Returns the change as a value for JSON. */
export function encodeGroupChange(change: GroupChange): object {
  return change.type === 'other' ? change.value : change;
}

/** Reads a change from a value of JSON. Returns undefined if it is damaged: not an object with a type, or a known type with wrong fields. */
export function decodeGroupChange(value: unknown): GroupChange | undefined {
  if (!isObject(value) || typeof value['type'] !== 'string') return undefined;
  const type = value['type'];
  if (!Object.hasOwn(checks, type)) return { type: 'other', value };
  return checks[type]?.(value) === true ? (value as unknown as GroupChange) : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

const checks: Readonly<Record<string, (change: Fields) => boolean>> = {
  group: ({ id, since, ended }) => isText(id) && isTime(since) && isOptional(ended, isTime),
  member: ({ member }) => isObject(member) && isMember(member),
  removed: ({ key, reuse }) => isKey(key) && isOptional(reuse, isTrue),
  retired: ({ id }) => isId(id),
  barred: ({ barred }) => isObject(barred) && isBarred(barred),
  token: ({ token }) => isObject(token) && isToken(token),
  used: ({ token, by, at }) => isTokenId(token) && (by === 1 || by === -1) && isTime(at),
  'token-forgotten': ({ id }) => isTokenId(id),
  'next-pin': ({ pin, since }) => isFingerprint(pin) && isTime(since),
  'next-pin-over': ({ pin }) => isFingerprint(pin),
};

function isMember(member: Fields): boolean {
  const { key, id, name, since, seen, holds } = member;
  const texts = ['host', 'from', 'token', 'incarnation', 'offered'].every((field) => isOptional(member[field], isText));
  const marks = ['plain', 'disputes', 'ephemeral', 'linked', 'waiting'].every((field) => isOptional(member[field], isTrue));
  return isKey(key) && isId(id) && isText(name) && isTime(since) && isTime(seen) && isOptional(holds, isFingerprint) && texts && marks;
}

function isBarred({ key, id, name, at, why }: Fields): boolean {
  return isKey(key) && isId(id) && isText(name) && isTime(at) && (why === 'kicked' || why === 'replaced');
}

function isToken({ id, hash, made, expires, uses, used, lastUsed, member, name, ephemeral, replaces, pin, revoked }: Fields): boolean {
  return (
    isTokenId(id) &&
    isText(hash) &&
    [made, expires].every(isTime) &&
    isOptional(uses, isCount) &&
    isCount(used) &&
    isOptional(lastUsed, isTime) &&
    isOptional(member, isId) &&
    isOptional(name, isText) &&
    isOptional(ephemeral, isTrue) &&
    isOptional(replaces, isKey) &&
    isOptional(pin, isFingerprint) &&
    isOptional(revoked, isTime)
  );
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns true if `value` has the form of a member's key. */
function isKey(value: unknown): boolean {
  return isFingerprint(value) || isNodeKey(value);
}

function isId(value: unknown): boolean {
  return isCount(value) && Number(value) >= 1 && Number(value) <= maxId;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 255;
}

function isTrue(value: unknown): boolean {
  return value === true;
}

function isOptional(value: unknown, is: (value: unknown) => boolean): boolean {
  return value === undefined || is(value);
}
