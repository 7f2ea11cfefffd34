import type { Fingerprint } from './fingerprint.ts';
import type { ShortcutMessage } from './shortcut-messages.ts';
import type { MasterPlace, RefusalCode, Welcome } from './messages.ts';

/** An event of a slave's membership. `again` is true if the same was told before: tell it to people once. */
export type SlaveEvent =
  /** The master has welcomed this slave. `before` is its last welcome, of an earlier process too. Its id may be another one then. */
  | { readonly type: 'joined'; readonly welcome: Welcome; readonly before: Welcome | undefined; readonly address: string }
  /** The control connection ended on which it was welcomed, or waits. */
  | { readonly type: 'lost'; readonly reason: string }
  /** The master is silent; it was heard again. `silence` is in milliseconds. */
  | { readonly type: 'suspect'; readonly silence: number }
  | { readonly type: 'back' }
  /** The master did not answer at that address. `isForeign` is true if a node with another key did. */
  | {
      readonly type: 'unreachable';
      readonly address: string;
      readonly reason: string;
      readonly isForeign: boolean;
      readonly again: boolean;
    }
  /**
   * The master refused it. `permanent` is true if a user must act; it is tried again each minute nevertheless. `withdraw` is true if it must not
   * serve: neither a link nor a guest, since another process does, or it is not a member.
   */
  | {
      readonly type: 'refused';
      readonly code: RefusalCode | undefined;
      readonly reason: string;
      readonly permanent: boolean;
      readonly withdraw: boolean;
      readonly again: boolean;
    }
  /** It waits until an operator accepts it. */
  | { readonly type: 'waiting'; readonly reason: string }
  /** The master told the pin of its next key: both count until that is proven. */
  | { readonly type: 'next-pin'; readonly pin: Fingerprint }
  /** The master has proven its next key: the pin of before counts no more, for good. */
  | { readonly type: 'new-pin'; readonly pin: Fingerprint; readonly before: Fingerprint }
  /** Different next pins were told, at least one of them by a thief: none of them counts. */
  | { readonly type: 'disputed'; readonly pins: readonly Fingerprint[] }
  /** The master demanded a new key. */
  | { readonly type: 'rekeying' }
  /** The parts of the group's description that this slave's options allow; `ignored` names the others. */
  | { readonly type: 'news'; readonly description: Readonly<Record<string, unknown>>; readonly ignored: readonly string[] }
  | { readonly type: 'masters'; readonly masters: readonly MasterPlace[] }
  | { readonly type: 'renamed'; readonly name: string }
  /** The master told something about shortcuts. */
  | { readonly type: 'shortcut'; readonly message: ShortcutMessage }
  /** An answer of the master cannot be stored, with the cause: told once. It is tried again, and `stored` tells that it succeeded. */
  | { readonly type: 'not-stored'; readonly reason: string }
  | { readonly type: 'stored' }
  /** The membership is over: nothing is tried any more. */
  | { readonly type: 'kicked'; readonly reason: string }
  | { readonly type: 'ended' }
  | { readonly type: 'left' };

/**
 * The standing of a slave: `seeking` while no master has answered, `joined` while it is welcomed, `waiting` until it is accepted, `refused`,
 * or `over` once it was kicked, has left, or the group was ended.
 */
export type Standing = 'seeking' | 'joined' | 'waiting' | 'refused' | 'over';
