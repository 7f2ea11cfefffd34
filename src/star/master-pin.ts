import { EtherloomError, messageOf } from '../errors.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { MemberRecord } from './group-change.ts';
import type { NextPinRecord } from './group-state.ts';
import type { NodeId } from './identity.ts';
import { isCurrent, tellMasters, type MasterContext, type Session } from './master-context.ts';
import type { MasterTokens } from './master-tokens.ts';
import type { DisputesPin, HoldsPin } from './messages.ts';
import type { OwnKeys } from './own-keys.ts';

/** A member that does not hold the master's next pin. */
export interface PinlessMember {
  readonly id: NodeId;
  readonly name: string;
  /** It is not connected; it was told different pins, and takes none; or it has not confirmed, as with a version that does not know how. */
  readonly why: 'away' | 'disputed' | 'unconfirmed';
}

/** The change of a master's key that is under way. */
export interface PinChange {
  /** The pin of the next key. */
  readonly pin: Fingerprint;
  /** The members that would have to join by `--new-master` if the master changed its key now. */
  readonly missing: readonly PinlessMember[];
}

/** The result of an act on the master's key. */
export interface PinOutcome extends PinChange {
  /** `telling` while members are missing, `changed` once the master presents the key, `cancelled` if it keeps the present one. */
  readonly state: 'telling' | 'changed' | 'cancelled';
  /** The number of tokens that were revoked, since their lines have the old pin alone. */
  readonly revoked: number;
}

/** How long after the change a handshake with the old key may still bring in a member, in milliseconds. */
const handshakeTime = 10_000;

/**
 * The change of a master's key, which was stolen. The master makes the next key, and tells its pin under the present one. Each member confirms
 * that it is on its disk, and the roster notes that. When all have it, the master presents the next key. The point of no return is the step in
 * which its file takes the place of the present one: a process that finds that done finishes the change.
 */
export class MasterPin {
  readonly #context: MasterContext;
  readonly #tokens: MasterTokens;
  /** Resolves when no act is under way. */
  #idle: Promise<unknown> = Promise.resolve();
  #changedAt = -Infinity;

  constructor(context: MasterContext, tokens: MasterTokens) {
    this.#context = context;
    this.#tokens = tokens;
  }

  /** The change that is under way. */
  get change(): PinChange | undefined {
    const record = this.#pending;
    return record && { pin: record.pin, missing: this.#missing(record.pin) };
  }

  /**
   * Makes the next key, and tells it to the members; or goes on with that. Rejects with EtherloomError: `not-supported` without keys, `refused` if
   * the group was ended, `bad-state` if the next key is lost, `system`.
   */
  begin(): Promise<PinOutcome> {
    return this.#inTurn(async () => {
      const { memory, environment, events } = this.#context;
      const keys = this.#keys();
      if (memory.state.group?.ended !== undefined)
        throw new EtherloomError('refused', 'cannot change the key: the group was ended; start a master with another --state');
      const before = this.#pending;
      if (before) this.#check(before, keys);
      const pin = before?.pin ?? (await keys.make());
      if (!before) {
        await memory.keep([{ type: 'next-pin', pin, since: environment.clock.wall() }]);
        events.emit({ type: 'next-pin', pin });
      }
      return this.#goOn(pin, keys);
    });
  }

  /** Presents the next key now. Rejects as `begin` does, and with `bad-option` if no change is under way. */
  finish(): Promise<PinOutcome> {
    return this.#inTurn(() => {
      const keys = this.#keys();
      const { pin } = this.#check(this.#underWay(), keys);
      return this.#present(pin, keys);
    });
  }

  /**
   * Keeps the present key. The next one stays in its file, for a later change: members must not be told two. Rejects with `bad-option` if no change
   * is under way.
   */
  cancel(): Promise<PinOutcome> {
    return this.#inTurn(async () => {
      const { pin } = this.#underWay();
      await this.#context.memory.keep([{ type: 'next-pin-over', pin }]);
      this.#context.events.emit({ type: 'pin-kept', pin });
      return { state: 'cancelled', pin, missing: [], revoked: 0 };
    });
  }

  /** Goes on with a change that is under way, as after a start. Rejects if a step fails: call it again later. */
  resume(): Promise<void> {
    if (!this.#context.memory.state.nextPin) return Promise.resolve();
    return this.#inTurn(async () => {
      const { memory, environment } = this.#context;
      const { nextPin } = memory.state;
      const { keys } = environment;
      if (!nextPin || !keys) return;
      if (keys.current === nextPin.pin) await this.#close(nextPin.pin);
      else if (keys.next === nextPin.pin) await this.#goOn(nextPin.pin, keys);
    });
  }

  /** Tells a member the next pin. One that came in by the old key in the moment of the change is told the present one. */
  tell(session: Session): void {
    const { environment, memory } = this.#context;
    const isRecent = environment.clock.monotonic() - this.#changedAt < handshakeTime;
    const pin = this.#pending?.pin ?? (isRecent ? environment.keys?.current : undefined);
    const isIn = session.state === 'welcomed' || session.state === 'waiting';
    if (pin === undefined || !isIn || session.caller.plain || !isCurrent(session) || memory.state.group?.ended !== undefined) return;
    session.channel.send({ type: 'next-pin', pin });
  }

  /** Takes a member's answer. Rejects if it cannot be kept: the member is told again. */
  async hear({ key }: Session, answer: HoldsPin | DisputesPin): Promise<void> {
    const { memory, events } = this.#context;
    const member = key === undefined ? undefined : memory.state.member(key);
    const pin = this.#pending?.pin;
    if (!member || pin === undefined) return;
    if (answer.type === 'holds-pin') {
      if (answer.pin !== pin || member.holds === pin) return;
      await memory.keep([{ type: 'member', member: { ...member, holds: pin, disputes: undefined } }]);
      events.emit({ type: 'holds-pin', id: member.id, name: member.name, key: member.key });
      await this.resume();
    } else if (!member.disputes) {
      await memory.keep([{ type: 'member', member: { ...member, holds: undefined, disputes: true } }]);
      events.emit({ type: 'disputed', id: member.id, name: member.name, key: member.key });
    }
  }

  /** The record of a change, unless the key was changed and only the record of that could not be kept. */
  get #pending(): NextPinRecord | undefined {
    const { nextPin } = this.#context.memory.state;
    return nextPin?.pin === this.#context.environment.keys?.current ? undefined : nextPin;
  }

  async #goOn(pin: Fingerprint, keys: OwnKeys): Promise<PinOutcome> {
    const missing = this.#missing(pin);
    if (missing.length === 0) return this.#present(pin, keys);
    for (const { id } of missing) {
      const key = this.#context.memory.state.memberOf(id)?.key;
      const session = key === undefined ? undefined : this.#context.sessions.get(key);
      if (session) this.tell(session);
    }
    return { state: 'telling', pin, missing, revoked: 0 };
  }

  async #present(pin: Fingerprint, keys: OwnKeys): Promise<PinOutcome> {
    const { environment, events } = this.#context;
    const before = keys.current;
    const missing = this.#missing(pin);
    try {
      await keys.promote();
    } catch (error) {
      // The file of the next key may remain: that does no harm.
      if (keys.current !== pin) {
        events.emit({ type: 'not-kept', reason: messageOf(error) });
        throw error;
      }
    }
    this.#changedAt = environment.clock.monotonic();
    tellMasters(this.#context);
    // If this fails, it is an event, and tried again.
    const revoked = await this.#close(pin).catch(() => 0);
    events.emit({ type: 'new-pin', pin, before, missing: missing.map(({ id }) => id), revoked });
    return { state: 'changed', pin, missing, revoked };
  }

  /** Notes that the change is done, and revokes the tokens whose lines have the old pin alone: only a thief has a use for them. */
  async #close(pin: Fingerprint): Promise<number> {
    const { memory, environment } = this.#context;
    const now = environment.clock.wall();
    const old = this.#tokens.list().filter((token) => {
      const isGood = token.revoked === undefined && token.expires > now && token.used < (token.uses ?? Infinity);
      return isGood && token.pin !== undefined && token.pin !== pin;
    });
    await memory.keep([...old.flatMap((token) => this.#tokens.revocation(token, now)), { type: 'next-pin-over', pin }]);
    return old.length;
  }

  #missing(pin: Fingerprint): readonly PinlessMember[] {
    const { memory } = this.#context;
    const missing = memory.state.members().filter(({ plain, holds }) => !plain && holds !== pin);
    return missing.map((member) => ({ id: member.id, name: member.name, why: this.#reasonOf(member) }));
  }

  #reasonOf({ key, disputes }: MemberRecord): PinlessMember['why'] {
    if (disputes) return 'disputed';
    return this.#context.sessions.has(key) ? 'unconfirmed' : 'away';
  }

  #underWay(): NextPinRecord {
    const record = this.#pending;
    if (record) return record;
    throw new EtherloomError('bad-option', 'the master does not change its key now; begin with "etherloom group rekey"');
  }

  #keys(): OwnKeys {
    const { keys } = this.#context.environment;
    if (keys) return keys;
    throw new EtherloomError('not-supported', 'cannot change the key: this master has none of its own; start it with a --state');
  }

  #check(record: NextPinRecord, { next }: OwnKeys): NextPinRecord {
    if (next === record.pin) return record;
    const what = `cannot change the key: the one with pin ${record.pin}, which members were told, is not there any more`;
    throw new EtherloomError(
      'bad-state',
      `${what}; restore identity-next.pem in the state directory, or give it up by "etherloom group rekey --cancel"`,
    );
  }

  #inTurn<Value>(act: () => Promise<Value>): Promise<Value> {
    const done = this.#idle.then(act);
    this.#idle = done.catch(() => undefined);
    return done;
  }
}
