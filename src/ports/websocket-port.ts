import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { Timer } from '../clock.ts';
import { assert } from '../errors.ts';
import type { BacklogLimits } from './pure/backlog.ts';
import type { PortEnvironment } from './environment.ts';
import { Intake } from './pure/intake.ts';
import { newPortCounters, type Port, type Receiver } from './pure/port.ts';
import { SendQueue } from './pure/send-queue.ts';

/** The longest message that is read in order to be dropped, in octets; a longer one ends the connection. */
export const longestMessage = 65_535;

/** The most octets and frames that Node keeps for the system to take. Further ones wait in our own backlog, which takes less memory. */
const window = { octets: 131_072, frames: 256 };

/** The interval of pings, in milliseconds, and how many may be unanswered. */
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
  readonly #intake = new Intake(this.counters);
  readonly #queue: SendQueue;
  #arrived: Uint8Array[] = [];
  #inFlight = 0;
  #unanswered = 0;
  #ping: Timer | undefined;
  #open = true;

  /** `socket` is what `webSocket` writes to. The port owns both from here. */
  constructor(webSocket: WebSocket, socket: Duplex, description: string, environment: PortEnvironment, backlog?: BacklogLimits) {
    this.description = description;
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#environment = environment;
    this.#queue = new SendQueue({
      sink: { send: (frames, from, to) => this.#send(frames, from, to) },
      counters: this.counters,
      budget: environment.budget,
      limits: backlog,
    });
    let reason = 'the far end closed the connection';
    webSocket.on('message', this.#take);
    webSocket.on('ping', this.#alive);
    webSocket.on('pong', this.#alive);
    socket.once('error', (error) => {
      reason = error.message;
    });
    webSocket.on('error', (error) => {
      reason = error.message;
      const code = 'code' in error ? String(error.code) : '';
      if (code.startsWith('WS_ERR_')) this.counters.faults++;
      // A client that violates the protocol is closed without a handshake.
      webSocket.terminate();
    });
    webSocket.once('close', () => this.end(reason));
    webSocket.pause();
    this.#schedulePing();
  }

  attach(receiver: Receiver): void {
    this.#intake.receiver = receiver;
    receiver.carrier(this.#open);
    if (this.#open) this.#webSocket.resume();
  }

  transmit(frame: Uint8Array): void {
    if (this.#webSocket.readyState === this.#webSocket.OPEN) this.#queue.add(frame);
    else this.counters.drops['no-carrier']++;
  }

  flush(): void {
    this.#queue.flush();
  }

  /** Has no effect on the other side: a WebSocket has no message for it. */
  enable(up: boolean): void {
    if (!up) this.#queue.drop('port-down');
  }

  /** Ends the port and calls its receiver. */
  end(reason: string): void {
    if (!this.#open) return;
    this.#deliver();
    void this[Symbol.asyncDispose]();
    this.#intake.receiver?.closed(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#open = false;
    this.#arrived = [];
    this.#queue[Symbol.dispose]();
    this.#ping?.[Symbol.dispose]();
    const webSocket = this.#webSocket;
    if (webSocket.readyState === webSocket.CLOSED) return Promise.resolve();
    return new Promise((resolve) => {
      webSocket.once('close', () => resolve());
      webSocket.close(goingAway);
      webSocket.terminate();
    });
  }

  /** Sends while there is room in the window; `#write` continues when there is more. */
  #send(frames: readonly Uint8Array[], from: number, to: number): number {
    const most = Math.min(to, from + window.frames - this.#inFlight);
    let octets = 0;
    let end = from;
    for (let next = frames[end]; next && end < most; next = frames[end]) {
      if (this.#webSocket.bufferedAmount + octets + next.length > window.octets) break;
      octets += next.length;
      end++;
    }
    const { budget } = this.#environment;
    // Other ports cannot take the memory of frames in transit. So beyond half of the budget, frames wait in the backlog, whose memory others can
    // take.
    if (end > from && budget.used + octets <= budget.limit / 2) return this.#write(frames.slice(from, end), octets);
    const first = frames[from];
    // One frame is always in transit, even if others have taken all memory: when it has been sent, the others follow.
    if (!first || this.#inFlight > 0) return 0;
    return this.#write([first], first.length);
  }

  /**
   * Copies the frames out of borrowed memory, since Node keeps them until the system has taken them: once, into one buffer, which is charged to
   * the budget. Returns their number.
   */
  #write(frames: readonly Uint8Array[], octets: number): number {
    const memory = new Uint8Array(octets);
    const charge = this.#environment.budget.charge(octets);
    this.#inFlight += frames.length;
    const taken = (): void => {
      charge[Symbol.dispose]();
      this.#inFlight -= frames.length;
      // In a breath, whose time decides which frames have waited too long.
      this.#environment.breath(() => this.#queue.drain());
    };
    let at = 0;
    this.#socket.cork();
    frames.forEach((frame, i) => {
      memory.set(frame, at);
      const message = memory.subarray(at, (at += frame.length));
      if (i < frames.length - 1) this.#webSocket.send(message);
      else this.#webSocket.send(message, taken);
    });
    this.#socket.uncork();
    return frames.length;
  }

  readonly #take = (data: RawData, isBinary: boolean): void => {
    this.#alive();
    if (!isBinary) {
      this.counters.drops.malformed++;
      return;
    }
    assert(data instanceof Uint8Array, 'a message is one buffer');
    // One breath for all messages that arrived together.
    if (this.#arrived.push(new Uint8Array(data.buffer, data.byteOffset, data.length)) === 1) {
      this.#environment.clock.defer(() => this.#deliver());
    }
  };

  #deliver(): void {
    const frames = this.#arrived;
    if (frames.length === 0) return;
    this.#arrived = [];
    this.#environment.breath(() => {
      for (const frame of frames) if (this.#open) this.#intake.take(frame);
    });
  }

  readonly #alive = (): void => {
    this.#unanswered = 0;
  };

  #schedulePing(): void {
    this.#ping = this.#environment.clock.after(pingInterval, () => {
      // While octets wait, a ping would only wait longer; the system reports a far end that takes nothing at all.
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

/** The close codes when the switch or its port ends. [RFC 6455, 7.4.1] */
const goingAway = 1001;
