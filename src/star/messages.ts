/**
 * The messages between master and slave beside the frames: one JSON object a line, UTF-8, at most 4,096 octets. Fields and types that a reader
 * does not know are passed over. A side sends messages other than those of version 0.2.0 (the first four) only to one that named its software.
 *
 *     slave -> master   {"type":"hello","version":1,"key":"…","demanded":3,"last":3,"software":"0.3.0","host":"lap","run":"…","token":{…}, …}
 *     master -> slave   {"type":"welcome","version":1,"id":3,"mac":"…","address":"10.77.0.13","network":"10.77.0.0/24","mtu":1500,"linkPort":7378, …}
 *     master -> slave   {"type":"refusal","reason":"…","retry":false,"code":"barred"}, and the connection ends
 *     both              {"type":"alive"}, each second; a side that receives nothing for 5 s ends the connection
 *     slave -> master   {"type":"confirm","incarnation":"…"}, once the welcome is stored
 *     master -> slave   {"type":"wait","reason":"…"}: the join must be accepted first; a welcome or a refusal follows
 *     master -> slave   {"type":"rekey","token":{…}}: the slave makes a new key, and joins again with it by this token
 *     master -> slave   {"type":"news","serial":7,"description":{…}}, {"type":"masters","term":1,"masters":[…]}, {"type":"renamed","name":"web"}
 *     master -> slave   {"type":"next-pin","pin":"…"}: the master changes its key: the slave holds this pin beside the present one
 *     slave -> master   {"type":"holds-pin","pin":"…"}, once that is stored; {"type":"disputes-pin","pins":["…","…"]}: different ones were told
 *     master -> slave   {"type":"kicked","reason":"…"}, {"type":"end"}, {"type":"left"}, and the connection ends
 *     slave -> master   {"type":"leave"}, {"type":"state","guest":"ready"}
 *
 * Those about shortcuts are in `shortcut-messages.ts`.
 */
import type { Ipv4Address, Ipv4Network } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { NodeId } from './identity.ts';
import type { ShortcutMessage } from './shortcut-messages.ts';
import type { Token } from './token.ts';

/** A slave's request to join. */
export interface Hello {
  readonly type: 'hello';
  /** The key of a plain slave, 32 hexadecimal digits. A slave that has proven its key by TLS does not tell it. */
  readonly key?: string | undefined;
  /** The id that its user demands. */
  readonly demanded?: NodeId | undefined;
  /** The id that it had before. A master that lost its roster assigns it again if no other node has it. */
  readonly last?: NodeId | undefined;
  /** The version of its software; undefined for 0.2.0. */
  readonly software?: string | undefined;
  /** The name of its host. */
  readonly host?: string | undefined;
  /** The name that its user wishes for it. */
  readonly name?: string | undefined;
  /** A random text of the process: a connection of the same process replaces its earlier one. */
  readonly run?: string | undefined;
  /** The incarnation that it stored last. */
  readonly incarnation?: string | undefined;
  /** The group that it has joined. */
  readonly group?: string | undefined;
  /** Sent until it has joined; by an ephemeral slave, always. */
  readonly token?: Token | undefined;
  /** True if it keeps its key in memory only: it is forgotten soon after it was last seen. */
  readonly ephemeral?: true | undefined;
}

/** The master's answer to a slave that may join. */
export interface Welcome {
  readonly type: 'welcome';
  readonly id: NodeId;
  /** The MAC address of the slave's guest. */
  readonly mac: MacAddress;
  /** The address reserved for its guest; undefined if that gets one from the pool. */
  readonly address?: Ipv4Address | undefined;
  readonly network: Ipv4Network;
  /** The MTU of the network, in octets. */
  readonly mtu: number;
  /** The link port on the master's host, for a plain link. */
  readonly linkPort: number;
  /** The version of the master's software; undefined for 0.2.0, which tells none of the following fields either. */
  readonly software?: string | undefined;
  /** The group's id. */
  readonly group?: string | undefined;
  /** The slave's name. */
  readonly name?: string | undefined;
  /** A number that grows with each change of the acting master. */
  readonly term?: number | undefined;
  /** The group's masters, in the order in which a slave tries them. */
  readonly masters?: readonly MasterPlace[] | undefined;
  /** The incarnation to store and to confirm. */
  readonly incarnation?: string | undefined;
}

/** A master, and its addresses. */
export interface MasterPlace {
  readonly pin: Fingerprint;
  /** `HOST:PORT` each, in the order in which a slave tries them; at most 8. */
  readonly addresses: readonly string[];
}

/** The reason of a refusal, for programs. */
export type RefusalCode =
  | 'version' // the far end speaks another version of the protocol
  | 'token' // no token, a wrong, an expired, a used or a revoked one
  | 'barred' // the key was kicked, or replaced
  | 'unknown' // the group does not know the key, and there is no token
  | 'group' // the slave belongs to another group
  | 'alive' // another process with this key is connected
  | 'copied' // the state was copied, or restored
  | 'waiting' // the join must be accepted first
  | 'id' // the demanded id is taken, or no id
  | 'name' // the demanded name is not allowed
  | 'full' // all ids are given
  | 'busy' // too many joins at this moment
  | 'store' // the master cannot keep the change
  | 'message'; // the slave sent something that it must not

/** The master's refusal; `reason` is for the slave's user. The connection ends. */
export interface JoinRefusal {
  readonly type: 'refusal';
  readonly reason: string;
  /** True if a later request may succeed without a change by the user. */
  readonly retry: boolean;
  /** Undefined for 0.2.0, and for codes of later versions. */
  readonly code?: RefusalCode | undefined;
}

/** A sign of life. It measures the round trip, too: the far end sends `sent` back as `echo`. Times are in milliseconds. */
export interface Alive {
  readonly type: 'alive';
  /** The sender's time. */
  readonly sent?: number | undefined;
  /** The `sent` of the last sign received. */
  readonly echo?: number | undefined;
  /** The time since that sign was received. */
  readonly held?: number | undefined;
}

/** A slave's answer to a welcome, once it is stored. */
export interface Confirm {
  readonly type: 'confirm';
  readonly incarnation: string;
}

/** The master's answer to a join that must be accepted first. The connection stays. */
export interface Wait {
  readonly type: 'wait';
  readonly reason: string;
}

/** The master's demand for a new key: the slave makes one, and joins with it by the token. The old key is barred when the new one has joined. */
export interface Rekey {
  readonly type: 'rekey';
  readonly token: Token;
}

/** The pin of the master's next key. It counts beside the present one, until a slave has seen it proven; then it counts alone. */
export interface NextPin {
  readonly type: 'next-pin';
  readonly pin: Fingerprint;
}

/** A slave's answer to a next pin, once it is stored. */
export interface HoldsPin {
  readonly type: 'holds-pin';
  readonly pin: Fingerprint;
}

/** A slave's answer to a next pin if different ones were told: it takes none of them. */
export interface DisputesPin {
  readonly type: 'disputes-pin';
  readonly pins: readonly Fingerprint[];
}

/** The group's description, or a part of it. It is data: a slave does what its own options allow. */
export interface News {
  readonly type: 'news';
  /** Grows with each change. */
  readonly serial: number;
  readonly description: Readonly<Record<string, unknown>>;
}

/** A new list of the group's masters. */
export interface Masters {
  readonly type: 'masters';
  readonly term: number;
  readonly masters: readonly MasterPlace[];
}

/** The slave's new name. */
export interface Renamed {
  readonly type: 'renamed';
  readonly name: string;
}

/** The end of a membership by the master. */
export interface Kicked {
  readonly type: 'kicked';
  readonly reason: string;
}

/** The state of a slave, for the list of members. */
export interface SlaveState {
  readonly type: 'state';
  /** A word: `ready`, `booting`. */
  readonly guest?: string | undefined;
  /** The guest's address; undefined before it has one. */
  readonly address?: string | undefined;
}

/** A message without fields. */
export interface Sign<Type extends string> {
  readonly type: Type;
}

/** Any line on a control connection. */
export type JoinMessage =
  | Hello
  | Welcome
  | JoinRefusal
  | Alive
  | Confirm
  | Wait
  | Rekey
  | NextPin
  | HoldsPin
  | DisputesPin
  | News
  | Masters
  | Renamed
  | Kicked
  | SlaveState
  | ShortcutMessage
  /** The group was ended. */
  | Sign<'end'>
  /** The slave leaves the group for good. */
  | Sign<'leave'>
  /** The master has forgotten the slave that left. */
  | Sign<'left'>
  | OtherVersion
  | UnknownMessage;

/** A hello or a welcome of another version of the protocol. It is only received. */
export interface OtherVersion {
  readonly type: 'other-version';
  readonly of: 'hello' | 'welcome';
  /** The version of the protocol, as text. */
  readonly version: string;
  readonly software?: string | undefined;
}

/** A message of a type that this version does not know. It is only received, and passed over. */
export interface UnknownMessage {
  readonly type: 'unknown';
}

/** The longest line, in octets, without its end. */
export const maxJoinLine = 4096;

/** The version of the protocol. */
export const protocolVersion = 1;
