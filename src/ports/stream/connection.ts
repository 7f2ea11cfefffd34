import type { Ready, Watch } from '../../system/readiness.ts';
import type { PortEnvironment } from '../environment.ts';
import { FrameDecoder, type Framing, type SkippedText } from './frame-stream.ts';
import { Outbox } from './outbox.ts';
import type { PortCounters } from '../port.ts';
import { SendQueue } from '../send-queue.ts';
import type { ByteChannel } from './byte-channel.ts';

/** What a connection is given. */
export interface ConnectionOptions {
  /** Belongs to the connection from here. */
  readonly channel: ByteChannel;
  readonly framing: Framing;
  /** The longest frame that the far end is sent before it has greeted, in octets. */
  readonly longest: number;
  /** What may wait for the far end to read, in octets. Default: what the budget gives each port. */
  readonly backlog: number | undefined;
  readonly counters: PortCounters;
  readonly budget: PortEnvironment['budget'];
  /** Takes each frame that came, borrowed. */
  readonly deliver: (frame: Uint8Array) => void;
  /** Is told of text that came before the first frame. */
  readonly skipped: (text: SkippedText) => void;
}

/** One connection of a stream port: what takes its octets apart, what sends, and what the two ends know of each other. */
export class Connection implements Disposable {
  readonly decoder: FrameDecoder;
  readonly outbox: Outbox;
  readonly queue: SendQueue;
  /** Whether anything has come over it. */
  heard = false;
  /** Whether sending fails for good, and only what has come is heard. */
  failed = false;
  /** For how many seconds nothing has come. */
  silence = 0;
  /** How many frames had been sent when the last second ended. */
  sent = 0;
  /** Whether the far end believes that the port at this end is up: it takes that for granted until it is told. */
  toldUp = true;
  /** Whether the port at the far end is up, as far as this end was told. */
  farUp = true;
  readonly #channel: ByteChannel;
  #watch: Watch | undefined;

  constructor({ channel, framing, longest, backlog, counters, budget, deliver, skipped }: ConnectionOptions) {
    this.#channel = channel;
    this.decoder = new FrameDecoder(framing, deliver, skipped);
    this.outbox = new Outbox({ channel, lengthSize: framing.lengthSize, budget });
    this.queue = new SendQueue({
      sink: this.outbox,
      counters,
      budget,
      limits: { frames: Infinity, ...(backlog !== undefined && { octets: backlog }) },
      longest,
      blocked: (writable) => this.#watch?.want({ readable: true, writable }),
    });
  }

  /** Whether what comes is received. */
  get watched(): boolean {
    return this.#watch !== undefined;
  }

  /** Begins to receive; later calls change nothing. */
  watch(tell: (ready: Ready) => void): void {
    this.#watch ??= this.#channel.watch({ readable: true, writable: this.queue.blocked }, tell);
  }

  /** Receives what waits: see ByteChannel. */
  receive(ring: Parameters<ByteChannel['receive']>[0]): number | string {
    return this.#channel.receive(ring, this.decoder.rest);
  }

  /** Sends octets that are no frame. Nothing may wait for room. */
  say(octets: Uint8Array): void {
    this.outbox.sendOctets(octets);
    this.queue.settle();
  }

  /** Closes it. Frames that wait are counted as lost. */
  [Symbol.dispose](): void {
    this.decoder.stop();
    this.queue.drop('no-carrier');
    this.queue[Symbol.dispose]();
    this.outbox.clear();
    this.#watch?.[Symbol.dispose]();
    this.#channel[Symbol.dispose]();
  }
}
