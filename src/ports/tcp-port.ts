import type { Socket } from 'node:net';
import type { Timer } from '../clock.ts';
import { minFrame } from '../wire/ethernet.ts';
import type { PortEnvironment } from './environment.ts';
import { encodeFrames, FrameDecoder, keepalive, streamHeader } from './frame-stream.ts';
import { maxFrame, newPortCounters, type Port, type Receiver } from './port.ts';

/** The bounds of a link. */
export interface TcpLinkOptions {
  /** The longest frame taken from the far end, in octets; one more ends the link. Default: 9,234; at most 65,535. */
  readonly maxFrame?: number;
  /** What may wait for the far end to read, in octets. Default: 2 MiB. */
  readonly backlog?: number;
}

/** What was sent and is not acknowledged for so long means that the far end is dead, in milliseconds. */
export const tcpUserTimeout = 3000;

/** Half of the longest silence on a link, in milliseconds: a dead far end shows within that and `tcpUserTimeout`. */
const keepaliveTick = 500;

/**
 * A link over TCP: frames in a stream, one connection at a time. Whoever makes it gives it connections and is told when one is lost.
 */
export class TcpPort implements Port {
  readonly module = 'tcp';
  readonly description: string;
  readonly counters = newPortCounters();
  readonly #environment: PortEnvironment;
  readonly #lost: (reason: string) => void;
  readonly #maxFrame: number;
  readonly #backlog: number;
  #sendLimit = 0;
  #socket: Socket | undefined;
  #receiver: Receiver | undefined;
  #pending: Uint8Array[] = [];
  #quietTicks = 0;
  #keepalive: Timer | undefined;

  /** `lost` is called once for each connection that ended by itself. */
  constructor(description: string, options: TcpLinkOptions, environment: PortEnvironment, lost: (reason: string) => void) {
    this.description = description;
    this.#maxFrame = options.maxFrame ?? maxFrame;
    this.#backlog = options.backlog ?? 2 * 2 ** 20;
    this.#environment = environment;
    this.#lost = lost;
  }

  attach(receiver: Receiver): void {
    this.#receiver = receiver;
    receiver.carrier(this.#socket !== undefined);
    this.#socket?.resume();
  }

  /** Gives the port a new connection. It must not have one. */
  connect(socket: Socket): void {
    this.#socket = socket;
    this.#sendLimit = Math.min(maxFrame, this.#maxFrame);
    socket.setNoDelay(true);
    const decoder = new FrameDecoder(this.#maxFrame, this.#receive);
    let reason = 'the far end closed the link';
    socket.on('data', (chunk: Buffer) => {
      this.#environment.breath(() => {
        // A Buffer's `slice` is no copy, which whoever is lent a frame relies on.
        const length = decoder.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
        if (length === undefined) return;
        reason = `a frame of ${length} octets was announced, more than ${this.#maxFrame}; a far end that runs dpipe and nc must be started again`;
        this.counters.faults++;
        socket.destroy();
      });
    });
    socket.on('error', (error) => {
      reason = error.message;
    });
    // Half a link is no link: a far end that will not send is gone.
    socket.on('end', () => socket.destroy());
    socket.on('close', () => this.#disconnect(socket, reason));
    if (!this.#receiver) socket.pause();
    this.#receiver?.carrier(true);
    this.#scheduleKeepalive();
  }

  transmit(frame: Uint8Array): void {
    if (!this.#socket) this.counters.drops['no-carrier']++;
    else if (frame.length > this.#sendLimit) this.counters.drops.oversize++;
    else if (frame.length < minFrame) this.counters.drops.runt++;
    else this.#pending.push(frame);
  }

  flush(): void {
    const frames = this.#pending;
    if (frames.length === 0) return;
    this.#pending = [];
    if (!this.#socket) this.counters.drops['no-carrier'] += frames.length;
    else this.#write(this.#socket, this.#bounded(this.#socket, frames));
  }

  /** Ends the connection, if there is one, as if the far end had. */
  disconnect(): void {
    this.#socket?.destroy();
  }

  /** Ends the port and tells its receiver. */
  end(reason: string): void {
    void this[Symbol.asyncDispose]();
    this.#receiver?.closed(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#pending = [];
    this.#keepalive?.[Symbol.dispose]();
    if (!socket || socket.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      socket.once('close', () => resolve());
      socket.destroy();
    });
  }

  /** The frames that may still wait, from the first on; the others are dropped and counted. */
  #bounded(socket: Socket, frames: readonly Uint8Array[]): readonly Uint8Array[] {
    const { budget } = this.#environment;
    let size = 0;
    for (const [i, frame] of frames.entries()) {
      size += streamHeader + frame.length;
      const full = socket.writableLength + size > this.#backlog;
      if (!full && budget.used + size <= budget.limit) continue;
      this.counters.drops[full ? 'backlog-full' : 'budget-full'] += frames.length - i;
      return frames.slice(0, i);
    }
    return frames;
  }

  /** Node keeps what it is given until the system took it, so the frames are copied out of the ring: once, header and all. */
  #write(socket: Socket, frames: readonly Uint8Array[]): void {
    if (frames.length === 0) return;
    const { budget } = this.#environment;
    const octets = encodeFrames(frames);
    this.#quietTicks = 0;
    this.counters.sentFrames += frames.length;
    this.counters.sentOctets += octets.length - streamHeader * frames.length;
    budget.used += octets.length;
    socket.write(octets, () => {
      budget.used -= octets.length;
    });
  }

  readonly #receive = (frame: Uint8Array): void => {
    if (frame.length < minFrame) {
      this.counters.drops.runt++;
      return;
    }
    // What the far end sends it also takes; an original takes no more than its own limit.
    if (frame.length > this.#sendLimit) this.#sendLimit = this.#maxFrame;
    this.counters.receivedFrames++;
    this.counters.receivedOctets += frame.length;
    this.#receiver?.receive(frame);
  };

  #scheduleKeepalive(): void {
    this.#keepalive?.[Symbol.dispose]();
    this.#keepalive = this.#environment.clock.after(keepaliveTick, () => {
      this.#quietTicks++;
      // Nothing while something waits: it would only wait longer, and what waits is enough to tell a dead far end.
      if (this.#quietTicks >= 2 && this.#socket?.writableLength === 0) {
        this.#socket.write(keepalive);
        this.#quietTicks = 0;
      }
      this.#scheduleKeepalive();
    });
  }

  #disconnect(socket: Socket, reason: string): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    this.#keepalive?.[Symbol.dispose]();
    this.#receiver?.carrier(false);
    this.#lost(reason);
  }
}
