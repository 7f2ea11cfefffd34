import type { Clock } from '../../clock.ts';
import type { Ready, Watch } from '../../system/readiness.ts';
import type { PortEnvironment } from '../environment.ts';
import { FrameDecoder, type Framing, type SkippedText } from '../pure/frame-stream.ts';
import { Outbox } from './outbox.ts';
import { FarLife } from './far-life.ts';
import type { PortCounters } from '../pure/port.ts';
import { SendQueue } from '../pure/send-queue.ts';
import type { ByteChannel } from './byte-channel.ts';

/** The parts and callbacks of a connection. */
export interface ConnectionOptions {
  /** Belongs to the connection from here. */
  readonly channel: ByteChannel;
  readonly framing: Framing;
  /** The longest frame that is sent before the far end has greeted, in octets. */
  readonly longest: number;
  /** The most octets that may wait for the far end to read. Default: the budget's bound for each port. */
  readonly backlog: number | undefined;
  readonly counters: PortCounters;
  readonly budget: PortEnvironment['budget'];
  readonly clock: Clock;
  /** How long the far end may be silent, in milliseconds. */
  readonly deadAfter: number;
  /** Called with each received frame, borrowed. */
  readonly deliver: (frame: Uint8Array) => void;
  /** Called for text that came before the first frame. */
  readonly skipped: (text: SkippedText) => void;
  /** Called when the far end has greeted, before the frames behind that are delivered. */
  readonly greeted: () => void;
}

/** One connection of a stream port: its decoder, its sender, and the state that the two ends know of each other. */
export class Connection implements Disposable {
  readonly decoder: FrameDecoder;
  readonly outbox: Outbox;
  readonly queue: SendQueue;
  /** True if anything was received. */
  heard = false;
  /** True if the far end has greeted, and its port knows that. */
  greeted = false;
  /** True if sending has failed for good; it then only receives the octets that have already arrived. */
  failed = false;
  /** The judge of the far end's life, if that is one of ours. */
  readonly life: FarLife;
  /** The number of frames sent when the last second ended. */
  sent = 0;
  /** True if the far end believes that the port at this end is up, as it does until it is told otherwise. */
  toldUp = true;
  /** True if the port at the far end is up, by its last sign. */
  farUp = true;
  readonly #channel: ByteChannel;
  #watch: Watch | undefined;

  constructor({ channel, framing, longest, backlog, counters, budget, clock, deadAfter, deliver, skipped, greeted }: ConnectionOptions) {
    this.#channel = channel;
    this.life = new FarLife({ clock, deadAfter, socket: channel.socket });
    this.decoder = new FrameDecoder(framing, deliver, skipped, greeted);
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

  /** True if it receives. */
  get watched(): boolean {
    return this.#watch !== undefined;
  }

  /** Begins to receive; later calls have no effect. */
  watch(tell: (ready: Ready) => void): void {
    this.#watch ??= this.#channel.watch({ readable: true, writable: this.queue.blocked }, tell);
  }

  /** Receives the waiting octets: see ByteChannel. */
  receive(ring: Parameters<ByteChannel['receive']>[0]): number | string {
    return this.#channel.receive(ring, this.decoder.rest);
  }

  /** Sends octets that are not a frame. Only while nothing waits for room. */
  say(octets: Uint8Array): void {
    this.outbox.sendOctets(octets);
    this.queue.settle();
  }

  /** Closes it. Waiting frames are counted as lost. */
  [Symbol.dispose](): void {
    this.decoder.stop();
    this.queue.drop('no-carrier');
    this.queue[Symbol.dispose]();
    this.outbox.clear();
    this.#watch?.[Symbol.dispose]();
    this.#channel[Symbol.dispose]();
  }
}
