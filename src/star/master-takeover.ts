import { EtherloomError } from '../errors.ts';
import type { MemberKey, MemberRecord } from './group-change.ts';
import { hostOf, isCurrent, memberWithId, type MasterContext, type Session } from './master-context.ts';
import type { NodeId } from './identity.ts';
import { hashOfSecret, makeToken, type Token } from './token.ts';

/** One of several processes with one key. */
export interface Contender {
  /** Its number, by which an operator chooses it. */
  readonly number: number;
  /** The name of its host, as it told it. */
  readonly host: string | undefined;
  /** Its address, `HOST:PORT`. */
  readonly from: string;
  /** The milliseconds since it was first seen. */
  readonly since: number;
  /** True if it is the one that is connected. */
  readonly living: boolean;
}

interface Rival {
  readonly number: number;
  readonly run: string | undefined;
  readonly incarnation: string | undefined;
  readonly host: string | undefined;
  readonly from: string;
  /** The time at which it was first seen, in milliseconds of the clock. */
  readonly first: number;
}

/** The processes that want one key, and the one that an operator chose. */
interface Contest {
  rivals: readonly Rival[];
  next: number;
  chosen?: { readonly number: number; readonly token: Token } | undefined;
}

/** The most rivals that are remembered for one key. */
const mostRivals = 8;
/** The most keys with rivals that are remembered. */
const mostContests = 1024;
/** The time in which a chosen process must make its new key, in milliseconds. */
const rekeyTime = 24 * 3_600_000;

/**
 * The processes that were refused since their key is in use elsewhere, or their state was copied. They are in memory only, with the choice among
 * them: after a restart of the master no key has been barred, the processes ask again within a minute, and the operator chooses among those that
 * are there. A process that has heard the choice has it on its own disk, and makes its new key also then.
 */
export class Contenders {
  readonly #context: MasterContext;
  readonly #contests = new Map<MemberKey, Contest>();

  constructor(context: MasterContext) {
    this.#context = context;
  }

  /** Notes a process that was refused. */
  note(key: MemberKey, session: Session): void {
    const contest = this.#contest(key);
    const living = this.#context.sessions.get(key);
    if (living && living !== session) this.#add(contest, living);
    this.#add(contest, session);
  }

  /** Returns the processes that want the key of a member. Throws EtherloomError('bad-option') if there is no such member. */
  list(id: NodeId): readonly Contender[] {
    const { key } = memberWithId(this.#context, id);
    const contest = this.#contests.get(key);
    const now = this.#context.environment.clock.monotonic();
    const living = this.#context.sessions.get(key);
    return (contest?.rivals ?? []).map(({ number, host, from, first, run }) => ({
      number,
      host,
      from,
      since: now - first,
      living: living !== undefined && isSame({ run, from }, living),
    }));
  }

  /**
   * Chooses the process with that number. It makes a new key the next time that it asks, or at once if it is connected; the old key is barred
   * when the new one has joined. Rejects with EtherloomError: `bad-option` for an unknown id or number, `not-supported` for a plain member.
   */
  async choose(id: NodeId, number: number): Promise<Contender> {
    const member = memberWithId(this.#context, id);
    if (member.plain) {
      const what = `cannot make a new key for node ${id}: it is plain, and nothing proves its key`;
      throw new EtherloomError('not-supported', `${what}; remove the state directory of one of the two`);
    }
    const chosen = this.list(id).find((one) => one.number === number);
    const contest = this.#contests.get(member.key);
    if (!chosen || !contest) {
      throw new EtherloomError(
        'bad-option',
        `no process with number ${number} wants the key of node ${id}; choose one of "etherloom group takeover ${id}"`,
      );
    }
    const { clock, random, digest } = this.#context.environment;
    const token = makeToken(random);
    const now = clock.wall();
    const record = { id: token.id, hash: hashOfSecret(token.secret, digest), made: now, expires: now + rekeyTime, uses: 1, used: 0 };
    await this.#context.memory.keep([{ type: 'token', token: { ...record, member: id, replaces: member.key } }]);
    contest.chosen = { number, token };
    const living = this.#context.sessions.get(member.key);
    if (living) this.rekey(member, living);
    return chosen;
  }

  /** Demands a new key if this session is of the process that was chosen. Returns whether it was. */
  rekey(member: MemberRecord, session: Session): boolean {
    const contest = this.#contests.get(member.key);
    const { chosen } = contest ?? {};
    if (!contest || !chosen || !isCurrent(session)) return false;
    if (this.#rivalOf(contest, session)?.number !== chosen.number) return false;
    session.channel.send({ type: 'rekey', token: chosen.token });
    this.#context.end(session, 'it makes a new key');
    return true;
  }

  /** Returns the number of processes that want a key. */
  count(key: MemberKey): number {
    return this.#contests.get(key)?.rivals.length ?? 0;
  }

  /** Forgets the processes that wanted a key. */
  forget(key: MemberKey): void {
    this.#contests.delete(key);
  }

  #contest(key: MemberKey): Contest {
    const known = this.#contests.get(key) ?? { rivals: [], next: 1 };
    this.#contests.delete(key);
    this.#contests.set(key, known);
    for (const oldest of this.#contests.keys()) {
      if (this.#contests.size <= mostContests) break;
      this.#contests.delete(oldest);
    }
    return known;
  }

  /** Returns the process of a session among those that are known: by its run, or, if it was started again, by its host and its stored state. */
  #rivalOf({ rivals }: Contest, session: Session): Rival | undefined {
    const own = rivals.find(({ run }) => run !== undefined && run === session.hello?.run);
    if (own) return own;
    const living = session.key === undefined ? undefined : this.#context.sessions.get(session.key);
    const isAnother = (rival: Rival): boolean => living !== undefined && living !== session && isSame(rival, living);
    return rivals.find((rival) => isLike(rival, session) && !isAnother(rival));
  }

  #add(contest: Contest, session: Session): void {
    const { hello, caller } = session;
    const before = this.#rivalOf(contest, session);
    const rival: Rival = {
      number: before?.number ?? contest.next++,
      run: hello?.run,
      incarnation: hello?.incarnation,
      host: hello?.host,
      from: caller.from,
      first: before?.first ?? this.#context.environment.clock.monotonic(),
    };
    const others = contest.rivals.filter((one) => one !== before && one.number !== contest.chosen?.number);
    const kept = contest.rivals.filter((one) => one !== before && one.number === contest.chosen?.number);
    contest.rivals = [...kept, ...others.slice(1 - mostRivals), rival].sort((a, b) => a.number - b.number);
  }
}

/** Returns true if a session tells the host and the stored state of a process. A copy on the same host tells the same. */
function isLike(rival: Rival, { hello, caller }: Session): boolean {
  return rival.host === hello?.host && rival.incarnation === hello?.incarnation && hostOf(rival.from) === hostOf(caller.from);
}

function isSame({ run, from }: Pick<Rival, 'run' | 'from'>, session: Session): boolean {
  return run === undefined ? from === session.caller.from : run === session.hello?.run;
}
