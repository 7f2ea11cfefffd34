import type { Caller, ControlChannel } from './channel.ts';
import type { MemberKey, MemberRecord } from './group-change.ts';
import type { Life } from './liveness.ts';
import { isCurrent, type MasterContext, type Session } from './master-context.ts';
import type { MemberView } from './member-view.ts';
import type { JoinMessage } from './messages.ts';

/** The seconds in which a new connection must send its hello. */
const helloTime = 5;

/** The time after which a plain member counts as linked: nothing tells which links are its. In milliseconds. */
const plainTrial = 10_000;

/** The control connections of a master: their signs of life, and the states that slaves tell. */
export class Sessions {
  readonly #context: MasterContext;
  readonly #open = new Set<Session>();

  constructor(context: MasterContext) {
    this.#context = context;
  }

  /** The number of members that are connected. */
  get welcomed(): number {
    let count = 0;
    for (const { state } of this.#context.sessions.values()) if (state === 'welcomed') count += 1;
    return count;
  }

  /** Makes the session of a new connection. It ends if no hello comes in time. */
  open(caller: Caller, channel: ControlChannel): Session {
    const session: Session = {
      caller,
      channel,
      state: 'new',
      key: undefined,
      hello: undefined,
      since: this.#context.environment.clock.monotonic(),
      silence: 0,
      roundTrip: undefined,
      lastSign: undefined,
      guest: undefined,
      watched: undefined,
      joinsBy: undefined,
      cut: undefined,
    };
    this.#open.add(session);
    return session;
  }

  /** Takes a message behind the hello. Returns false if a slave does not send it. */
  take(session: Session, message: JoinMessage): boolean {
    switch (message.type) {
      case 'alive':
        this.#sign(session, message);
        return true;
      case 'confirm':
        this.#confirm(session, message.incarnation);
        return true;
      case 'state':
        session.guest = message;
        return true;
      case 'unknown':
        return true;
      default:
        return false;
    }
  }

  /** Notes the end of a connection. */
  close(session: Session, reason: string): void {
    const isStranger = session.state === 'new' && !session.hello;
    this.#open.delete(session);
    this.#context.end(session, reason);
    if (isStranger) this.#context.events.emit({ type: 'stranger', from: session.caller.from, reason });
  }

  /** Sends signs of life, and ends connections without a hello: not if the master is late, which may not have read it. */
  pulse(isLate: boolean): void {
    const now = this.#context.environment.clock.monotonic();
    for (const session of this.#open) {
      if (session.state === 'over') continue;
      if (session.hello) this.#pulseOf(session, now);
      else if (!isLate && ++session.silence >= helloTime) this.close(session, 'it sent nothing');
    }
  }

  /** Takes a verdict on the life of a slave. */
  judge(session: Session, life: Life, silence: number): void {
    const member = this.#memberOf(session);
    if (life === 'gone') this.#context.end(session, `nothing was received for ${Math.round(silence / 1000)} s`);
    else if (member && session.state === 'welcomed') {
      const { id, name, key } = member;
      this.#context.events.emit(life === 'suspect' ? { type: 'suspect', id, name, key, silence } : { type: 'back', id, name, key });
    }
  }

  /** Notes that a link is up, or down. */
  linked(key: MemberKey, isUp: boolean): void {
    const { linked, memory, events } = this.#context;
    const member = memory.state.member(key);
    if (linked.has(key) === isUp) return;
    if (isUp) linked.add(key);
    else linked.delete(key);
    if (!member) return;
    if (isUp) this.#markLinked(member);
    else this.#context.gone.set(key, this.#context.environment.clock.monotonic());
    events.emit({ type: isUp ? 'linked' : 'unlinked', id: member.id, name: member.name, key });
  }

  /** Returns the connection of a member, for a list. */
  view(key: MemberKey): MemberView['connected'] {
    const session = this.#context.sessions.get(key);
    if (session?.state !== 'welcomed') return undefined;
    return {
      from: session.caller.from,
      since: this.#context.environment.clock.monotonic() - session.since,
      software: session.hello?.software,
      roundTrip: session.roundTrip,
      suspect: session.watched?.life === 'suspect',
      guest: session.guest?.guest,
      address: session.guest?.address,
    };
  }

  /** Ends all connections. */
  endAll(reason: string): void {
    for (const session of [...this.#open]) this.#context.end(session, reason);
  }

  #pulseOf(session: Session, now: number): void {
    const { lastSign } = session;
    const echo = lastSign && { echo: lastSign.sent, held: Math.round(now - lastSign.at) };
    session.channel.send(isCurrent(session) ? { type: 'alive', sent: Math.round(now), ...echo } : { type: 'alive' });
    const member = session.caller.plain && session.state === 'welcomed' ? this.#memberOf(session) : undefined;
    if (member && !member.linked && now - session.since >= plainTrial) this.#markLinked(member);
  }

  #sign(session: Session, { sent, echo, held }: Extract<JoinMessage, { type: 'alive' }>): void {
    const now = this.#context.environment.clock.monotonic();
    if (sent !== undefined) session.lastSign = { sent, at: now };
    if (echo !== undefined && held !== undefined) session.roundTrip = Math.max(0, now - echo - held);
  }

  #confirm(session: Session, incarnation: string): void {
    const member = this.#memberOf(session);
    if (member?.offered !== incarnation) return;
    const confirmed = { ...member, incarnation, offered: undefined };
    const { memory } = this.#context;
    // If this is lost with the process, the slave is still known by the incarnation that was offered. The failure is an event.
    memory.keep([{ type: 'member', member: confirmed }]).catch(() => memory.assume(member, confirmed));
  }

  #markLinked(member: MemberRecord): void {
    if (member.linked) return;
    this.#context.memory.keep([{ type: 'member', member: { ...member, linked: true } }]).catch(() => undefined);
  }

  #memberOf({ key }: Session): MemberRecord | undefined {
    return key === undefined ? undefined : this.#context.memory.state.member(key);
  }
}
