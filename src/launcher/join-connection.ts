import type { Socket } from 'node:net';
import type { Clock, Timer } from '../clock.ts';
import { decodeJoinMessage, encodeJoinMessage, maxJoinLine, type JoinMessage } from './join-messages.ts';

/** What a side of a control connection hears. */
export interface JoinConnectionEvents {
  /** Any message but a sign of life. */
  message(message: JoinMessage): void;
  /** The connection has ended, whoever ended it. Called once. */
  closed(reason: string): void;
}

const aliveInterval = 1000;
const silenceLimit = 5000;

/** One control connection, either side's: lines in and out, signs of life, and an end when the other side is silent or makes no sense. */
export class JoinConnection {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #events: JoinConnectionEvents;
  #rest = '';
  #heard: number;
  #reason = 'the other side closed the connection';
  #timer: Timer;
  #ended = false;

  constructor(socket: Socket, clock: Clock, events: JoinConnectionEvents) {
    this.#socket = socket;
    this.#clock = clock;
    this.#events = events;
    this.#heard = clock.monotonic();
    this.#timer = clock.after(aliveInterval, this.#live);
    socket.setNoDelay(true);
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#hear(text));
    socket.on('error', (error) => {
      this.#reason = error.message;
    });
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      this.#timer[Symbol.dispose]();
      events.closed(this.#reason);
    });
  }

  send(message: JoinMessage): void {
    // The other side is told little and seldom; one that does not even read that is ended by its silence.
    if (!this.#ended && this.#socket.writableLength < 16 * maxJoinLine) this.#socket.write(encodeJoinMessage(message));
  }

  /** Ends the connection after what was sent; what comes on it from now on is not heard. */
  end(reason: string): void {
    this.#reason = reason;
    this.#ended = true;
    this.#socket.end(() => this.#socket.destroy());
  }

  #hear(text: string): void {
    this.#heard = this.#clock.monotonic();
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (this.#ended) return;
      const message = line.length <= maxJoinLine ? decodeJoinMessage(line) : undefined;
      if (!message) {
        this.#giveUp('the other side does not speak this protocol');
        return;
      }
      if (message.type !== 'alive') this.#events.message(message);
    }
    if (this.#rest.length > maxJoinLine) this.#giveUp('the other side does not speak this protocol');
  }

  #giveUp(reason: string): void {
    if (!this.#ended) this.#reason = reason;
    this.#ended = true;
    this.#socket.destroy();
  }

  readonly #live = (): void => {
    if (this.#clock.monotonic() - this.#heard > silenceLimit) {
      this.#giveUp('the other side is silent');
      return;
    }
    this.send({ type: 'alive' });
    this.#timer = this.#clock.after(aliveInterval, this.#live);
  };
}
