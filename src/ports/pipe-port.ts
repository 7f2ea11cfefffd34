import { SystemError } from '../errors.ts';
import type { StreamEnd } from '../system/pipe.ts';
import type { Interest, Watch } from '../system/readiness.ts';
import { leastReceived } from '../system/stream-socket.ts';
import { minFrame } from '../wire/ethernet.ts';
import type { PortEnvironment } from './environment.ts';
import { describeFault, describeText, FrameDecoder, vdeFraming, type Framing } from './frame-stream.ts';
import { Outbox } from './outbox.ts';
import { maxFrame, newPortCounters, type PacedPort, type PortCounters, type Receiver } from './port.ts';

/** What a port on two ends of streams is. */
export interface PipePortOptions {
  readonly description: string;
  /** Where frames come from, and where they go. They belong to the port from here, and are different descriptors. */
  readonly input: StreamEnd;
  readonly output: StreamEnd;
  /** Takes frames for its output until it is disposed, also when it has said that it has ended because its input did. Default: false. */
  readonly halfOpen?: boolean;
  /** Whether each frame is a write of its own: see `openPacketPipe`. Default: false. */
  readonly packets?: boolean;
  /** Counts the frames: those of a port before this one, for example. Default: counters of its own. */
  readonly counters?: PortCounters;
}

/** Programs between VDE's plugs may count what they see: nothing is said that is no frame. */
const framing: Framing = { ...vdeFraming, greeting: new Uint8Array(0) };

/**
 * A port on the streams of VDE's tools: pipes, sockets, terminals or files, one to read and one to write. It ends when its input does, or
 * when nobody reads its output.
 */
export class PipePort implements PacedPort {
  readonly module = 'stream';
  readonly description: string;
  readonly counters: PortCounters;
  readonly #input: StreamEnd;
  readonly #output: StreamEnd;
  readonly #environment: PortEnvironment;
  readonly #outbox: Outbox;
  #decoder: FrameDecoder;
  #receiver: Receiver | undefined;
  #watches: { readonly input: Watch; readonly output: Watch } | undefined;
  /** Whether a length made no sense, and what comes is thrown away. */
  #astray = false;
  #toldText = false;
  #listening = true;
  readonly #halfOpen: boolean;
  /** Whether the input has ended, and the receiver was told. */
  #heardAll = false;
  #open = true;

  constructor(
    { description, input, output, halfOpen = false, packets = false, counters = newPortCounters() }: PipePortOptions,
    environment: PortEnvironment,
  ) {
    this.counters = counters;
    this.description = description;
    this.#input = input;
    this.#output = output;
    this.#halfOpen = halfOpen;
    this.#environment = environment;
    this.#decoder = this.#newDecoder();
    const { fd, kind } = output;
    this.#outbox = new Outbox({ fd, kind, lengthSize: framing.lengthSize, packets, budget: environment.budget, counters: this.counters });
  }

  attach(receiver: Receiver): void {
    this.#receiver = receiver;
    receiver.carrier(this.#open);
    if (!this.#open) return;
    this.#watches ??= {
      input: this.#watch(this.#input.fd, { readable: this.#listening, writable: false }, () => this.#environment.breath(this.#receive)),
      // Whoever is gone for good is learned of by writing.
      output: this.#watch(this.#output.fd, { readable: false, writable: this.#outbox.blocked }, this.#drain),
    };
  }

  get waiting(): number {
    return this.#outbox.waiting;
  }

  get arrived(): boolean {
    return this.#outbox.waiting === 0;
  }

  listen(on: boolean): void {
    if (this.#listening === on || this.#heardAll) return;
    this.#listening = on;
    this.#watches?.input.want({ readable: on, writable: false });
  }

  transmit(frame: Uint8Array): void {
    const { drops } = this.counters;
    if (!this.#open) drops['no-carrier']++;
    else if (frame.length > framing.sendable) drops.oversize++;
    else if (frame.length < minFrame) drops.runt++;
    else this.#outbox.add(frame);
  }

  flush(): void {
    if (!this.#open) return;
    if (this.#outbox.flush()) this.#watches?.output.want({ readable: false, writable: true });
    this.#check();
  }

  /** The other side cannot be told. */
  enable(up: boolean): void {
    if (!up) this.#outbox.drop('port-down');
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.#open) {
      this.#open = false;
      this.#decoder.stop();
      this.#outbox.clear();
      if (!this.#heardAll) this.#closeInput();
      this.#watches?.output[Symbol.dispose]();
      this.#output[Symbol.dispose]();
    }
    return Promise.resolve();
  }

  /** What cannot be watched is a file, or what is like one: it is ready at any time. */
  #watch(fd: number, interest: Interest, ready: () => void): Watch {
    try {
      return this.#environment.loop.readiness.watch(fd, interest, ready);
    } catch (error) {
      if (error instanceof SystemError && error.errno === 'EPERM') return new AlwaysReady(this.#environment, interest, ready);
      throw error;
    }
  }

  readonly #drain = (): void => {
    if (!this.#outbox.drain()) this.#watches?.output.want({ readable: false, writable: false });
    this.#check();
  };

  readonly #receive = (): void => {
    const { streams } = this.#environment.loop;
    const { rest } = this.#decoder;
    const start = streams.next;
    const end = streams.receive(this.#input.fd, rest, this.#input.kind);
    if (end === 'EAGAIN') return;
    if (typeof end === 'string') this.#endInput(`cannot read: ${end}`);
    else if (end === 0) this.#endInput('the stream has ended');
    else this.#take(start, end, end - start - rest.length);
  };

  /**
   * Behind a length that makes no sense nothing can be told apart. But whoever writes begins with a frame: once all that waits is thrown
   * away, the next octets that come are the beginning of one, as far as can be known.
   */
  #take(start: number, end: number, came: number): void {
    if (!this.#astray) {
      const fault = this.#decoder.decode(this.#environment.loop.streams.octets, start, end);
      if (fault === undefined) return;
      this.#astray = true;
      this.counters.faults++;
      if (this.counters.faults === 1) this.#environment.log.warn(describeFault(fault, 'what came with it is lost'));
    }
    if (came >= leastReceived) return;
    this.#astray = false;
    this.#decoder = this.#newDecoder();
  }

  #newDecoder(): FrameDecoder {
    return new FrameDecoder(framing, this.#deliver, (skipped) => {
      if (!this.#toldText) this.#environment.log.warn(describeText(skipped));
      this.#toldText = true;
    });
  }

  readonly #deliver = (frame: Uint8Array): void => {
    const { counters } = this;
    if (frame.length < minFrame) counters.drops.runt++;
    else if (frame.length > maxFrame) counters.drops.oversize++;
    else {
      counters.receivedFrames++;
      counters.receivedOctets += frame.length;
      this.#receiver?.receive(frame);
    }
  };

  #check(): void {
    const { error } = this.#outbox;
    if (error !== undefined && this.#open) this.#end(error === 'EPIPE' ? 'nobody reads the stream' : `cannot write: ${error}`);
  }

  #endInput(reason: string): void {
    this.#decoder.end();
    if (!this.#halfOpen) {
      this.#end(reason);
      return;
    }
    this.#heardAll = true;
    this.#closeInput();
    this.#receiver?.closed(reason);
  }

  #closeInput(): void {
    this.#watches?.input[Symbol.dispose]();
    this.#input[Symbol.dispose]();
  }

  #end(reason: string): void {
    const told = this.#heardAll;
    void this[Symbol.asyncDispose]();
    if (!told) this.#receiver?.closed(reason);
  }
}

/** The watch of a descriptor that is ready whenever it is asked, once a turn of the event loop. */
class AlwaysReady implements Watch {
  readonly #environment: PortEnvironment;
  readonly #tell: () => void;
  #wanted = false;
  #pending = false;

  constructor(environment: PortEnvironment, interest: Interest, tell: () => void) {
    this.#environment = environment;
    this.#tell = tell;
    this.want(interest);
  }

  want({ readable, writable }: Interest): void {
    this.#wanted = readable || writable;
    if (this.#pending || !this.#wanted) return;
    this.#pending = true;
    this.#environment.clock.defer(this.#turn);
  }

  readonly #turn = (): void => {
    this.#pending = false;
    if (!this.#wanted) return;
    this.#environment.breath(() => {
      this.#environment.loop.streams.rewind(1);
      this.#tell();
    });
    this.want({ readable: this.#wanted, writable: false });
  };

  [Symbol.dispose](): void {
    this.#wanted = false;
  }
}
