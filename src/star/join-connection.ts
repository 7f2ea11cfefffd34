import type { Socket } from 'node:net';
import type { Clock, Timer } from '../clock.ts';
import { reasonOf } from '../errors.ts';
import { decodeJoinMessage, encodeJoinMessage, maxJoinLine, type JoinMessage } from './join-messages.ts';

/** What one side of a control connection is told. */
export interface JoinConnectionEvents {
  /** A message was received, other than a sign of life. */
  message(message: JoinMessage): void;
  /** The connection has ended. Called once. */
  closed(reason: string): void;
}

/** Why the text that was received is not this protocol's. The length in front of a frame is no text. */
function strangeTo(text: string): string {
  if (text.charCodeAt(0) < firstPrintable) return 'it sends frames, as a link port does, and not the control protocol';
  return `it sent ${JSON.stringify(text.slice(0, longestQuote))}, which is not the control protocol`;
}

const firstPrintable = 0x20;

/** Whether the text may be the beginning of a message. */
function mayBegin(text: string): boolean {
  return text === '' || text.startsWith('{');
}

const longestQuote = 40;
const aliveInterval = 1000;
const silenceLimit = 5000;

/** One side of a control connection: lines in and out, signs of life, and an end when the other side is silent or sends something else. */
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
      this.#reason = reasonOf(error);
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
        this.#giveUp(strangeTo(line));
        return;
      }
      if (message.type !== 'alive') this.#events.message(message);
    }
    if (this.#rest.length > maxJoinLine || !mayBegin(this.#rest)) this.#giveUp(strangeTo(this.#rest));
  }

  #giveUp(reason: string): void {
    if (!this.#ended) this.#reason = reason;
    this.#ended = true;
    this.#socket.destroy();
  }

  readonly #live = (): void => {
    if (this.#clock.monotonic() - this.#heard > silenceLimit) {
      this.#giveUp(`nothing was received for ${silenceLimit / 1000} s`);
      return;
    }
    this.send({ type: 'alive' });
    this.#timer = this.#clock.after(aliveInterval, this.#live);
  };
}
