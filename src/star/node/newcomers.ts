import type { PortEnvironment } from '../../ports/environment.ts';
import type { ByteChannel } from '../../ports/stream/byte-channel.ts';
import type { Caller, ControlChannel, ControlEvents } from '../channel.ts';
import type { JoinMessage } from '../messages.ts';
import { Deadlines } from './deadlines.ts';
import { keepThroughLosses, LineChannel } from './line-channel.ts';
import { mostMembersPlaces, WaitingRoom, type Waiting } from './waiting-room.ts';

/** A control connection that comes in. */
export interface ControlArrival extends Waiting {
  readonly caller: Caller;
  /** Belongs to the connection from here. */
  readonly channel: ByteChannel;
}

/** The taker of control connections, and the bounds of those that have not joined. */
export interface NewcomersOptions {
  readonly control: (caller: Caller, channel: ControlChannel) => ControlEvents;
  /** The most connections that have said no hello, or wait to be accepted. Members have further ones. */
  readonly places: number;
  /** How long a far end may take until its hello, in milliseconds. The master's disk may then take as long as it does. */
  readonly patience: number;
  /** How long a member may be silent, in milliseconds. Default: 5,000. */
  readonly deadAfter?: number | undefined;
  /** Called when a connection has joined: it was sent a welcome. */
  readonly joined: (control: Control) => void;
  /** Called when a connection that had joined has ended. */
  readonly left: (control: Control) => void;
}

/** One control connection. The master's messages pass through it, and so it knows when the far end has joined. */
export class Control implements ControlChannel, Waiting {
  readonly caller: Caller;
  readonly channel: ByteChannel;
  readonly origin: string;
  readonly members: number;
  /** True once it was sent a welcome. */
  hasJoined = false;
  readonly #line: LineChannel;
  readonly #sent: (message: JoinMessage) => void;

  /** `sent` is called with each message to the far end. */
  constructor(
    { caller, channel, origin, members }: ControlArrival,
    sent: (message: JoinMessage, own: Control) => void,
    environment: PortEnvironment,
  ) {
    this.caller = caller;
    this.channel = channel;
    this.origin = origin;
    this.members = members;
    this.#sent = (message) => sent(message, this);
    this.#line = new LineChannel(channel, environment);
  }

  /** Begins to receive: see LineChannel. */
  begin(events: ControlEvents): void {
    this.#line.begin(events);
  }

  send(message: JoinMessage): void {
    this.#line.send(message);
    // The far end may have gone, and the descriptor with it.
    if (this.#line.isOpen) this.#sent(message);
  }

  end(reason: string): void {
    this.#line.end(reason);
  }

  [Symbol.dispose](): void {
    this.#line[Symbol.dispose]();
  }
}

/**
 * The control connections of a door. Until they say hello, and while they wait to be accepted, they have places by their origins; members have
 * one by their keys.
 */
export class Newcomers implements Disposable {
  readonly #options: NewcomersOptions;
  readonly #environment: PortEnvironment;
  readonly #room: WaitingRoom<Control>;
  readonly #late: Deadlines<Control>;
  readonly #all = new Set<Control>();

  constructor(options: NewcomersOptions, environment: PortEnvironment) {
    this.#options = options;
    this.#environment = environment;
    this.#room = new WaitingRoom({ places: options.places, membersPlaces: mostMembersPlaces });
    const late = `it said no hello within ${options.patience / 1000} s`;
    this.#late = new Deadlines(environment.clock, options.patience, (control) => control.end(late));
  }

  /** The number of connections that have said no hello, or wait to be accepted. */
  get size(): number {
    return this.#room.size;
  }

  /** Takes a connection, and hands it to the taker. */
  enter(arrival: ControlArrival): void {
    const control = new Control(arrival, this.#sent, this.#environment);
    this.#all.add(control);
    this.#late.begin(control);
    this.#enter(control);
    const events = this.#options.control(control.caller, control);
    control.begin({
      heard: () => events.heard(),
      message: (message) => {
        if (message.type === 'hello') this.#decide(control);
        events.message(message);
      },
      closed: (reason) => {
        this.#leave(control);
        events.closed(reason);
      },
    });
  }

  [Symbol.dispose](): void {
    for (const control of [...this.#all]) control[Symbol.dispose]();
    this.#late[Symbol.dispose]();
  }

  /** Gives up the place of a connection that has said hello: strangers are refused at once, and the others wait for the disk alone. */
  #decide(control: Control): void {
    this.#late.end(control);
    this.#room.leave(control);
  }

  readonly #sent = ({ type }: JoinMessage, control: Control): void => {
    if (type === 'wait') this.#enter(control);
    if (type !== 'welcome' || control.hasJoined) return;
    control.hasJoined = true;
    this.#room.leave(control);
    keepThroughLosses(control.channel, this.#options.deadAfter);
    this.#options.joined(control);
  };

  #enter(control: Control): void {
    this.#room.enter(control)?.end(`all ${this.#options.places} places for hosts that join are taken`);
  }

  #leave(control: Control): void {
    this.#all.delete(control);
    this.#room.leave(control);
    this.#late.end(control);
    if (control.hasJoined) this.#options.left(control);
  }
}
