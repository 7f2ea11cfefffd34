import { messageOf } from '../errors.ts';
import { encodeBase32 } from './base32.ts';
import type { BarredKey, MemberKey, MemberRecord } from './group-change.ts';
import { decideNew, decideReturn, refuse, type JoinDecision } from './join-decision.ts';
import { JoinRate } from './join-rate.ts';
import { describeCaller, hostOf, isCurrent, type MasterContext, type Session } from './master-context.ts';
import type { Contenders } from './master-takeover.ts';
import type { Hello, JoinRefusal, OtherVersion, Welcome } from './messages.ts';
import { protocolVersion } from './messages.ts';
import { randomOctets } from './token.ts';

/** The numbers of ids left at which a warning is due. */
const warnAt: readonly number[] = [1000, 100, 10, 0];

/** Lets slaves join: hello, decision, the change on the disk, welcome. */
export class Joins {
  readonly #context: MasterContext;
  readonly #contenders: Contenders;
  readonly #rate: JoinRate;

  constructor(context: MasterContext, contenders: Contenders) {
    this.#context = context;
    this.#contenders = contenders;
    this.#rate = new JoinRate(context.environment.clock, context.options.rates);
  }

  /** Refuses a hello of another version of the protocol, and names both. */
  refuseVersion(session: Session, { version, software }: OtherVersion): void {
    const theirs = `version ${version}${software === undefined ? '' : ` (etherloom ${software})`}`;
    const ours = `version ${protocolVersion} (etherloom ${this.#context.options.software})`;
    const reason = `the slave speaks ${theirs} of the protocol, and the master ${ours}; install one version of etherloom on both`;
    this.refuse(session, refuse('version', reason));
  }

  /** Answers a hello. */
  async greet(session: Session, hello: Hello): Promise<void> {
    const { caller } = session;
    const key = caller.key ?? hello.key;
    session.hello = hello;
    if (key === undefined) {
      this.refuse(session, refuse('message', 'a plain slave must tell its key'));
      return;
    }
    session.key = key;
    if (this.#context.memory.state.group?.ended !== undefined) {
      session.channel.send(isCurrent(session) ? { type: 'end' } : refuse('unknown', 'the group was ended'));
      this.#context.end(session, 'the group was ended');
      return;
    }
    const known = this.#context.memory.state.member(key);
    if (known && this.#contenders.rekey(known, session)) return;
    const stop = this.#gate(session, key, hello);
    if (stop) {
      this.refuse(session, stop);
      return;
    }
    await this.#join(session, key, hello);
  }

  /** Goes on with a session that waited: its key was accepted. */
  async admit(session: Session): Promise<void> {
    const { key, hello } = session;
    if (session.state === 'waiting' && key !== undefined && hello) await this.#join(session, key, hello, true);
  }

  /** Refuses a session, and ends it. */
  refuse(session: Session, refusal: JoinRefusal): void {
    const { key, caller } = session;
    const id = key === undefined ? undefined : this.#context.memory.state.member(key)?.id;
    session.channel.send(refusal);
    this.#context.end(session, refusal.reason);
    this.#context.events.emit({ type: 'refused', from: caller.from, code: refusal.code ?? 'message', reason: refusal.reason, key, id });
  }

  /** Looks at the key, before anything is decided. */
  #gate(session: Session, key: MemberKey, hello: Hello): JoinRefusal | undefined {
    const { state } = this.#context.memory;
    const barred = state.barred(key);
    if (barred) return barredRefusal(barred);
    const member = state.member(key);
    if (member && (member.plain === true) !== (session.caller.plain === true)) {
      return refuse('unknown', 'the group knows this key in another way: plain and secured keys are not the same');
    }
    const rival = this.#context.sessions.get(key);
    if (rival && rival !== session) {
      // The same process has lost its connection, and the master has not noticed yet.
      if (hello.run === undefined || hello.run !== rival.hello?.run) return this.#twinRefusal(rival, session, member);
      this.#context.end(rival, 'the slave connected again');
    }
    if (!member && !this.#rate.take(hostOf(session.caller.from))) return refuse('busy', 'too many slaves join at this moment', true);
    return undefined;
  }

  #twinRefusal(rival: Session, session: Session, member: MemberRecord | undefined): JoinRefusal {
    const slave = member === undefined ? 'a slave' : `slave ${member.id}`;
    if (member) this.#contenders.note(member.key, session);
    const reason = `${slave} is alive at ${describeCaller(rival)}: two hosts cannot have one id, or a copy of one --state`;
    const remedy =
      member === undefined || member.plain
        ? ''
        : `; run "etherloom group takeover ${member.id}" at the master to choose one, or "etherloom identity new" here and join by a new line`;
    return refuse('alive', reason + remedy, true);
  }

  async #join(session: Session, key: MemberKey, hello: Hello, accepted = false): Promise<void> {
    const { memory, events, sessions } = this.#context;
    const known = memory.state.member(key);
    if (known?.waiting) {
      this.#wait(session, known);
      return;
    }
    const decision = this.#decide(session, key, hello, known);
    if ('reason' in decision) {
      if (decision.code === 'copied' && known) this.#contenders.note(key, session);
      this.refuse(session, decision);
      return;
    }
    session.state = 'joining';
    session.joinsBy = decision.token;
    sessions.set(key, session);
    const kept = memory.keep(decision.changes);
    const { left } = memory.state.ids;
    let incarnation = decision.member.offered;
    try {
      await kept;
    } catch (error) {
      if (known?.id !== decision.member.id) {
        if (!isOver(session)) this.refuse(session, refuse('store', `the master cannot keep the id: ${messageOf(error)}`, true));
        return;
      }
      // A member is let in as it was. A new incarnation that is lost with this process would lock it out: it keeps the one that it told.
      incarnation = decision.member.incarnation;
      memory.assume(known, { ...decision.member, offered: undefined });
    }
    if (!known && warnAt.includes(left)) events.emit({ type: 'ids-short', left });
    this.#follow(decision);
    session.joinsBy = undefined;
    if (isOver(session)) return;
    const refusal = this.#lastLook(session, key);
    if (refusal) {
      this.refuse(session, refusal);
      return;
    }
    const member = memory.state.member(key) ?? decision.member;
    if (member.waiting) {
      this.#wait(session, member);
      return;
    }
    this.#welcome(session, member, incarnation);
    const { id, name } = member;
    events.emit({
      type: 'joined',
      id,
      name,
      key,
      from: session.caller.from,
      first: !known || accepted,
      token: accepted ? member.token : decision.token,
    });
  }

  #decide(session: Session, key: MemberKey, hello: Hello, known: MemberRecord | undefined): JoinDecision {
    const { environment, options, memory, sessions } = this.#context;
    const request = {
      key,
      hello,
      from: hostOf(session.caller.from),
      plain: session.caller.plain === true,
      now: environment.clock.wall(),
      offered: encodeBase32(randomOctets(environment.random, 10)),
      approve: options.approve === true,
      digest: environment.digest,
      isLiving: (other: MemberKey) => sessions.has(other),
    };
    return known ? decideReturn(memory.state, known, request) : decideNew(memory.state, request);
  }

  /** Tells of what a join brought with it, once it is durable. */
  #follow(decision: Exclude<JoinDecision, JoinRefusal>): void {
    const { events, sessions, environment } = this.#context;
    const { member, replaces, forgotten } = decision;
    if (forgotten) events.emit({ type: 'forgotten', why: 'never-linked', id: forgotten.id, name: forgotten.name, key: forgotten.key });
    if (replaces === undefined) return;
    const reason = 'another key has taken over its id';
    const old = sessions.get(replaces);
    if (old) {
      if (isCurrent(old)) old.channel.send({ type: 'kicked', reason });
      this.#context.end(old, reason);
    }
    this.#contenders.forget(replaces);
    environment.expel(replaces, reason);
    events.emit({ type: 'replaced', id: member.id, name: member.name, key: member.key, before: replaces });
  }

  /** Looks at the roster again: the key may have been kicked, or its token revoked, while the change was written. */
  #lastLook(session: Session, key: MemberKey): JoinRefusal | undefined {
    const { state } = this.#context.memory;
    const barred = state.barred(key);
    if (barred) return barredRefusal(barred);
    if (session.cut) return session.cut;
    return state.member(key) ? undefined : refuse('unknown', 'the group has forgotten this key; join again');
  }

  #wait(session: Session, member: MemberRecord): void {
    const { id, name, key } = member;
    const reason = `node ${id} (${name}) waits until it is accepted: run "etherloom group accept ${id}" at the master`;
    this.#context.events.emit({ type: 'waiting', id, name, key, from: session.caller.from });
    if (!isCurrent(session)) {
      this.refuse(session, refuse('waiting', reason, true));
      return;
    }
    session.state = 'waiting';
    this.#context.sessions.set(key, session);
    session.channel.send({ type: 'wait', reason });
  }

  #welcome(session: Session, member: MemberRecord, incarnation: string | undefined): void {
    const { options, environment, memory } = this.#context;
    session.state = 'welcomed';
    session.since = environment.clock.monotonic();
    const welcome: Welcome = {
      type: 'welcome',
      id: member.id,
      ...options.terms(member.id),
      software: options.software,
      group: memory.state.group?.id,
      name: member.name,
      term: options.term ?? 1,
      masters: options.masters(),
      incarnation,
    };
    session.channel.send(welcome);
  }
}

function barredRefusal({ id, name, why }: BarredKey): JoinRefusal {
  const how = why === 'kicked' ? 'was kicked out of' : 'was replaced by a new key in';
  return refuse('barred', `the key of node ${id} (${name}) ${how} the group; run "etherloom identity new", and join by a new line`);
}

/** Asked behind an await, where the state may have changed. */
function isOver(session: Session): boolean {
  return session.state === 'over';
}
