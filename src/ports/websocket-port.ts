import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { Timer } from '../clock.ts';
import { assert } from '../errors.ts';
import { minFrame } from '../wire/ethernet.ts';
import { Backlog, type BacklogLimits } from './backlog.ts';
import type { PortEnvironment } from './environment.ts';
import { maxFrame, newPortCounters, type Port, type Receiver } from './port.ts';

/** The longest message that is read to be dropped, in octets; one more ends the connection. */
export const longestMessage = 65_535;

/** What Node keeps for the system to take, in octets and in frames, before those wait in our own backlog, which takes less memory. */
const window = { octets: 131_072, frames: 256 };

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
  readonly #backlog: Backlog;
  #receiver: Receiver | undefined;
  #pending: Uint8Array[] = [];
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
    this.#backlog = new Backlog(environment.budget, backlog, (frames, why) => {
      this.counters.drops[why] += frames;
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
    // What waits goes first, or frames would overtake each other.
    const sent = this.#backlog.count > 0 ? 0 : this.#send(frames);
    for (const frame of frames.slice(sent)) {
      const drop = this.#backlog.add(frame);
      if (drop) this.counters.drops[drop]++;
    }
  }

  /** A WebSocket has no word for it: the other side cannot be told. */
  enable(up: boolean): void {
    if (!up) this.counters.drops['port-down'] += this.#backlog.clear();
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
    this.#backlog.clear();
    this.#ping?.[Symbol.dispose]();
    const webSocket = this.#webSocket;
    if (webSocket.readyState === webSocket.CLOSED) return Promise.resolve();
    return new Promise((resolve) => {
      webSocket.once('close', () => resolve());
      webSocket.close(goingAway);
      webSocket.terminate();
    });
  }

  /** Sends from the first on, while there is room, and tells how many: the others wait for `#drain`. */
  #send(frames: readonly Uint8Array[]): number {
    const most = Math.min(frames.length, window.frames - this.#inFlight);
    let octets = 0;
    let count = 0;
    for (let next = frames[0]; next && count < most; next = frames[count]) {
      if (this.#webSocket.bufferedAmount + octets + next.length > window.octets) break;
      octets += next.length;
      count++;
    }
    const { budget } = this.#environment;
    // Nobody can take what is on its way: beyond half of the budget, frames wait in the backlog, where others can take.
    if (count > 0 && budget.used + octets <= budget.limit / 2) return this.#write(frames.slice(0, count), octets);
    const [first] = frames;
    // One is always on its way, whoever else has taken everything: it is behind that one that the others go on.
    if (!first || this.#inFlight > 0) return 0;
    return this.#write([first], first.length);
  }

  /**
   * Node keeps what it is given until the system took it, so the frames are copied out of borrowed memory: once, into one buffer, which the
   * budget is charged with. Returns how many they are.
   */
  #write(frames: readonly Uint8Array[], octets: number): number {
    const { budget } = this.#environment;
    const memory = new Uint8Array(octets);
    budget.used += octets;
    this.#inFlight += frames.length;
    this.counters.sentFrames += frames.length;
    this.counters.sentOctets += octets;
    const taken = (): void => {
      budget.used -= octets;
      this.#inFlight -= frames.length;
      // In a breath, whose time says what has waited too long.
      this.#environment.breath(() => this.#drain());
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

  #drain(): void {
    let frames = this.#backlog.first();
    while (frames.length > 0) {
      const sent = this.#send(frames);
      this.#backlog.shift(sent);
      if (sent < frames.length) return;
      frames = this.#backlog.first();
    }
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
