import type { Timer } from '../../clock.ts';
import type { Ready } from '../../system/readiness.ts';
import { minFrame } from '../../wire/ethernet.ts';
import type { PortEnvironment } from '../environment.ts';
import { describeFault, describeText, maxStreamFrame, readSign, signOf, type Framing } from '../pure/frame-stream.ts';
import { Intake } from '../pure/intake.ts';
import { onceAMinute } from '../once-a-minute.ts';
import { newPortCounters, type Port, type Receiver } from '../pure/port.ts';
import type { ByteChannel } from './byte-channel.ts';
import { Connection } from './connection.ts';
import { beatInterval, usualDeadAfter } from './far-life.ts';

/** The bounds of a stream of frames. */
export interface StreamLimits {
  /** The longest frame that crosses, in octets; longer ones are dropped and counted. Default: 65,535. */
  readonly maxFrame?: number;
  /** The most octets that may wait for the far end to read. Default: the environment's bound for each port. */
  readonly backlog?: number;
  /** How long a far end of ours may be silent before its connection ends, in milliseconds; counted in seconds. Default: 5,000. */
  readonly deadAfter?: number | undefined;
}

/** The options of a port on streams. */
export interface StreamPortOptions extends StreamLimits {
  readonly module: string;
  readonly description: string;
  readonly framing: Framing;
  /**
   * True if the far end is one of ours for certain: the port has a carrier only once that has greeted, and loses a connection on which nothing
   * comes. Default: false.
   */
  readonly awaitsGreeting?: boolean;
}

/** The owner of a port, which makes its connections. */
export interface StreamOwner {
  /** Called when a connection has ended by itself. `heard` is true if anything was received over it. */
  lost(reason: string, heard: boolean): void;
  /** Called when something was received over a connection for the first time. */
  heard?(): void;
  /** Called when the far end has greeted, for each connection on which it does. */
  greeted?(): void;
  /** Called once a second while a far end of ours sends. */
  alive?(): void;
  /** Called once, when the port has ended for any reason. */
  released(): void;
}

/** Sent to an end that has greeted in each second without another frame: a relay may acknowledge data that it does not forward. */
const emptyFrame = new Uint8Array(2);

/** A port on streams, one connection at a time. One system call receives all waiting octets, and one sends the frames of a breath. */
export class StreamPort implements Port {
  readonly module: string;
  description: string;
  readonly counters = newPortCounters();
  readonly #framing: Framing;
  readonly #maxFrame: number;
  readonly #backlog: number | undefined;
  readonly #deadAfter: number;
  readonly #awaitsGreeting: boolean;
  readonly #environment: PortEnvironment;
  readonly #owner: StreamOwner;
  readonly #tellPeople: ReturnType<typeof onceAMinute>;
  readonly #intake: Intake;
  #connection: Connection | undefined;
  #expectsGreeting: boolean;
  #up = true;
  #pulse: Timer | undefined;
  #ended: string | undefined;
  #open = true;

  constructor(options: StreamPortOptions, environment: PortEnvironment, owner: StreamOwner) {
    this.module = options.module;
    this.description = options.description;
    this.#framing = options.framing;
    this.#maxFrame = options.maxFrame ?? maxStreamFrame;
    this.#intake = new Intake(this.counters, this.#maxFrame);
    this.#backlog = options.backlog;
    this.#deadAfter = options.deadAfter ?? usualDeadAfter;
    this.#awaitsGreeting = this.#expectsGreeting = options.awaitsGreeting ?? false;
    this.#environment = environment;
    this.#owner = owner;
    this.#tellPeople = onceAMinute(environment.clock, environment.log);
  }

  /** The longest frame that is sent to the far end, in octets; 0 while there is none. */
  get sendable(): number {
    return this.#connection?.queue.longest ?? 0;
  }

  /** True if a far end of this port has ever greeted: then every later one must. */
  get expectsGreeting(): boolean {
    return this.#expectsGreeting;
  }

  attach(receiver: Receiver): void {
    this.#intake.receiver = receiver;
    receiver.carrier(this.#connection !== undefined && this.#hasCarrier(this.#connection));
    if (this.#connection) this.#watch(this.#connection);
  }

  /** Gives the port a connection, which it owns from here. It must be open and have none. */
  connect(channel: ByteChannel): void {
    const { budget, clock, log } = this.#environment;
    const connection: Connection = new Connection({
      channel,
      framing: this.#framing,
      longest: Math.min(this.#framing.sendable, this.#maxFrame),
      backlog: this.#backlog,
      counters: this.counters,
      budget,
      clock,
      deadAfter: this.#deadAfter,
      deliver: this.#deliver,
      skipped: (text) => log.warn(`${this.module} ${this.description}: ${describeText(text)}`),
      greeted: () => this.#greeted(connection),
    });
    this.#connection = connection;
    if (this.#expectsGreeting) this.#schedulePulse(connection);
    connection.say(this.#framing.greeting);
    const { receiver } = this.#intake;
    if (!receiver) return;
    this.#watch(connection);
    if (this.#hasCarrier(connection)) receiver.carrier(true);
  }

  transmit(frame: Uint8Array): void {
    if (!this.#connection) this.counters.drops['no-carrier']++;
    else if (this.#connection.outbox.error !== undefined) this.counters.drops['send-failed']++;
    else this.#connection.queue.add(frame);
  }

  flush(): void {
    const connection = this.#connection;
    if (!connection) return;
    connection.queue.flush();
    this.#check(connection);
  }

  /** Informs a far end of our own kind, which then loses its carrier. */
  enable(up: boolean): void {
    this.#up = up;
    if (!this.#connection) return;
    if (!up) this.#connection.queue.drop('port-down');
    this.#tell(this.#connection);
  }

  /** Ends the connection, if there is one, as if the far end had. */
  disconnect(): void {
    if (this.#connection) this.#lose(this.#connection, 'it was ended here');
  }

  /** Ends the port and calls its receiver. */
  end(reason: string): void {
    if (!this.#open) return;
    void this[Symbol.asyncDispose]();
    this.#intake.receiver?.closed(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.#open) {
      this.#open = false;
      this.#close();
      this.#owner.released();
    }
    return Promise.resolve();
  }

  #watch(connection: Connection): void {
    connection.watch((ready) => this.#ready(connection, ready));
  }

  #ready(connection: Connection, ready: Ready): void {
    if (ready.readable || ready.failed) this.#environment.breath(this.#receive);
    if (this.#connection !== connection) return;
    if (this.#ended !== undefined) this.#lose(connection, this.#ended);
    else if (ready.writable) {
      connection.queue.drain();
      this.#tell(connection);
    }
    if (this.#connection === connection) this.#check(connection);
  }

  /** Closes a connection that cannot be written to once everything it sent has been received. */
  #check(connection: Connection): void {
    if (connection.outbox.error === undefined) return;
    connection.queue.drop('no-carrier');
    if (connection.failed || !connection.watched) return;
    connection.failed = true;
    // Deferred: in the middle of a breath, others still send frames by this port.
    this.#environment.clock.defer(() => this.#hearOut(connection));
  }

  #hearOut(connection: Connection): void {
    if (this.#connection !== connection) return;
    this.#ready(connection, { readable: true, writable: false, failed: false });
    this.#environment.clock.defer(() => this.#hearOut(connection));
  }

  #schedulePulse(connection: Connection): void {
    this.#pulse = this.#environment.clock.after(beatInterval, () => {
      if (connection.watched) this.#beat(connection);
      if (this.#connection === connection) this.#schedulePulse(connection);
    });
  }

  #beat(connection: Connection): void {
    const { decoder, life, queue } = connection;
    const silence = life.beat();
    if (life.isFresh) this.#owner.alive?.();
    if (silence !== undefined) this.#lose(connection, `nothing came for ${silence} s`);
    else if (decoder.greeted && this.counters.sentFrames === connection.sent && !queue.blocked) this.#say(connection, emptyFrame);
    connection.sent = this.counters.sentFrames;
  }

  readonly #receive = (): void => {
    const connection = this.#connection;
    if (!connection) return;
    const { decoder, outbox } = connection;
    const { streams } = this.#environment.loop;
    const start = streams.next;
    const end = connection.receive(streams);
    if (end === 'EAGAIN') this.#ended = outbox.error;
    else if (typeof end === 'string') this.#ended = end;
    else if (end === 0) this.#ended = outbox.error ?? 'the far end closed the link';
    else {
      if (!connection.heard) this.#owner.heard?.();
      connection.heard = true;
      connection.life.heard();
      const fault = decoder.decode(streams.octets, start, end);
      if (fault === undefined) return;
      this.#ended = describeFault(fault, this.#framing.remedy);
      this.counters.faults++;
    }
  };

  #hasCarrier({ farUp, greeted }: Connection): boolean {
    return farUp && (greeted || !this.#awaitsGreeting);
  }

  /** Notes that the far end is one of ours. */
  #greeted(connection: Connection): void {
    if (connection.greeted || this.#connection !== connection) return;
    connection.greeted = true;
    connection.life.takeOver();
    if (!this.#expectsGreeting) this.#schedulePulse(connection);
    this.#expectsGreeting = true;
    connection.queue.longest = this.#maxFrame;
    if (this.#awaitsGreeting && connection.farUp) this.#intake.receiver?.carrier(true);
    this.#owner.greeted?.();
    if (!this.#up) this.#tell(connection);
  }

  readonly #deliver = (frame: Uint8Array): void => {
    if (frame.length >= minFrame || !this.#takeSign(frame)) this.#intake.take(frame);
  };

  /** Returns whether a short frame is a sign of the far end's port. */
  #takeSign(frame: Uint8Array): boolean {
    const connection = this.#connection;
    const sign = readSign(frame);
    if (sign === undefined || connection?.decoder.greeted !== true) return false;
    if (connection.farUp === sign) return true;
    connection.farUp = sign;
    this.#tellPeople(`${this.module} ${this.description}: the port at the far end is ${sign ? 'up again' : 'down'}`, { key: String(sign) });
    this.#intake.receiver?.carrier(sign);
    return true;
  }

  /** Informs the far end whether this port is up, if it understands that and does not know; without room, as soon as there is some. */
  #tell(connection: Connection): void {
    if (connection.toldUp === this.#up || !connection.decoder.greeted) return;
    this.flush();
    if (connection.queue.blocked || connection.outbox.error !== undefined) return;
    connection.toldUp = this.#up;
    this.#say(connection, signOf(this.#up));
  }

  #say(connection: Connection, octets: Uint8Array): void {
    connection.say(octets);
    this.#check(connection);
  }

  #lose({ heard, decoder }: Connection, reason: string): void {
    decoder.end();
    this.#close();
    this.#intake.receiver?.carrier(false);
    this.#owner.lost(reason, heard);
  }

  #close(): void {
    const connection = this.#connection;
    if (!connection) return;
    this.#connection = this.#ended = undefined;
    this.#pulse?.[Symbol.dispose]();
    connection[Symbol.dispose]();
  }
}
