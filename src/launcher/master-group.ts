import { hostname } from 'node:os';
import type { Clock } from '../clock.ts';
import { Feed } from '../feed.ts';
import type {
  ContenderView,
  GroupActs,
  GroupEvent,
  GroupMemberView,
  GroupPart,
  GroupView,
  KickView,
  NewTokenView,
  RekeyView,
  TokenView,
  TokenWish,
} from '../management/parts/group.ts';
import { macOfId, masterId, type NodeId } from '../star/identity.ts';
import type { Fingerprint } from '../star/fingerprint.ts';
import type { MasterEngine } from '../star/master-engine.ts';
import type { PinChange } from '../star/master-pin.ts';
import type { MemberView } from '../star/member-view.ts';
import type { TokenRecord } from '../star/token.ts';
import { ownVersion } from '../system/own-package.ts';
import { formatMac } from '../wire/mac.ts';
import type { GroupMaster, NewLines } from './group-master.ts';
import { memberEvent } from './member-event.ts';
import type { NodeGuest } from './node-guest.ts';
import type { StarLinks } from './star-links.ts';

/** The parts of a master that its group is seen by. */
export interface MasterGroupParts {
  readonly group: GroupMaster;
  readonly links: StarLinks;
  readonly guest: NodeGuest;
  readonly clock: Clock;
  /** Ends the master, after the group was ended. */
  readonly end: () => void;
}

/** A group as its master's operations reach it. */
export class MasterGroup implements GroupPart, Disposable {
  readonly events = new Feed<GroupEvent>();
  readonly acts: GroupActs;
  readonly #parts: MasterGroupParts;
  readonly #subscription: Disposable;

  constructor(parts: MasterGroupParts) {
    this.#parts = parts;
    this.acts = actsOf(parts);
    this.#subscription = parts.group.engine.events.subscribe((event) => {
      const told = memberEvent(event);
      if (told) this.events.emit(told);
    });
  }

  show(): GroupView {
    const { engine, fingerprint, places } = this.#parts.group;
    const members = engine.members();
    return {
      role: 'master',
      group: engine.group?.id,
      self: masterId,
      fingerprint,
      term: 1,
      masters: [{ pin: fingerprint, addresses: places }],
      nextPin: nextPinView(engine.pinChange),
      shortcuts: undefined,
      counts: {
        members: members.length,
        linked: members.filter(({ isLinked }) => isLinked).length,
        waiting: members.filter(({ waiting }) => waiting).length,
      },
    };
  }

  members(): readonly GroupMemberView[] {
    const { engine } = this.#parts.group;
    const members = engine.members();
    const roundTrips = new Map(members.map(({ id, connected }) => [id, connected?.roundTrip]));
    const links = this.#parts.links.ofMembers((id) => roundTrips.get(id));
    const peers = peersOf(engine);
    return [
      this.#self(),
      ...members.map((member) => ({
        ...memberView(member),
        link: links.get(member.id),
        shortcuts: peers.get(member.id),
        contenders: engine.contenders(member.id).length,
      })),
    ];
  }

  memberAt(port: number): { readonly id: number; readonly name: string } | undefined {
    const { group, links } = this.#parts;
    const id = links.memberAt(port);
    const member = id === undefined ? undefined : group.engine.members().find((one) => one.id === id);
    return member && { id: member.id, name: member.name };
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  #self(): GroupMemberView {
    const { group, guest, clock } = this.#parts;
    const view = guest.view();
    const since = group.engine.group?.since;
    return {
      id: masterId,
      name: 'master',
      role: 'master',
      state: 'linked',
      host: hostname(),
      address: group.places[0],
      fingerprint: group.fingerprint,
      ephemeral: false,
      since: since === undefined ? undefined : timeText(since),
      joined: Math.floor((clock.monotonic() - group.openedAt) / 1000),
      token: undefined,
      version: ownVersion(),
      link: undefined,
      guest: view && { mac: view.mac, state: view.state, address: view.address },
      shortcuts: undefined,
      contenders: 0,
    };
  }
}

/** Returns the far ends of the shortcuts of each member that takes any, by ids. */
function peersOf(engine: MasterEngine): ReadonlyMap<NodeId, readonly NodeId[]> {
  const peers = new Map<NodeId, NodeId[]>([...engine.takesShortcuts()].map((id) => [id, []]));
  for (const [a, b] of engine.shortcuts()) {
    peers.get(a)?.push(b);
    peers.get(b)?.push(a);
  }
  return peers;
}

function actsOf({ group, clock, end }: MasterGroupParts): GroupActs {
  const { engine } = group;
  return {
    async kick(id, options): Promise<KickView> {
      const { name, token } = await engine.kick(id, options);
      return { id, name, token: token?.id, revoked: token?.revoked === true, others: token?.others ?? 0 };
    },
    rename: (id, name) => engine.rename(id, name),
    async replace(id) {
      return newTokenView(group.linesOf(await engine.replace(id)));
    },
    accept: (id) => engine.acceptMember(id),
    contenders: (id): readonly ContenderView[] =>
      engine.contenders(id).map(({ number, host, from, since, living }) => ({
        number,
        host,
        address: from,
        since: timeText(group.wallAgo(since)),
        present: living,
      })),
    async takeover(id, number) {
      await engine.takeover(id, number);
    },
    async rekey(how) {
      const { state, pin, missing, revoked } = await engine.changePin(how);
      return state === 'telling' ? answersTo(pin, group, clock) : { state, pin, missing, revoked };
    },
    async end() {
      await engine.end();
      end();
    },
    async newToken(wish: TokenWish) {
      const { expires, ...rest } = wish;
      return newTokenView(await group.newLines({ ...rest, ...(expires !== undefined && { expiresIn: 1000 * expires }) }));
    },
    tokens: () => engine.tokens().map((record) => tokenView(record, group.wallAgo(0))),
    async revokeToken(id) {
      if (!engine.tokens().some((token) => token.id === id)) return false;
      await engine.revokeToken(id);
      return true;
    },
  };

  function newTokenView({ record, lines }: NewLines): NewTokenView {
    return { token: tokenView(record, group.wallAgo(0)), lines };
  }
}

/** How long a change of the key waits for members that are connected, before it is shown, in milliseconds. */
const answerTime = 2000;

/** Waits until the key is changed, or no connected member has yet to answer, or for some time. Resolves to the change as it is then. */
function answersTo(pin: Fingerprint, group: GroupMaster, clock: Clock): Promise<RekeyView> {
  const { engine } = group;
  return new Promise((resolve) => {
    const settle = (view: RekeyView): void => {
      timer[Symbol.dispose]();
      subscription[Symbol.dispose]();
      resolve(view);
    };
    const present = (): RekeyView => {
      const state = group.fingerprint === pin ? 'changed' : engine.pinChange ? 'telling' : 'cancelled';
      return { state, pin, missing: engine.pinChange?.missing ?? [], revoked: 0 };
    };
    const look = (): void => {
      const view = present();
      const isAnswered = view.missing.length > 0 && view.missing.every(({ why }) => why !== 'unconfirmed');
      if (view.state === 'cancelled' || isAnswered) settle(view);
    };
    const timer = clock.after(answerTime, () => settle(present()));
    const subscription = engine.events.subscribe((event) => {
      if (event.type === 'new-pin') settle({ state: 'changed', pin, missing: [], revoked: event.revoked });
      else look();
    });
    look();
  });
}

function memberView({
  id,
  name,
  host,
  from,
  key,
  plain,
  ephemeral,
  since,
  token,
  waiting,
  connected,
  isLinked,
}: MemberView): GroupMemberView {
  const state = waiting ? 'waiting' : !connected ? 'away' : connected.suspect ? 'suspect' : isLinked ? 'linked' : 'joined';
  return {
    id,
    name,
    role: 'slave',
    state,
    host,
    address: connected?.from ?? from,
    fingerprint: plain ? undefined : key,
    ephemeral: ephemeral === true,
    since: timeText(since),
    joined: connected && Math.floor(connected.since / 1000),
    token,
    version: connected?.software,
    link: undefined,
    guest: connected?.guest === undefined ? undefined : { mac: formatMac(macOfId(id)), state: connected.guest, address: undefined },
    shortcuts: undefined,
    contenders: 0,
  };
}

function tokenView({ id, made, expires, uses, used, member, name, ephemeral, revoked }: TokenRecord, now: number): TokenView {
  const state = revoked !== undefined ? 'revoked' : now >= expires ? 'expired' : uses !== undefined && used >= uses ? 'used-up' : 'good';
  return {
    id,
    state,
    uses: uses ?? 'any',
    used,
    made: timeText(made),
    expires: timeText(expires),
    member: { id: member, name },
    ephemeral: ephemeral === true,
  };
}

function nextPinView(change: PinChange | undefined): GroupView['nextPin'] {
  return change && { pins: [change.pin], disputed: false, missing: change.missing };
}

/** The last time that a Date can be, in milliseconds since 1970. [ECMA-262, 21.4.1.1] */
const lastTime = 8.64e15;

/** Returns an ISO 8601 time of milliseconds since 1970. Those of tokens of earlier versions may be beyond the last Date. */
function timeText(wall: number): string {
  return new Date(Math.min(wall, lastTime)).toISOString();
}
