import { closeSync } from 'node:fs';
import type { Timer } from '../clock.ts';
import type { Ready, Watch } from '../system/readiness.ts';
import type { Fd } from '../system/unix-socket.ts';
import { minFrame } from '../wire/ethernet.ts';
import type { PortEnvironment } from './environment.ts';
import { describeFault, describeText, FrameDecoder, maxStreamFrame, readSign, signOf, type Framing } from './frame-stream.ts';
import { onceAMinute } from './once-a-minute.ts';
import { Outbox } from './outbox.ts';
import { newPortCounters, type Port, type Receiver } from './port.ts';

/** The bounds of a stream of frames. */
export interface StreamLimits {
  /** The longest frame that crosses, in octets; longer ones are dropped and counted. Default: 65,535. */
  readonly maxFrame?: number;
  /** What may wait for the far end to read, in octets. Default: what the environment's budget says for a port. */
  readonly backlog?: number;
}

/** What a port on streams is. */
export interface StreamPortOptions extends StreamLimits {
  readonly module: string;
  readonly description: string;
  readonly framing: Framing;
}

/** Who makes the connections of a port. */
export interface StreamOwner {
  /** A connection has ended by itself. `heard` says whether anything had come over it. */
  lost(reason: string, heard: boolean): void;
  /** Something has come over a connection for the first time. */
  heard?(): void;
  /** The port has ended, whoever ended it. Called once. */
  released(): void;
}

interface Connection {
  readonly fd: Fd;
  readonly decoder: FrameDecoder;
  readonly outbox: Outbox;
  watch?: Watch;
  heard: boolean;
  /** Whether sending fails for good, and only what has come is heard. */
  failed: boolean;
  /** How many seconds nothing has come, and how many frames had been sent when the last one ended. */
  silence: number;
  sent: number;
  /** Whether the far end has been told that this port is up, as it takes for granted; and whether it has told us that its own is. */
  toldUp: boolean;
  farUp: boolean;
}

/**
 * Two ends that have greeted send an empty frame in each second in which they send nothing else, in milliseconds, and give up a link
 * over which nothing came in so many seconds: a relay between them may acknowledge what it does not forward. An original sends none.
 */
const pulse = 1000;
const mostSilence = 5;
const emptyFrame = new Uint8Array(2);

/** A port on a stream socket, one connection at a time: all that waits is received, and sent, by one system call. */
export class StreamPort implements Port {
  readonly module: string;
  description: string;
  readonly counters = newPortCounters();
  readonly #framing: Framing;
  readonly #maxFrame: number;
  readonly #backlog: number | undefined;
  readonly #environment: PortEnvironment;
  readonly #owner: StreamOwner;
  readonly #say: ReturnType<typeof onceAMinute>;
  #connection: Connection | undefined;
  #receiver: Receiver | undefined;
  #sendable = 0;
  #expectsGreeting = false;
  #up = true;
  #pulse: Timer | undefined;
  #ended: string | undefined;
  #open = true;

  constructor(options: StreamPortOptions, environment: PortEnvironment, owner: StreamOwner) {
    this.module = options.module;
    this.description = options.description;
    this.#framing = options.framing;
    this.#maxFrame = options.maxFrame ?? maxStreamFrame;
    this.#backlog = options.backlog;
    this.#environment = environment;
    this.#owner = owner;
    this.#say = onceAMinute(environment.clock, environment.log);
  }

  /** The longest frame that the far end is sent, in octets; 0 while there is none. */
  get sendable(): number {
    return this.#connection ? this.#sendable : 0;
  }

  /** Whether a far end of this port has ever greeted: then the next one will, or it is none. */
  get expectsGreeting(): boolean {
    return this.#expectsGreeting;
  }

  attach(receiver: Receiver): void {
    this.#receiver = receiver;
    receiver.carrier(this.#connection?.farUp === true);
    if (this.#connection) this.#watch(this.#connection);
  }

  /** Gives the port a connection, a non-blocking stream socket that it owns from here. It must be open and have none. */
  connect(fd: Fd): void {
    const { budget } = this.#environment;
    const { lengthSize, sendable, greeting } = this.#framing;
    const outbox = new Outbox({ fd, lengthSize, limit: this.#backlog, budget, counters: this.counters });
    const decoder = new FrameDecoder(this.#framing, this.#deliver, (skipped) =>
      this.#environment.log.warn(`${this.module} ${this.description}: ${describeText(skipped)}`),
    );
    const connection: Connection = { fd, decoder, outbox, heard: false, failed: false, silence: 0, sent: 0, toldUp: true, farUp: true };
    this.#connection = connection;
    if (this.#expectsGreeting) this.#schedulePulse(connection);
    this.#sendable = Math.min(sendable, this.#maxFrame);
    outbox.addOctets(greeting);
    outbox.flush();
    if (!this.#receiver) return;
    this.#watch(connection);
    this.#receiver.carrier(true);
  }

  transmit(frame: Uint8Array): void {
    const { drops } = this.counters;
    if (!this.#connection) drops['no-carrier']++;
    else if (frame.length > this.#sendable) drops.oversize++;
    else if (frame.length < minFrame) drops.runt++;
    else this.#connection.outbox.add(frame);
  }

  flush(): void {
    const connection = this.#connection;
    if (connection?.outbox.flush()) connection.watch?.want({ readable: true, writable: true });
    if (connection) this.#check(connection);
  }

  /** A far end of ours is told, and loses its carrier. */
  enable(up: boolean): void {
    this.#up = up;
    if (!this.#connection) return;
    if (!up) this.#connection.outbox.drop('port-down');
    this.#tell(this.#connection);
  }

  /** Ends the connection, if there is one, as if the far end had. */
  disconnect(): void {
    if (this.#connection) this.#lose(this.#connection, 'it was ended here');
  }

  /** Ends the port and tells its receiver. */
  end(reason: string): void {
    if (!this.#open) return;
    void this[Symbol.asyncDispose]();
    this.#receiver?.closed(reason);
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
    const interest = { readable: true, writable: connection.outbox.blocked };
    connection.watch ??= this.#environment.loop.readiness.watch(connection.fd, interest, (ready) => this.#ready(connection, ready));
  }

  #ready(connection: Connection, ready: Ready): void {
    if (ready.readable || ready.failed) this.#environment.breath(this.#receive);
    if (this.#connection !== connection) return;
    if (this.#ended !== undefined) this.#lose(connection, this.#ended);
    else if (ready.writable && !connection.outbox.drain()) {
      connection.watch?.want({ readable: true, writable: false });
      this.#tell(connection);
    }
    if (this.#connection === connection) this.#check(connection);
  }

  /** Whoever reads no more is lost as soon as all that it sent was heard. */
  #check(connection: Connection): void {
    if (connection.outbox.error === undefined || connection.failed || !connection.watch) return;
    connection.failed = true;
    // Not in the midst of a breath, where others still hand frames to this port.
    this.#environment.clock.defer(() => this.#hearOut(connection));
  }

  #hearOut(connection: Connection): void {
    if (this.#connection !== connection) return;
    this.#ready(connection, { readable: true, writable: false, failed: false });
    this.#environment.clock.defer(() => this.#hearOut(connection));
  }

  #schedulePulse(connection: Connection): void {
    this.#pulse = this.#environment.clock.after(pulse, () => {
      if (connection.watch) this.#beat(connection);
      if (this.#connection === connection) this.#schedulePulse(connection);
    });
  }

  /** Counts seconds and reads no clock: if this process itself was stopped, however long, that counts as one. */
  #beat(connection: Connection): void {
    if (++connection.silence >= mostSilence) {
      this.#lose(connection, `nothing came for ${mostSilence} s`);
      return;
    }
    const { outbox, decoder } = connection;
    if (decoder.greeted && this.counters.sentFrames === connection.sent && !outbox.blocked) {
      outbox.addOctets(emptyFrame);
      this.flush();
    }
    connection.sent = this.counters.sentFrames;
  }

  readonly #receive = (): void => {
    if (!this.#connection) return;
    const { fd, decoder, outbox } = this.#connection;
    const { streams } = this.#environment.loop;
    const start = streams.next;
    const end = streams.receive(fd, decoder.rest);
    if (end === 'EAGAIN') this.#ended = outbox.error;
    else if (typeof end === 'string') this.#ended = end;
    else if (end === 0) this.#ended = outbox.error ?? 'the far end closed the link';
    else {
      if (!this.#connection.heard) this.#owner.heard?.();
      this.#connection.heard = true;
      this.#connection.silence = 0;
      const fault = decoder.decode(streams.octets, start, end);
      if (decoder.greeted) {
        if (!this.#expectsGreeting) this.#schedulePulse(this.#connection);
        this.#expectsGreeting = true;
        this.#sendable = this.#maxFrame;
        if (!this.#up) this.#tell(this.#connection);
      }
      if (fault === undefined) return;
      this.#ended = describeFault(fault, this.#framing.remedy);
      this.counters.faults++;
    }
  };

  readonly #deliver = (frame: Uint8Array): void => {
    const { counters } = this;
    if (frame.length < minFrame) this.#takeShort(frame);
    else if (frame.length > this.#maxFrame) counters.drops.oversize++;
    else {
      counters.receivedFrames++;
      counters.receivedOctets += frame.length;
      this.#receiver?.receive(frame);
    }
  };

  #takeShort(frame: Uint8Array): void {
    const connection = this.#connection;
    const sign = readSign(frame);
    if (sign === undefined || connection?.decoder.greeted !== true) this.counters.drops.runt++;
    else if (connection.farUp !== sign) {
      connection.farUp = sign;
      this.#say(`${this.module} ${this.description}: the port at the far end is ${sign ? 'up again' : 'down'}`, { key: String(sign) });
      this.#receiver?.carrier(sign);
    }
  }

  /** Tells the far end whether this port is up, if it would understand that and does not know; if there is no room now, as soon as there is. */
  #tell(connection: Connection): void {
    if (connection.toldUp === this.#up || !connection.decoder.greeted) return;
    this.flush();
    if (connection.outbox.blocked || connection.outbox.error !== undefined) return;
    connection.toldUp = this.#up;
    connection.outbox.addOctets(signOf(this.#up));
    this.flush();
  }

  #lose({ heard, decoder }: Connection, reason: string): void {
    decoder.end();
    this.#close();
    this.#receiver?.carrier(false);
    this.#owner.lost(reason, heard);
  }

  #close(): void {
    const connection = this.#connection;
    if (!connection) return;
    this.#connection = undefined;
    this.#ended = undefined;
    this.#pulse?.[Symbol.dispose]();
    connection.decoder.stop();
    connection.outbox.clear();
    connection.watch?.[Symbol.dispose]();
    closeSync(connection.fd);
  }
}
