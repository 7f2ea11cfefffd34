import type { Clock, Timer } from '../clock.ts';
import type { ControlChannel, Dial, DialTarget } from './channel.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { Liveness, Watched } from './liveness.ts';
import type { JoinMessage } from './messages.ts';
import type { SlaveEvent } from './slave-event.ts';

/** The callbacks of a call. `closed` is called once, unless the call was disposed of. */
export interface CallEvents {
  readonly opened: () => void;
  /** Called when anything was received, until it ends. */
  readonly heard: () => void;
  /** Called with each message other than signs of life. */
  readonly message: (message: JoinMessage) => void;
  readonly closed: (reason: string, isForeign: boolean) => void;
}

/** The time in which a master must be reached, in milliseconds. */
const patience = 6000;

/** How many times longer than the master the control connection may be silent, while the link brings signs of life. */
const connectionPatience = 3;

/** One control connection of a slave, from the dial to its end. */
export class SlaveCall implements Disposable {
  readonly target: DialTarget;
  /** The watch on the master's life, once the connection stands: by this connection and by the link. */
  watched: Watched | undefined;
  /** The pin that the far end has proven; undefined for a plain one. */
  provenPin: Fingerprint | undefined;
  /** True if the master knows the messages that came after version 0.2.0. */
  isCurrent = false;
  /** True if the master has given its last answer on this connection: its end means nothing more. */
  isSettled = false;
  /** In milliseconds, once measured. */
  roundTrip: number | undefined;
  /** The watch on the connection itself: a relay may keep it up without forwarding. */
  #connection: Watched | undefined;
  readonly #clock: Clock;
  readonly #events: CallEvents;
  readonly #attempt: Disposable;
  #timer: Timer;
  #channel: ControlChannel | undefined;
  #lastSign: { readonly sent: number; readonly at: number } | undefined;
  /** True once it has ended from this side: later messages are dropped. */
  #ended = false;
  #closed = false;

  constructor(target: DialTarget, { clock, dial }: { readonly clock: Clock; readonly dial: Dial }, events: CallEvents) {
    this.target = target;
    this.#clock = clock;
    this.#events = events;
    this.#timer = clock.after(patience, () => {
      if (!this.#channel) this.fail(`no answer in ${patience / 1000} s`);
    });
    this.#attempt = dial(target, {
      opened: (channel, pin) => {
        this.#channel = channel;
        this.provenPin = pin;
        events.opened();
      },
      heard: () => {
        this.watched?.heard();
        this.#connection?.heard();
        if (this.isOpen) events.heard();
      },
      message: (message) => this.#take(message),
      closed: (reason, isForeign) => this.#close(reason, isForeign),
    });
  }

  /** True while messages can be sent. */
  get isOpen(): boolean {
    return this.#channel !== undefined && !this.#ended && !this.#closed;
  }

  send(message: JoinMessage): void {
    if (this.isOpen) this.#channel?.send(message);
  }

  /** Watches the life of the far end, and drops the connection when that is gone. `tell` is called when it is silent, and when it is heard again. */
  watch(liveness: Liveness, tell: (event: Extract<SlaveEvent, { type: 'suspect' | 'back' }>) => void): void {
    const seconds = (silence: number): number => Math.round(silence / 1000);
    this.watched = liveness.watch((life, silence) => {
      if (life === 'gone') this.fail(`nothing was received for ${seconds(silence)} s`);
      else tell(life === 'suspect' ? { type: 'suspect', silence } : { type: 'back' });
    });
    this.#connection = liveness.watch((life, silence) => {
      if (life === 'gone') this.fail(`nothing was received on it for ${seconds(silence)} s, though the link is alive`);
    }, connectionPatience);
  }

  /** Sends a sign of life. */
  pulse(): void {
    const now = this.#clock.monotonic();
    const sign = this.#lastSign;
    this.send({ type: 'alive', sent: Math.round(now), ...(sign && { echo: sign.sent, held: Math.round(now - sign.at) }) });
  }

  /** Runs something later, unless the connection has ended by then. For one thing at a time. */
  later(delay: number, run: () => void): void {
    this.#timer[Symbol.dispose]();
    this.#timer = this.#clock.after(delay, () => {
      if (this.isOpen) run();
    });
  }

  /** Ends it after what was sent. */
  end(reason: string): void {
    this.#ended = true;
    this.#unwatch();
    this.#channel?.end(reason);
  }

  /** Drops it at once. */
  fail(reason: string): void {
    this.#attempt[Symbol.dispose]();
    this.#close(reason);
  }

  /** Drops it at once; nothing is called any more. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#timer[Symbol.dispose]();
    this.#unwatch();
    this.#attempt[Symbol.dispose]();
  }

  #unwatch(): void {
    this.watched?.[Symbol.dispose]();
    this.#connection?.[Symbol.dispose]();
  }

  #take(message: JoinMessage): void {
    if (this.#ended || this.#closed) return;
    if (message.type !== 'alive') {
      this.#events.message(message);
      return;
    }
    const now = this.#clock.monotonic();
    if (message.sent !== undefined) this.#lastSign = { sent: message.sent, at: now };
    if (message.echo !== undefined && message.held !== undefined) this.roundTrip = Math.max(0, now - message.echo - message.held);
  }

  #close(reason: string, isForeign = false): void {
    if (this.#closed) return;
    this[Symbol.dispose]();
    this.#events.closed(reason, isForeign);
  }
}
