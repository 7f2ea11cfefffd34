import { EtherloomError } from '../errors.ts';
import { Feed } from '../feed.ts';
import type { DialTarget } from './channel.ts';
import { Liveness } from './liveness.ts';
import { protocolVersion, type JoinMessage, type JoinRefusal, type MasterPlace, type Welcome } from './messages.ts';
import { SlaveCall } from './slave-call.ts';
import type { SlaveEngineOptions, SlaveEnvironment } from './slave-context.ts';
import type { SlaveEvent, Standing } from './slave-event.ts';
import type { SlaveMemory } from './slave-memory.ts';
import { SlaveRetry } from './slave-retry.ts';
import { SlaveSelf } from './slave-self.ts';

/** The most texts that are remembered as told. */
const mostTold = 64;

/** The membership of a slave. It keeps a control connection to a master until disposed of, or until the membership is over. */
export class SlaveEngine implements Disposable {
  readonly events = new Feed<SlaveEvent>();
  readonly #options: SlaveEngineOptions;
  readonly #environment: SlaveEnvironment;
  readonly #liveness: Liveness;
  readonly #retry: SlaveRetry;
  readonly #self: SlaveSelf;
  #welcome: Welcome | undefined;
  #standing: Standing = 'seeking';
  #mayServe = true;
  #joinedAt: number | undefined;
  #call: SlaveCall | undefined;
  readonly #told = new Set<string>();
  #serial = 0;
  #leaving: (() => void) | undefined;
  #state: Extract<JoinMessage, { type: 'state' }> | undefined;
  #open = true;

  /** Begins to dial. `memory` is stored already. */
  constructor(memory: SlaveMemory, options: SlaveEngineOptions, environment: SlaveEnvironment) {
    this.#options = options;
    this.#environment = environment;
    this.#self = new SlaveSelf(memory, options, environment, (reason) => {
      if (this.#open) this.events.emit({ type: 'not-stored', reason });
    });
    this.#welcome = memory.welcome;
    this.#liveness = new Liveness(environment.clock, () => this.#call?.pulse(), options.liveness);
    this.#retry = new SlaveRetry(environment.clock, () => void this.#dial());
    this.#retry.begin(this.#self.places());
  }

  /** The master's last answer, of an earlier process too; undefined before the first. */
  get welcome(): Welcome | undefined {
    return this.#welcome;
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** False while this slave must have neither a link nor a guest, since the master refused it for another one, or for good. */
  get mayServe(): boolean {
    return this.#mayServe;
  }

  /** The time of the last welcome, in milliseconds of the clock; undefined while it is not joined. */
  get joinedAt(): number | undefined {
    return this.#joinedAt;
  }

  /** The round trip to the master in milliseconds, once measured. */
  get roundTrip(): number | undefined {
    return this.#call?.roundTrip;
  }

  /** The places at which a link to the master is dialled, in this order. */
  get linkTargets(): readonly DialTarget[] {
    return this.#self.places().map((address) => ({ address, pin: this.#self.memory.pin, identity: 'current' }));
  }

  /** Notes a sign of life on the link to the master. */
  heard(): void {
    this.#call?.watched?.heard();
  }

  /** Tells the master the state of the guest, now and after each join. */
  tellState(guest: string, address?: string): void {
    this.#state = { type: 'state', guest, address };
    this.#sendState();
  }

  /** Leaves the group for good. Resolves once the master has forgotten this slave; it may have to be reached for that. */
  leave(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#standing === 'over') resolve();
      this.#leaving = resolve;
      if (this.#standing === 'joined' || this.#standing === 'waiting') this.#call?.send({ type: 'leave' });
    });
  }

  [Symbol.dispose](): void {
    this.#open = false;
    this.#retry[Symbol.dispose]();
    this.#liveness[Symbol.dispose]();
    this.#call?.[Symbol.dispose]();
    this.#call = undefined;
  }

  async #dial(): Promise<void> {
    await this.#self.stored;
    if (!this.#open) return;
    const address = this.#retry.place;
    const identity = this.#self.isRekeying ? 'next' : 'current';
    const target: DialTarget = { address, pin: this.#self.memory.pin, identity };
    const call: SlaveCall = new SlaveCall(target, this.#environment, {
      opened: () => {
        call.watched = this.#liveness.watch((life, silence) => {
          if (life === 'gone') call.fail(`nothing was received for ${Math.round(silence / 1000)} s`);
          else this.events.emit(life === 'suspect' ? { type: 'suspect', silence } : { type: 'back' });
        });
        call.send(this.#self.hello(target.identity));
      },
      message: (message) => this.#take(call, message),
      closed: (reason) => this.#lose(call, reason),
    });
    this.#call = call;
  }

  #take(call: SlaveCall, message: JoinMessage): void {
    switch (message.type) {
      case 'welcome':
        void this.#join(call, message);
        return;
      case 'refusal':
        call.end(message.reason);
        void this.#refuse(call, message);
        return;
      case 'other-version': {
        const theirs = `version ${message.version}${message.software === undefined ? '' : ` (etherloom ${message.software})`}`;
        const reason = `the master speaks ${theirs} of the protocol, and this slave version ${protocolVersion} (etherloom ${this.#options.software})`;
        call.end(reason);
        void this.#refuse(call, { type: 'refusal', reason, retry: false, code: 'version' });
        return;
      }
      case 'wait':
        this.#standing = 'waiting';
        this.#mayServe = false;
        this.#told.clear();
        this.events.emit({ type: 'waiting', reason: message.reason });
        return;
      case 'rekey':
        call.end('it makes a new key');
        void this.#rekey(call, message.token);
        return;
      case 'kicked':
        this.#finish({ type: 'kicked', reason: message.reason });
        return;
      case 'end':
        this.#finish({ type: 'ended' });
        return;
      case 'left':
        this.#finish({ type: 'left' });
        return;
      default:
        // Behind a welcome that is still being stored.
        void this.#self.stored.then(() => {
          if (this.#standing === 'joined') this.#hearNews(message);
        });
    }
  }

  #hearNews(message: JoinMessage): void {
    const { consent = new Set() } = this.#options;
    if (message.type === 'news' && message.serial > this.#serial) {
      this.#serial = message.serial;
      const fields = Object.entries(message.description);
      const description = Object.fromEntries(fields.filter(([name]) => consent.has(name)));
      this.events.emit({ type: 'news', description, ignored: fields.map(([name]) => name).filter((name) => !consent.has(name)) });
    } else if (message.type === 'masters')
      this.#keepTold({ masters: message.masters, term: message.term }, { type: 'masters', masters: message.masters });
    else if (message.type === 'renamed') this.#keepTold({ name: message.name }, { type: 'renamed', name: message.name });
  }

  #keepTold(told: { readonly name?: string; readonly masters?: readonly MasterPlace[]; readonly term?: number }, event: SlaveEvent): void {
    if (this.#welcome) this.#welcome = { ...this.#welcome, ...told };
    void this.#self.change((memory) => ({ ...memory, welcome: memory.welcome && { ...memory.welcome, ...told } }));
    this.events.emit(event);
  }

  async #join(call: SlaveCall, welcome: Welcome): Promise<void> {
    const before = this.#welcome;
    const { pin, newMaster, token } = this.#self.memory;
    const isOther = before?.group !== undefined && welcome.group !== before.group;
    if (isOther && pin !== undefined && (newMaster || token === undefined)) {
      const reason = `the master with pin ${pin} has group ${welcome.group ?? 'none'}, and this state belongs to group ${before.group}; use another --state`;
      call.end(reason);
      return this.#refuse(call, { type: 'refusal', reason, retry: false, code: 'group' });
    }
    const { identity } = call.target;
    const { keys } = this.#environment;
    const key = this.#self.keyOf(identity);
    const kept = await this.#self.change(async ({ addresses }) => {
      if (identity === 'next') await keys?.promote();
      return { pin, addresses, key, welcome };
    });
    if (!call.isOpen || !this.#open) return;
    this.#welcome = welcome;
    this.#standing = 'joined';
    this.#mayServe = true;
    this.#joinedAt = this.#environment.clock.monotonic();
    this.#told.clear();
    this.#serial = 0;
    this.#retry.held(this.#self.places());
    call.isCurrent = welcome.software !== undefined;
    if (kept && call.isCurrent && welcome.incarnation !== undefined) call.send({ type: 'confirm', incarnation: welcome.incarnation });
    this.#sendState();
    if (this.#leaving) call.send({ type: 'leave' });
    this.events.emit({ type: 'joined', welcome, before, address: call.target.address });
  }

  async #refuse(call: SlaveCall, { reason, retry, code }: JoinRefusal): Promise<void> {
    call.isSettled = true;
    if (this.#leaving && code === 'unknown') {
      this.#finish({ type: 'left' });
      return;
    }
    if (call.target.identity === 'next' && !retry) {
      // The demand has expired: the present key goes on.
      await this.#self.change(async (memory) => {
        await this.#environment.keys?.drop();
        return { ...memory, rekey: undefined };
      });
      if (this.#open) this.#retry.soon();
      return;
    }
    const withdraw = code === 'alive' || code === 'copied' || code === 'barred' || code === 'waiting';
    this.#standing = 'refused';
    this.#joinedAt = undefined;
    if (withdraw) this.#mayServe = false;
    // The ports of addresses differ with each attempt.
    this.events.emit({
      type: 'refused',
      code,
      reason,
      permanent: !retry,
      withdraw,
      again: this.#isTold(`${code ?? ''} ${reason.replace(/:\d+\b/g, '')}`),
    });
    this.#retry.refused(retry, code);
  }

  async #rekey(call: SlaveCall, token: NonNullable<SlaveMemory['token']>): Promise<void> {
    call.isSettled = true;
    this.#standing = 'seeking';
    this.#joinedAt = undefined;
    const { keys } = this.#environment;
    const kept = await this.#self.change(async (memory) => {
      if (!keys)
        throw new EtherloomError('not-supported', 'cannot make a new key: a plain slave proves none; give it a --state of its own');
      return { ...memory, rekey: { key: await keys.make(), token } };
    });
    if (!this.#open) return;
    if (kept) this.events.emit({ type: 'rekeying' });
    this.#retry.soon();
  }

  #lose(call: SlaveCall, reason: string): void {
    if (this.#call === call) this.#call = undefined;
    if (!this.#open || call.isSettled) return;
    const { address } = call.target;
    if (this.#standing === 'joined' || this.#standing === 'waiting') {
      this.#standing = 'seeking';
      this.#joinedAt = undefined;
      this.events.emit({ type: 'lost', reason });
      this.#retry.lost();
      return;
    }
    this.events.emit({ type: 'unreachable', address, reason, again: this.#isTold(`${address} ${reason}`) });
    this.#retry.failed();
  }

  #finish(event: SlaveEvent): void {
    this.#standing = 'over';
    this.#mayServe = false;
    this.#joinedAt = undefined;
    this[Symbol.dispose]();
    this.#leaving?.();
    this.events.emit(event);
  }

  #sendState(): void {
    if (this.#state && this.#standing === 'joined' && this.#call?.isCurrent) this.#call.send(this.#state);
  }

  #isTold(text: string): boolean {
    const again = this.#told.has(text);
    if (this.#told.size >= mostTold) this.#told.clear();
    this.#told.add(text);
    return again;
  }
}
