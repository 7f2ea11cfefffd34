import type { Clock } from '../clock.ts';
import { EtherloomError } from '../errors.ts';
import type { Feed } from '../feed.ts';
import type { Random } from '../random.ts';
import type { Caller, ControlChannel } from './channel.ts';
import type { Digest } from './fingerprint.ts';
import type { MemberKey, MemberRecord } from './group-change.ts';
import type { GroupEvent } from './group-event.ts';
import type { GroupMemory } from './group-memory.ts';
import type { NodeId } from './identity.ts';
import type { JoinRates } from './join-rate.ts';
import type { LivenessLimits, Watched } from './liveness.ts';
import type { WhereIs } from './shortcut-messages.ts';
import type { Hello, JoinRefusal, MasterPlace, SlaveState, Welcome } from './messages.ts';
import type { OwnKeys } from './own-keys.ts';
import type { OwnRules } from './told-rules.ts';

/** The settings of a node that follow from its id. */
export type NetworkTerms = Pick<Welcome, 'mac' | 'address' | 'network' | 'mtu' | 'linkPort'>;

/** The settings of a master's engine. */
export interface MasterEngineOptions {
  /** The version of this software. */
  readonly software: string;
  /** Returns the settings of the node with that id. */
  readonly terms: (id: NodeId) => NetworkTerms;
  /** Returns the masters of the group, in the order in which slaves try them; at most 8 with at most 8 addresses each. */
  readonly masters: () => readonly MasterPlace[];
  /** A number that grows with each change of the acting master. Default: 1. */
  readonly term?: number;
  /** The name of the network's domain: no member has it. */
  readonly domain?: string | undefined;
  /** True if a new key waits until an operator accepts it. Default: false. */
  readonly approve?: boolean;
  /** Returns the member behind which a station is. Default: slaves are told of no shortcuts. */
  readonly whereIs?: WhereIs;
  /** Returns the rules for frames from members, which slaves hold those from shortcuts to. Default: none. */
  readonly rules?: () => OwnRules;
  readonly rates?: JoinRates;
  readonly liveness?: LivenessLimits;
}

/** The means of a master's engine beside its settings. */
export interface MasterEnvironment {
  readonly clock: Clock;
  /** Must be fit for keys. */
  readonly random: Random;
  readonly digest: Digest;
  /** The master's own keys. Default: none, and then it cannot change its key. */
  readonly keys?: OwnKeys | undefined;
  /** Called when a key may no longer be here: ends its links and its handshakes. */
  readonly expel: (key: MemberKey, reason: string) => void;
}

/** One control connection at the master. */
export interface Session {
  readonly caller: Caller;
  readonly channel: ControlChannel;
  /** `new` until the hello, `joining` while the decision is being kept, `over` once it was refused or has ended. */
  state: 'new' | 'joining' | 'waiting' | 'welcomed' | 'over';
  /** The slave's key, known from its hello. */
  key: MemberKey | undefined;
  hello: Hello | undefined;
  /** The time of its welcome, in milliseconds of the clock. */
  since: number;
  /** The number of seconds for which it has sent no hello, as the master attended them. */
  silence: number;
  /** The round trip in milliseconds, once measured. */
  roundTrip: number | undefined;
  /** The time of the last `sent` that it told, and of its arrival. */
  lastSign: { readonly sent: number; readonly at: number } | undefined;
  /** The state that it told of itself. */
  guest: SlaveState | undefined;
  watched: Watched | undefined;
  /** The token by which its key joins, until the welcome. */
  joinsBy: string | undefined;
  /** The refusal that was decided while it was joining. */
  cut: JoinRefusal | undefined;
}

/** The parts that all files of the engine share. */
export interface MasterContext {
  readonly options: MasterEngineOptions;
  readonly environment: MasterEnvironment;
  readonly memory: GroupMemory;
  readonly events: Feed<GroupEvent>;
  /** The session of each key that was let in, or is being so. */
  readonly sessions: Map<MemberKey, Session>;
  /** The keys with a link. */
  readonly linked: Set<MemberKey>;
  /** The time at which the connection of each ephemeral member ended, in milliseconds of the clock. */
  readonly gone: Map<MemberKey, number>;
  /** Ends a session and its channel, after what was sent. */
  readonly end: (session: Session, reason: string) => void;
}

/** Returns the member with that id. Throws EtherloomError('bad-option') if there is none. */
export function memberWithId({ memory }: MasterContext, id: NodeId): MemberRecord {
  const member = memory.state.memberOf(id);
  if (member) return member;
  throw new EtherloomError('bad-option', `there is no member with id ${id}; choose one of "etherloom group"`);
}

/** Returns true if the far end knows the messages that came after version 0.2.0. */
export function isCurrent(session: Session): boolean {
  return session.hello?.software !== undefined;
}

/** Sends the list of masters to the members, since it has changed. */
export function tellMasters({ options, sessions }: MasterContext): void {
  const masters = { type: 'masters', term: options.term ?? 1, masters: options.masters() } as const;
  for (const session of sessions.values()) if (session.state === 'welcomed' && isCurrent(session)) session.channel.send(masters);
}

/** Returns the host of `HOST:PORT`, without the brackets of IPv6. */
export function hostOf(from: string): string {
  return from.slice(0, Math.max(0, from.lastIndexOf(':'))).replace(/^\[|\]$/g, '');
}

/** Returns a description of a far end for texts: `laptop at 192.0.2.7:5000`. */
export function describeCaller(session: Session): string {
  const host = session.hello?.host;
  return host === undefined ? session.caller.from : `${host} at ${session.caller.from}`;
}
