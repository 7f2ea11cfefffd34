import { Feed } from '../feed.ts';
import type { DialTarget } from './channel.ts';
import type { Fingerprint } from './fingerprint.ts';
import { Liveness } from './liveness.ts';
import type { JoinMessage, JoinRefusal, Welcome } from './messages.ts';
import type { ShortcutMessage } from './shortcut-messages.ts';
import { SlaveCall } from './slave-call.ts';
import type { SlaveEngineOptions, SlaveEnvironment } from './slave-context.ts';
import type { SlaveEvent, Standing } from './slave-event.ts';
import { refuseGroup, refuseVersion } from './slave-judgement.ts';
import type { SlaveMemory } from './slave-memory.ts';
import { SlaveNews, type Told } from './slave-news.ts';
import { SlavePins } from './slave-pins.ts';
import { SlaveRetry } from './slave-retry.ts';
import { SlaveSelf } from './slave-self.ts';
import { SlaveStanding } from './slave-standing.ts';
import { ToldTexts, withoutPorts } from './told-texts.ts';

/** The time after which the master's answer is stored again if the disk did not take it, in milliseconds. */
const storeWait = 10_000;

/** The membership of a slave. It keeps a control connection to a master until disposed of, or until the membership is over. */
export class SlaveEngine implements Disposable {
  readonly events = new Feed<SlaveEvent>();
  /** The signs of life of the master on the control connection alone, while this slave is joined. */
  readonly signs = new Feed<void>();
  readonly #options: SlaveEngineOptions;
  readonly #environment: SlaveEnvironment;
  readonly #liveness: Liveness;
  readonly #retry: SlaveRetry;
  readonly #self: SlaveSelf;
  readonly #pins: SlavePins;
  readonly #news: SlaveNews;
  #welcome: Welcome | undefined;
  readonly #standing = new SlaveStanding();
  /** Resolves when no welcome is being stored. */
  #joining: Promise<void> = Promise.resolve();
  #call: SlaveCall | undefined;
  readonly #told = new ToldTexts();
  #leaving: (() => void) | undefined;
  #state: Extract<JoinMessage, { type: 'state' }> | undefined;
  #open = true;

  /** Begins to dial. `memory` is stored already. */
  constructor(memory: SlaveMemory, options: SlaveEngineOptions, environment: SlaveEnvironment) {
    this.#options = options;
    this.#environment = environment;
    this.#self = new SlaveSelf(memory, options, environment, (reason) => {
      if (this.#open) this.events.emit(reason === undefined ? { type: 'stored' } : { type: 'not-stored', reason });
    });
    const emit = (event: SlaveEvent): void => {
      if (this.#open) this.events.emit(event);
    };
    const told = (fields: Told): void => void (this.#welcome &&= { ...this.#welcome, ...fields });
    this.#pins = new SlavePins(this.#self, emit);
    this.#news = new SlaveNews({ self: this.#self, pins: this.#pins, consent: options.consent, emit, told });
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
    return this.#standing.state;
  }

  /** False while this slave must have neither a link nor a guest, since the master refused it for another one, or for good. */
  get mayServe(): boolean {
    return this.#standing.mayServe;
  }

  /** False while the master refuses this slave for good: its link would be refused as well. */
  get mayLink(): boolean {
    return this.#standing.mayLink;
  }

  /** The time of the last welcome, in milliseconds of the clock; undefined while it is not joined. */
  get joinedAt(): number | undefined {
    return this.#standing.joinedAt;
  }

  /** The round trip to the master in milliseconds, once measured. */
  get roundTrip(): number | undefined {
    return this.#call?.roundTrip;
  }

  /** The places at which a link to the master is dialled, in this order. */
  get linkTargets(): readonly DialTarget[] {
    return this.#self.places().map((address) => this.#self.targetAt(address, this.#self.welcomed));
  }

  /** The pins of the master's next key that were told: one counts beside the present one, of two none does. */
  get nextPins(): readonly Fingerprint[] {
    return this.#self.memory.nextPins ?? [];
  }

  /** Notes the pin that the master has proven on a link: a next one takes the place of the present one. Returns false if it was given up. */
  notePin(pin: Fingerprint | undefined): boolean {
    void this.#pins.proven(pin);
    if (this.#call) this.#pins.drop(this.#call);
    return !this.#pins.isFormer(pin);
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

  /** Sends the master a message about shortcuts, if this slave is joined. */
  tellShortcuts(message: ShortcutMessage): void {
    if (this.#standing.state === 'joined' && this.#call?.isCurrent) this.#call.send(message);
  }

  /** Leaves the group for good. Resolves once the master has forgotten this slave; it may have to be reached for that. */
  leave(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#standing.state === 'over') resolve();
      this.#leaving = resolve;
      if (this.#standing.isHeld) this.#call?.send({ type: 'leave' });
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
    const target = this.#self.targetAt(this.#retry.place, this.#self.isRekeying ? 'next' : 'current');
    const call: SlaveCall = new SlaveCall(target, this.#environment, {
      opened: () => {
        call.watch(this.#liveness, (event) => this.events.emit(event));
        this.#pins.meet(call, () => call.send(this.#self.hello(target.identity)));
      },
      heard: () => {
        if (this.#standing.state === 'joined') this.signs.emit();
      },
      message: (message) => this.#take(call, message),
      closed: (reason, isForeign) => this.#lose(call, reason, isForeign),
    });
    this.#call = call;
  }

  #take(call: SlaveCall, message: JoinMessage): void {
    switch (message.type) {
      case 'welcome':
        this.#joining = this.#join(call, message);
        return;
      case 'refusal':
      case 'other-version': {
        const refusal = message.type === 'refusal' ? message : refuseVersion(message, this.#options.software);
        call.end(refusal.reason);
        void this.#refuse(call, refusal);
        return;
      }
      case 'wait':
        this.#standing.wait();
        this.#told.clear();
        this.events.emit({ type: 'waiting', reason: message.reason });
        return;
      case 'rekey':
        call.end('it makes a new key');
        void this.#rekey(call, message.token);
        return;
      case 'kicked':
      case 'end':
      case 'left':
        this.#finish(message.type === 'end' ? { type: 'ended' } : message);
        return;
      default:
        // Behind a welcome that is still being stored.
        void this.#joining.then(() => this.#hear(call, message));
    }
  }

  async #hear(call: SlaveCall, message: JoinMessage): Promise<void> {
    const isIn = this.#standing.state === 'joined' || (this.#standing.state === 'waiting' && message.type === 'next-pin');
    if (!call.isOpen || !isIn) return;
    await this.#news.hear(call, message);
    this.#renew(call);
  }

  /** Dials again if the master presents its next key now: only then the present pin counts no more. */
  #renew(call: SlaveCall): void {
    if (!call.isOpen || !this.#pins.isDue(call, this.#welcome)) return;
    call.end('the master has a new key');
    call.isSettled = true;
    this.#standing.seek();
    this.#retry.lost();
  }

  async #join(call: SlaveCall, welcome: Welcome): Promise<void> {
    const before = this.#welcome;
    const other = refuseGroup(this.#self.memory, before, welcome);
    if (other) {
      call.end(other.reason);
      return this.#refuse(call, other);
    }
    call.isCurrent = welcome.software !== undefined;
    await this.#store(call, welcome);
    if (!call.isOpen || !this.#open) return;
    this.#welcome = welcome;
    this.#standing.join(this.#environment.clock.monotonic());
    this.#told.clear();
    this.#news.begin();
    this.#retry.held(this.#self.places());
    this.#sendState();
    if (this.#leaving) call.send({ type: 'leave' });
    this.events.emit({ type: 'joined', welcome, before, address: call.target.address });
    this.#renew(call);
  }

  /**
   * Stores the master's answer, and confirms that. If the disk does not take it, the slave goes on with the incarnation that is stored, which
   * the master accepts too, and tries again as long as this connection holds: behind it, the master may offer another one.
   */
  async #store(call: SlaveCall, welcome: Welcome): Promise<void> {
    const isStored = await this.#self.storeWelcome(call.target.identity, welcome);
    if (!isStored) call.later(storeWait, () => void this.#store(call, this.#welcome ?? welcome));
    else if (call.isCurrent && welcome.incarnation !== undefined) call.send({ type: 'confirm', incarnation: welcome.incarnation });
  }

  async #refuse(call: SlaveCall, { reason, retry, code }: JoinRefusal): Promise<void> {
    call.isSettled = true;
    if (this.#leaving && code === 'unknown') {
      this.#finish({ type: 'left' });
      return;
    }
    if (call.target.identity === 'next' && !retry) {
      // The demand has expired: the present key goes on.
      this.#redial(await this.#self.dropKey());
      return;
    }
    const withdraw = code === 'alive' || code === 'copied' || code === 'barred' || code === 'waiting';
    this.#standing.refuse(!retry, withdraw);
    this.events.emit({ type: 'refused', code, reason, permanent: !retry, withdraw, again: this.#told.again(withoutPorts(reason)) });
    this.#retry.refused(retry, code);
  }

  async #rekey(call: SlaveCall, token: NonNullable<SlaveMemory['token']>): Promise<void> {
    call.isSettled = true;
    this.#standing.seek();
    const isStored = await this.#self.prepareKey(token);
    if (this.#open && isStored) this.events.emit({ type: 'rekeying' });
    this.#redial(isStored);
  }

  /** Dials again: at once, or, if the state could not be stored, as after a refusal for now. */
  #redial(isStored: boolean): void {
    if (!this.#open) return;
    if (isStored) this.#retry.soon();
    else this.#retry.refused(true, undefined);
  }

  #lose(call: SlaveCall, reason: string, isForeign: boolean): void {
    if (this.#call === call) this.#call = undefined;
    if (!this.#open || call.isSettled) return;
    const { address } = call.target;
    if (this.#standing.isHeld) {
      this.#standing.seek();
      this.events.emit({ type: 'lost', reason });
      this.#retry.lost();
      return;
    }
    this.events.emit({ type: 'unreachable', address, reason, isForeign, again: this.#told.again(`${address} ${reason}`) });
    this.#retry.failed();
  }

  #finish(event: SlaveEvent): void {
    this.#standing.end();
    this[Symbol.dispose]();
    void this.#self.forget(event.type !== 'kicked').then(() => {
      this.#leaving?.();
      this.events.emit(event);
    });
  }

  #sendState(): void {
    if (this.#state && this.#standing.state === 'joined' && this.#call?.isCurrent) this.#call.send(this.#state);
  }
}
