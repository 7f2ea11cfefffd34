import type { Fingerprint } from './fingerprint.ts';
import type { MemberKey } from './group-change.ts';
import type { NodeId } from './identity.ts';
import type { RefusalCode } from './messages.ts';

/** A member, as events name it. */
export interface NamedMember {
  readonly id: NodeId;
  readonly name: string;
  readonly key: MemberKey;
}

/** An event of a group, at its master. */
export type GroupEvent =
  /** A member was welcomed. `first` is true if its key is new. */
  | ({ readonly type: 'joined'; readonly from: string; readonly first: boolean; readonly token?: string | undefined } & NamedMember)
  /** A new key waits until an operator accepts it. */
  | ({ readonly type: 'waiting'; readonly from: string } & NamedMember)
  | ({ readonly type: 'accepted' } & NamedMember)
  /** A caller was refused. Its text is not cleaned. */
  | {
      readonly type: 'refused';
      readonly from: string;
      readonly code: RefusalCode;
      readonly reason: string;
      readonly key?: MemberKey | undefined;
      /** The member with that key. */
      readonly id?: NodeId | undefined;
    }
  /** A control connection ended before its far end said that it is a slave. */
  | { readonly type: 'stranger'; readonly from: string; readonly reason: string }
  /** The control connection of a member ended. */
  | ({ readonly type: 'disconnected'; readonly from: string; readonly reason: string } & NamedMember)
  /** A member is silent; it was heard again. `silence` is in milliseconds. */
  | ({ readonly type: 'suspect'; readonly silence: number } & NamedMember)
  | ({ readonly type: 'back' } & NamedMember)
  | ({ readonly type: 'linked' } & NamedMember)
  | ({ readonly type: 'unlinked' } & NamedMember)
  | ({ readonly type: 'kicked'; readonly revoked?: string | undefined } & NamedMember)
  | ({ readonly type: 'renamed'; readonly before: string } & NamedMember)
  /** A new key took over the id of an old one, which is barred now. */
  | ({ readonly type: 'replaced'; readonly before: MemberKey } & NamedMember)
  /** A member left the group for good, by its own wish. */
  | ({ readonly type: 'left' } & NamedMember)
  /** A member was forgotten, and its id is free: it was never linked, or is ephemeral. */
  | ({ readonly type: 'forgotten'; readonly why: 'never-linked' | 'ephemeral' } & NamedMember)
  | { readonly type: 'token-made' | 'token-revoked' | 'token-forgotten'; readonly token: string }
  /** Few ids are left: 1,000, 100, 10, none. */
  | { readonly type: 'ids-short'; readonly left: number }
  /** The master changes its key: members are told the pin of the next one. */
  | { readonly type: 'next-pin'; readonly pin: Fingerprint }
  /** A member has that pin on its disk. */
  | ({ readonly type: 'holds-pin' } & NamedMember)
  /** It presents that key now. The members with these ids do not know it. `revoked` is the number of tokens whose lines have the old pin. */
  | {
      readonly type: 'new-pin';
      readonly pin: Fingerprint;
      readonly before: Fingerprint;
      readonly missing: readonly NodeId[];
      readonly revoked: number;
    }
  /** The change was cancelled: the key with that pin is not presented. */
  | { readonly type: 'pin-kept'; readonly pin: Fingerprint }
  /** A member was told different next pins of the master, and takes none of them. */
  | ({ readonly type: 'disputed' } & NamedMember)
  /** Two members have a shortcut, or have it no more. */
  | ({
      readonly type: 'shortcut-opened' | 'shortcut-closed';
      readonly peer: { readonly id: NodeId; readonly name: string };
    } & NamedMember)
  /** The group was ended. */
  | { readonly type: 'ended' }
  /** A change could not be kept. */
  | { readonly type: 'not-kept'; readonly reason: string };
