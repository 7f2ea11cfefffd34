import type { StreamEnd } from '../../system/pipe.ts';
import type { Watch } from '../../system/readiness.ts';
import { leastReceived } from '../../system/stream-socket.ts';
import type { PortEnvironment } from '../environment.ts';
import { describeFault, describeText, FrameDecoder, vdeFraming, type Framing } from '../pure/frame-stream.ts';
import { Intake } from '../pure/intake.ts';
import { Outbox } from './outbox.ts';
import { newPortCounters, type PacedPort, type PortCounters, type Receiver } from '../pure/port.ts';
import { SendQueue } from '../pure/send-queue.ts';
import type { ByteChannel } from './byte-channel.ts';
import { FdChannel } from './fd-channel.ts';

/** The options of a port on two ends of streams. */
export interface PipePortOptions {
  readonly description: string;
  /** The source of received frames, and the target of sent ones. They belong to the port from here, and are different descriptors. */
  readonly input: StreamEnd;
  readonly output: StreamEnd;
  /** Sends frames to its output until it is disposed, even after its input ended and its receiver was called. Default: false. */
  readonly halfOpen?: boolean;
  /** True if each frame is a write of its own: see `openPacketPipe`. Default: false. */
  readonly packets?: boolean;
  /** Counts the frames: those of a port before this one, for example. Default: counters of its own. */
  readonly counters?: PortCounters;
}

/** Programs between VDE's plugs may count what they see: so only frames are sent. */
const framing: Framing = { ...vdeFraming, greeting: new Uint8Array(0) };

/**
 * A port on the streams of VDE's tools: pipes, sockets, terminals or files, one to read and one to write. It ends when its input does, or
 * when its output has no reader.
 */
export class PipePort implements PacedPort {
  readonly module = 'stream';
  readonly description: string;
  readonly counters: PortCounters;
  readonly #input: ByteChannel;
  readonly #output: ByteChannel;
  readonly #environment: PortEnvironment;
  readonly #intake: Intake;
  readonly #outbox: Outbox;
  readonly #queue: SendQueue;
  #decoder: FrameDecoder;
  #watches: { readonly input: Watch; readonly output: Watch } | undefined;
  /** True if a length was invalid, and the octets that come are discarded. */
  #astray = false;
  #toldText = false;
  #listening = true;
  readonly #halfOpen: boolean;
  /** True if the input has ended, and the receiver was called. */
  #heardAll = false;
  #open = true;

  constructor(
    { description, input, output, halfOpen = false, packets = false, counters = newPortCounters() }: PipePortOptions,
    environment: PortEnvironment,
  ) {
    this.counters = counters;
    this.description = description;
    this.#input = new FdChannel(input, environment);
    this.#output = new FdChannel(output, environment);
    this.#halfOpen = halfOpen;
    this.#environment = environment;
    this.#decoder = this.#newDecoder();
    this.#intake = new Intake(counters);
    const { budget } = environment;
    this.#outbox = new Outbox({ channel: this.#output, lengthSize: framing.lengthSize, packets, budget });
    this.#queue = new SendQueue({
      sink: this.#outbox,
      counters,
      budget,
      limits: { frames: Infinity },
      longest: framing.sendable,
      blocked: (writable) => this.#watches?.output.want({ readable: false, writable }),
    });
  }

  attach(receiver: Receiver): void {
    this.#intake.receiver = receiver;
    receiver.carrier(this.#open);
    if (!this.#open) return;
    this.#watches ??= {
      input: this.#input.watch({ readable: this.#listening, writable: false }, () => this.#environment.breath(this.#receive)),
      // A reader that is gone for good is detected by a failing write.
      output: this.#output.watch({ readable: false, writable: this.#queue.blocked }, this.#drain),
    };
  }

  get waiting(): number {
    return this.#queue.waiting;
  }

  get arrived(): boolean {
    return !this.#queue.blocked;
  }

  listen(on: boolean): void {
    if (this.#listening === on || this.#heardAll) return;
    this.#listening = on;
    this.#watches?.input.want({ readable: on, writable: false });
  }

  transmit(frame: Uint8Array): void {
    const { drops } = this.counters;
    if (!this.#open) drops['no-carrier']++;
    else if (this.#outbox.error !== undefined) drops['send-failed']++;
    else this.#queue.add(frame);
  }

  flush(): void {
    this.#queue.flush();
    this.#check();
  }

  /** Has no effect on the other side, which cannot be informed. */
  enable(up: boolean): void {
    if (!up) this.#queue.drop('port-down');
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.#open) {
      this.#open = false;
      this.#decoder.stop();
      this.#queue.drop('no-carrier');
      this.#queue[Symbol.dispose]();
      this.#outbox.clear();
      if (!this.#heardAll) this.#closeInput();
      this.#watches?.output[Symbol.dispose]();
      this.#output[Symbol.dispose]();
    }
    return Promise.resolve();
  }

  readonly #drain = (): void => {
    this.#queue.drain();
    this.#check();
  };

  readonly #receive = (): void => {
    const { streams } = this.#environment.loop;
    const { rest } = this.#decoder;
    const start = streams.next;
    const end = this.#input.receive(streams, rest);
    if (end === 'EAGAIN') return;
    if (typeof end === 'string') this.#endInput(`cannot read: ${end}`);
    else if (end === 0) this.#endInput('the stream has ended');
    else this.#take(start, end, end - start - rest.length);
  };

  /**
   * Decodes received octets. After an invalid length the frame boundaries are lost. Writers start each write at a boundary, so discarding
   * everything already queued resynchronises the stream.
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
    return new FrameDecoder(
      framing,
      (frame) => this.#intake.take(frame),
      (skipped) => {
        if (!this.#toldText) this.#environment.log.warn(describeText(skipped));
        this.#toldText = true;
      },
    );
  }

  #check(): void {
    const { error } = this.#outbox;
    if (error !== undefined && this.#open) this.#end(error === 'EPIPE' ? 'the stream has no reader' : `cannot write: ${error}`);
  }

  #endInput(reason: string): void {
    this.#decoder.end();
    if (!this.#halfOpen) {
      this.#end(reason);
      return;
    }
    this.#heardAll = true;
    this.#closeInput();
    this.#intake.receiver?.closed(reason);
  }

  #closeInput(): void {
    this.#watches?.input[Symbol.dispose]();
    this.#input[Symbol.dispose]();
  }

  #end(reason: string): void {
    const told = this.#heardAll;
    void this[Symbol.asyncDispose]();
    if (!told) this.#intake.receiver?.closed(reason);
  }
}
