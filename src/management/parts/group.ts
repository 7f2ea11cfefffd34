import type { Feed } from '../../feed.ts';

/** The group of this node. Before a slave has joined for the first time, only its role and its own fingerprint are known. */
export interface GroupView {
  readonly role: 'master' | 'slave';
  /** The group's random id. Undefined before the first join, and in a star without encryption. */
  readonly group: string | undefined;
  /** The id of this node in the group, 0 for the master; undefined before it has one. */
  readonly self: number | undefined;
  /** The fingerprint of this node's own key; undefined if it has none, as in a star without encryption. */
  readonly fingerprint: string | undefined;
  /** The number of the master's term. */
  readonly term: number | undefined;
  /** The masters by their pins, with the addresses that members try in this order. */
  readonly masters: readonly MasterPlace[];
  /** The change of the master's key that is under way; at a slave, as it was told of it. Undefined if there is none. */
  readonly nextPin: NextPinView | undefined;
  /** The shortcuts of this slave to other slaves. Undefined at a master, and at a slave that takes none. */
  readonly shortcuts: readonly ShortcutView[] | undefined;
  /** The number of members, of those that are linked now, and of those that wait to be accepted. Undefined at a slave. */
  readonly counts: { readonly members: number; readonly linked: number; readonly waiting: number } | undefined;
}

/** A shortcut of a slave: frames to the stations behind that member go there directly, and not by the master. */
export interface ShortcutView {
  /** The id of the member at the far end. */
  readonly id: number;
  /** The address of the far end, `HOST:PORT`. */
  readonly address: string;
  /** The number of its port at the switch, beyond those of all other ports. */
  readonly port: number;
  /** Seconds since it was opened. */
  readonly seconds: number;
  readonly received: { readonly frames: number; readonly octets: number };
  readonly sent: { readonly frames: number; readonly octets: number };
  /** The frames from it that this slave refused, by the rule that they broke. Empty in good order. */
  readonly refused: Readonly<Record<string, number>>;
}

/** A change of the master's key. */
export interface NextPinView {
  /** The pin of the next key. At a slave that was told different ones: all of them. */
  readonly pins: readonly string[];
  /** True at a slave that was told different ones, and takes none of them. */
  readonly disputed: boolean;
  /** The members that do not have the pin yet. Empty at a slave. */
  readonly missing: readonly PinlessMemberView[];
}

/** A member that does not have the pin of the master's next key. */
export interface PinlessMemberView {
  readonly id: number;
  readonly name: string;
  /** It is not connected; it was told different pins; or it has not confirmed, as with a version that cannot. */
  readonly why: 'away' | 'disputed' | 'unconfirmed';
}

/** The result of an act on the master's key. */
export interface RekeyView {
  /** `telling` until all members have the pin, `changed` once the master presents the key, `cancelled` if it keeps the present one. */
  readonly state: 'telling' | 'changed' | 'cancelled';
  /** The pin of the new key. */
  readonly pin: string;
  /** The members that do not have the pin: once the key is changed, they must join by a new line with `--new-master`. */
  readonly missing: readonly PinlessMemberView[];
  /** The number of tokens that were revoked, since their lines have the old pin. */
  readonly revoked: number;
}

/** Where a master is reached: its pin, and its addresses as HOST:PORT. */
export interface MasterPlace {
  readonly pin: string;
  readonly addresses: readonly string[];
}

/**
 * The state of a member. `waiting`: its key waits to be accepted. `away`: not connected. `joined`: connected, without a link yet.
 * `linked`: its frames are forwarded. `suspect`: silent for some seconds.
 */
export type MemberState = 'waiting' | 'away' | 'joined' | 'linked' | 'suspect';

/** A member of a group, the master included. Texts that the member itself told may have any characters: clean them where they are shown. */
export interface GroupMemberView {
  /** 0 for the master. */
  readonly id: number;
  readonly name: string;
  readonly role: 'master' | 'slave';
  readonly state: MemberState;
  /** The name of its host, as the member told it. */
  readonly host: string | undefined;
  /** The address from which it is connected, or was last. */
  readonly address: string | undefined;
  /** The fingerprint of its key; undefined for a member without encryption. */
  readonly fingerprint: string | undefined;
  /** True if its key is in memory only, and its id and name are free soon after it is gone. */
  readonly ephemeral: boolean;
  /** When it became a member, as an ISO 8601 time; undefined if that is not known. */
  readonly since: string | undefined;
  /** Seconds since it joined this time; undefined while it is not connected. */
  readonly joined: number | undefined;
  /** The public id of the token by which it came; undefined if it came without one. */
  readonly token: string | undefined;
  /** The version of its software. */
  readonly version: string | undefined;
  /** Its link; undefined while there is none. The master has none to itself. */
  readonly link: MemberLinkView | undefined;
  readonly guest: MemberGuestView | undefined;
  /** The ids of the members to which it has a shortcut. Undefined if it takes none, or that is not known. */
  readonly shortcuts: readonly number[] | undefined;
  /** How many processes present this member's key, as after a copy of its state directory. 0 or 1 in good order. */
  readonly contenders: number;
}

/** The link of a member. */
export interface MemberLinkView {
  readonly port: number;
  readonly up: boolean;
  /** Seconds since it went up, or down. */
  readonly seconds: number;
  /** The round trip in milliseconds; undefined if it is not measured yet. */
  readonly roundTrip: number | undefined;
  /** The frames from it that the master refused since it came, by the rule that they broke. Empty in good order. */
  readonly refused: Readonly<Record<string, number>>;
  readonly received: MemberTraffic;
  readonly sent: MemberTraffic;
}

/** One direction of a member's link: counters since it went up, and the octets per second of late; undefined before it is measured. */
export interface MemberTraffic {
  readonly frames: number;
  readonly octets: number;
  readonly rate: number | undefined;
}

/** The guest of a member, as the member reports it. */
export interface MemberGuestView {
  readonly mac: string;
  readonly state: string;
  /** The guest's address; undefined before it has one. */
  readonly address: string | undefined;
}

/** A process that presents a member's key, one of several. */
export interface ContenderView {
  /** The number by which a takeover chooses it, from 1. */
  readonly number: number;
  readonly host: string | undefined;
  readonly address: string;
  /** When it was first seen, as an ISO 8601 time. */
  readonly since: string;
  /** True for the one that is the member now. */
  readonly present: boolean;
}

/** The settings of a new token. */
export interface TokenWish {
  /** Default: 1. */
  readonly uses?: number | 'any' | undefined;
  /** How long it is good, in seconds. Default: a day. */
  readonly expires?: number | undefined;
  /** The id of the member that joins by it. Default: the next free one. */
  readonly id?: number | undefined;
  /** The name of that member. Default: the one that it asks for. */
  readonly name?: string | undefined;
  /** True if the members that join by it are ephemeral. Default: false. */
  readonly ephemeral?: boolean | undefined;
}

/** A token, without its secret. */
export interface TokenView {
  /** The public id. */
  readonly id: string;
  readonly state: 'good' | 'used-up' | 'expired' | 'revoked';
  readonly uses: number | 'any';
  readonly used: number;
  /** ISO 8601 times. */
  readonly made: string;
  readonly expires: string;
  readonly member: { readonly id: number | undefined; readonly name: string | undefined };
  readonly ephemeral: boolean;
}

/** A new token, and the lines to join by, one for each address. The lines are not shown again. */
export interface NewTokenView {
  readonly token: TokenView;
  readonly lines: readonly string[];
}

/** The result of a kick. */
export interface KickView {
  readonly id: number;
  readonly name: string;
  /** The public id of the token by which it came; undefined if it came without one. */
  readonly token: string | undefined;
  /** True if that token is good no more. */
  readonly revoked: boolean;
  /** How many other members came by that token. */
  readonly others: number;
}

/** An event of a group. At a slave it is about the slave itself. */
export interface GroupEvent {
  /**
   * `joined`: it is connected. `linked`, `unlinked`: its link went up, or down. `suspect`: it is silent. `lost`: its connection ended.
   * `waiting`: a new key waits to be accepted. `accepted`: it is a member now. `refused`: a join was refused. `copied`: a second process
   * presents its key. `kicked`, `left`, `renamed`, `replaced`: as the word says. `forgotten`: its id is free. `guest`: the state of its
   * guest changed. `next-pin`, `new-pin`, `pin-kept`: the master changes its key, has changed it, or keeps it. `holds-pin`: a member has the
   * new pin. `disputed`: a member was told different ones. `shortcut-opened`, `shortcut-closed`: it has a shortcut to `peer`, or has it no more.
   * `ended`: the group is over.
   */
  readonly kind:
    | 'joined'
    | 'linked'
    | 'unlinked'
    | 'suspect'
    | 'lost'
    | 'waiting'
    | 'accepted'
    | 'refused'
    | 'copied'
    | 'kicked'
    | 'left'
    | 'renamed'
    | 'replaced'
    | 'forgotten'
    | 'guest'
    | 'next-pin'
    | 'holds-pin'
    | 'new-pin'
    | 'pin-kept'
    | 'disputed'
    | 'shortcut-opened'
    | 'shortcut-closed'
    | 'ended';
  readonly id?: number | undefined;
  readonly name?: string | undefined;
  readonly host?: string | undefined;
  readonly address?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly version?: string | undefined;
  /** The member at the far end of a shortcut. A slave does not know its name. */
  readonly peer?: { readonly id: number; readonly name?: string | undefined } | undefined;
  /** Why, for people; or the state of a guest. */
  readonly reason?: string | undefined;
}

/**
 * The group of a node, as operations reach it. Acts resolve when their effect is on the disk; they reject with an EtherloomError, and then
 * have changed nothing. A master has `acts`; a slave has `leave`.
 */
export interface GroupPart {
  readonly events: Feed<GroupEvent>;
  show(): GroupView;
  /** Returns the members in the order of their ids. A slave knows the master and itself. */
  members(): readonly GroupMemberView[];
  /** Returns the member whose link, or shortcut, has a port; undefined if none has. A slave does not know its name. */
  memberAt?(port: number): { readonly id: number; readonly name?: string | undefined } | undefined;
  /** The acts of a master; a slave has none. */
  readonly acts?: GroupActs | undefined;
  /** Leaves the group: the master is told, the id is freed, and the slave ends. */
  leave?(): Promise<void>;
}

/** The acts of a group's master. Each takes ids of members that exist. */
export interface GroupActs {
  /** Bars a member's key, revokes the token by which it came unless `keepToken`, and ends its connections. */
  kick(id: number, options: { readonly keepToken: boolean }): Promise<KickView>;
  /** Gives a member another name. Resolves to the name, which differs if the wished one is taken. */
  rename(id: number, name: string): Promise<string>;
  /** Bars a member's key, and makes a token by which another machine gets its id and name. */
  replace(id: number): Promise<NewTokenView>;
  /** Lets in a member that waits. */
  accept(id: number): Promise<void>;
  /** Returns the processes that present a member's key. */
  contenders(id: number): readonly ContenderView[];
  /** Lets in the contender of that number: it makes a new key, and the old one is barred. */
  takeover(id: number, number: number): Promise<void>;
  /** Changes the master's key, once all members know the pin of the new one; `now`: at once; `cancel`: not at all. */
  rekey(how: 'now' | 'cancel' | undefined): Promise<RekeyView>;
  /** Ends the group: the members are told, and stop. */
  end(): Promise<void>;
  newToken(wish: TokenWish): Promise<NewTokenView>;
  tokens(): readonly TokenView[];
  /** Refuses further joins by a token, those under way included. Resolves to false if there is no such token. */
  revokeToken(id: string): Promise<boolean>;
}
