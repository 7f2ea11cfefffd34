import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { Timer } from '../clock.ts';
import { assert } from '../errors.ts';
import { minFrame } from '../wire/ethernet.ts';
import type { BacklogLimits } from './backlog.ts';
import type { PortEnvironment } from './environment.ts';
import { maxFrame, newPortCounters, type Port, type Receiver } from './port.ts';

/** The longest message that is read to be dropped, in octets; one more ends the connection. */
export const longestMessage = 65_535;

/** What stands before the octets of a message to a client, at most. [RFC 6455, 5.2] */
const messageHeader = 4;

/** How often a client is asked for a sign of life, in milliseconds, and how often it may owe one. */
const pingInterval = 5000;
const maxUnanswered = 3;

/** A port on an open WebSocket; it ends with it. */
export class WebSocketPort implements Port {
  readonly module = 'websocket';
  readonly description: string;
  readonly counters = newPortCounters();
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  readonly #environment: PortEnvironment;
  readonly #limits: Required<BacklogLimits>;
  #receiver: Receiver | undefined;
  #pending: Uint8Array[] = [];
  #waiting = 0;
  #arrived: Uint8Array[] = [];
  #unanswered = 0;
  #ping: Timer | undefined;
  #open = true;

  /** `socket` is what `webSocket` writes to. The port owns both from here. */
  constructor(
    webSocket: WebSocket,
    socket: Duplex,
    description: string,
    environment: PortEnvironment,
    { frames = 4096, octets = 2 * 2 ** 20 }: BacklogLimits = {},
  ) {
    this.description = description;
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#environment = environment;
    this.#limits = { frames, octets };
    let reason = 'the far end closed the connection';
    webSocket.on('message', this.#take);
    webSocket.on('ping', this.#alive);
    webSocket.on('pong', this.#alive);
    webSocket.on('error', (error) => {
      reason = error.message;
      const code = 'code' in error ? String(error.code) : '';
      if (code.startsWith('WS_ERR_')) this.counters.faults++;
      // Whoever breaks the protocol is not waited for to say goodbye.
      webSocket.terminate();
    });
    webSocket.once('close', () => this.end(reason));
    webSocket.pause();
    this.#schedulePing();
  }

  attach(receiver: Receiver): void {
    this.#receiver = receiver;
    receiver.carrier(this.#open);
    if (this.#open) this.#webSocket.resume();
  }

  transmit(frame: Uint8Array): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) this.counters.drops['no-carrier']++;
    else if (frame.length > maxFrame) this.counters.drops.oversize++;
    else if (frame.length < minFrame) this.counters.drops.runt++;
    else this.#pending.push(frame);
  }

  flush(): void {
    const frames = this.#pending;
    if (frames.length === 0) return;
    this.#pending = [];
    this.#send(this.#bounded(frames));
  }

  /** Ends the port and tells its receiver. */
  end(reason: string): void {
    if (!this.#open) return;
    this.#deliver();
    void this[Symbol.asyncDispose]();
    this.#receiver?.closed(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#open = false;
    this.#pending = [];
    this.#arrived = [];
    this.#ping?.[Symbol.dispose]();
    const webSocket = this.#webSocket;
    if (webSocket.readyState === webSocket.CLOSED) return Promise.resolve();
    return new Promise((resolve) => {
      webSocket.once('close', () => resolve());
      webSocket.close(goingAway);
      webSocket.terminate();
    });
  }

  /** The frames that may still wait, from the first on; the others are dropped and counted. */
  #bounded(frames: readonly Uint8Array[]): readonly Uint8Array[] {
    const { budget } = this.#environment;
    let size = 0;
    for (const [i, frame] of frames.entries()) {
      size += messageHeader + frame.length;
      const full = this.#waiting + i >= this.#limits.frames || this.#webSocket.bufferedAmount + size > this.#limits.octets;
      if (!full && budget.used + size <= budget.limit) continue;
      this.counters.drops[full ? 'backlog-full' : 'budget-full'] += frames.length - i;
      return frames.slice(0, i);
    }
    return frames;
  }

  /** Node keeps what it is given until the system took it, so the frames are copied out of borrowed memory: once, into one buffer. */
  #send(frames: readonly Uint8Array[]): void {
    if (frames.length === 0) return;
    const { budget } = this.#environment;
    const octets = frames.reduce((sum, frame) => sum + frame.length, 0);
    const memory = new Uint8Array(octets);
    const charge = octets + messageHeader * frames.length;
    this.#waiting += frames.length;
    budget.used += charge;
    this.counters.sentFrames += frames.length;
    this.counters.sentOctets += octets;
    const taken = (): void => {
      this.#waiting -= frames.length;
      budget.used -= charge;
    };
    let at = 0;
    this.#socket.cork();
    frames.forEach((frame, i) => {
      memory.set(frame, at);
      const message = memory.subarray(at, at + frame.length);
      at += frame.length;
      if (i < frames.length - 1) this.#webSocket.send(message);
      else this.#webSocket.send(message, taken);
    });
    this.#socket.uncork();
  }

  readonly #take = (data: RawData, isBinary: boolean): void => {
    this.#alive();
    if (!isBinary) {
      this.counters.drops.malformed++;
      return;
    }
    assert(data instanceof Uint8Array, 'a message is one buffer');
    if (data.length > maxFrame) this.counters.drops.oversize++;
    else if (data.length < minFrame) this.counters.drops.runt++;
    // One breath for all messages that came together.
    else if (this.#arrived.push(new Uint8Array(data.buffer, data.byteOffset, data.length)) === 1) {
      this.#environment.clock.defer(() => this.#deliver());
    }
  };

  #deliver(): void {
    const frames = this.#arrived;
    if (frames.length === 0) return;
    this.#arrived = [];
    this.#environment.breath(() => {
      for (const frame of frames) {
        if (!this.#open) return;
        this.counters.receivedFrames++;
        this.counters.receivedOctets += frame.length;
        this.#receiver?.receive(frame);
      }
    });
  }

  readonly #alive = (): void => {
    this.#unanswered = 0;
  };

  #schedulePing(): void {
    this.#ping = this.#environment.clock.after(pingInterval, () => {
      // Nothing while something waits: it would only wait longer, and the system tells when a far end takes nothing at all.
      if (this.#webSocket.bufferedAmount === 0) {
        if (this.#unanswered === maxUnanswered) {
          this.end('no sign of life from the far end');
          return;
        }
        this.#unanswered++;
        this.#webSocket.ping();
      }
      this.#schedulePing();
    });
  }
}

/** What a client is told when the switch or its port ends. [RFC 6455, 7.4.1] */
const goingAway = 1001;
