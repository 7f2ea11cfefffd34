import type { Fingerprint } from './fingerprint.ts';
import type { BarredKey, GroupChange, MemberKey, MemberRecord } from './group-change.ts';
import { IdPool } from './id-pool.ts';
import type { NodeId } from './identity.ts';
import { Names } from './names.ts';
import type { TokenRecord } from './token.ts';

/** The identity of a group: its id, and the times at which it began and was ended, in milliseconds since 1970. */
export interface GroupRecord {
  readonly id: string;
  readonly since: number;
  readonly ended?: number | undefined;
}

/** A change of the master's key that is under way: the pin of the next one, and the time at which it began, in milliseconds since 1970. */
export interface NextPinRecord {
  readonly pin: Fingerprint;
  readonly since: number;
}

/** The state of a group, made by its changes. Each change and each look takes the same time with 1 member as with 65,535. */
export class GroupState {
  readonly ids = new IdPool();
  readonly names: Names;
  #group: GroupRecord | undefined;
  #nextPin: NextPinRecord | undefined;
  readonly #members = new Map<MemberKey, MemberRecord>();
  readonly #keys = new Map<NodeId, MemberKey>();
  /** The keys that were never linked, in the order of their joins. */
  readonly #unlinked = new Set<MemberKey>();
  readonly #ephemeral = new Set<MemberKey>();
  readonly #barred = new Map<MemberKey, BarredKey>();
  readonly #tokens = new Map<string, TokenRecord>();
  readonly #others: GroupChange[] = [];

  /** Applies the changes of a store. `domain` is the name of the network's domain. */
  constructor(changes: Iterable<GroupChange> = [], domain?: string) {
    this.names = new Names(domain);
    for (const change of changes) this.apply(change);
  }

  /** Undefined until the group began. */
  get group(): GroupRecord | undefined {
    return this.#group;
  }

  /** The change of the master's key that is under way. */
  get nextPin(): NextPinRecord | undefined {
    return this.#nextPin;
  }

  /** The number of members. */
  get size(): number {
    return this.#members.size;
  }

  /** Returns the member with that key. */
  member(key: MemberKey): MemberRecord | undefined {
    return this.#members.get(key);
  }

  /** Returns the member with that id. */
  memberOf(id: NodeId): MemberRecord | undefined {
    const key = this.#keys.get(id);
    return key === undefined ? undefined : this.#members.get(key);
  }

  /** Returns the members, in the order of their ids. */
  members(): readonly MemberRecord[] {
    return [...this.#members.values()].sort((a, b) => a.id - b.id);
  }

  /** Returns the keys of the members that were never linked, the oldest first. */
  unlinked(): Iterable<MemberKey> {
    return this.#unlinked;
  }

  /** Returns the keys of the ephemeral members. */
  ephemeral(): Iterable<MemberKey> {
    return this.#ephemeral;
  }

  /** Returns the record of a key that may not join; undefined if it may. */
  barred(key: MemberKey): BarredKey | undefined {
    return this.#barred.get(key);
  }

  /** Returns the keys that may not join. */
  bars(): Iterable<BarredKey> {
    return this.#barred.values();
  }

  /** Returns the token with that id. */
  token(id: string): TokenRecord | undefined {
    return this.#tokens.get(id);
  }

  /** Returns the tokens, in the order in which they were made. */
  tokens(): Iterable<TokenRecord> {
    return this.#tokens.values();
  }

  /** Applies a change. Changes that refer to something unknown have no effect. */
  apply(change: GroupChange): void {
    switch (change.type) {
      case 'group':
        this.#group = { id: change.id, since: change.since, ended: change.ended };
        return;
      case 'member':
        this.#put(change.member);
        return;
      case 'removed':
        this.#remove(change.key, change.reuse === true);
        return;
      case 'retired':
        if (!this.ids.isTaken(change.id)) this.ids.retire(change.id);
        return;
      case 'barred':
        this.#barred.set(change.barred.key, change.barred);
        return;
      case 'token':
        this.#tokens.set(change.token.id, change.token);
        return;
      case 'used': {
        const token = this.#tokens.get(change.token);
        if (token) this.#tokens.set(token.id, { ...token, used: Math.max(0, token.used + change.by), lastUsed: change.at });
        return;
      }
      case 'token-forgotten':
        this.#tokens.delete(change.id);
        return;
      case 'next-pin':
        this.#nextPin = { pin: change.pin, since: change.since };
        return;
      case 'next-pin-over':
        if (this.#nextPin?.pin === change.pin) this.#nextPin = undefined;
        return;
      case 'other':
        this.#others.push(change);
    }
  }

  /** Forgets that a key is barred: the change could not be kept. */
  unbar(key: MemberKey): void {
    this.#barred.delete(key);
  }

  /** The number of changes that `changes` returns. */
  get changeCount(): number {
    const single = (this.#group === undefined ? 0 : 1) + (this.#nextPin === undefined ? 0 : 1);
    return single + this.#tokens.size + this.#barred.size + this.ids.retiredCount + this.#members.size + this.#others.length;
  }

  /** Returns the fewest changes that make this state: a compacted log. Each step takes the same time, however many members there are. */
  *changes(): Generator<GroupChange> {
    if (this.#group) yield { type: 'group', ...this.#group };
    for (const token of this.#tokens.values()) yield { type: 'token', token };
    for (const barred of this.#barred.values()) yield { type: 'barred', barred };
    for (const id of this.ids.retired()) yield { type: 'retired', id };
    // In the order of joining: the oldest unlinked member is forgotten first.
    for (const member of this.#members.values()) yield { type: 'member', member };
    if (this.#nextPin) yield { type: 'next-pin', ...this.#nextPin };
    yield* this.#others;
  }

  #put(member: MemberRecord): void {
    const { key, id, name } = member;
    const before = this.#members.get(key);
    // Only a damaged log gives one id to two keys: the later change counts.
    const rival = this.#keys.get(id);
    if (rival !== undefined && rival !== key) this.#remove(rival, true);
    if (before && before.id !== id) this.#releaseId(before.id, true);
    if (before && before.name !== name) this.names.release(before.name);
    this.#members.set(key, member);
    this.#keys.set(id, key);
    this.ids.take(id);
    this.names.take(name, key);
    mark(this.#unlinked, key, member.linked !== true);
    mark(this.#ephemeral, key, member.ephemeral === true);
  }

  #remove(key: MemberKey, reuse: boolean): void {
    const member = this.#members.get(key);
    if (!member) return;
    this.#members.delete(key);
    this.#releaseId(member.id, reuse);
    if (this.names.holder(member.name) === key) this.names.release(member.name);
    this.#unlinked.delete(key);
    this.#ephemeral.delete(key);
  }

  #releaseId(id: NodeId, reuse: boolean): void {
    this.#keys.delete(id);
    if (reuse) this.ids.release(id);
    else this.ids.retire(id);
  }
}

/** Keeps the place of a key that is there already. */
function mark(set: Set<MemberKey>, key: MemberKey, isIn: boolean): void {
  if (isIn) set.add(key);
  else set.delete(key);
}
