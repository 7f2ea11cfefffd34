import type { Socket } from 'node:net';
import { cleanText } from '../../clean-text.ts';
import type { Clock, Timer } from '../../clock.ts';
import { reasonOf } from '../../errors.ts';
import { decodeJoinMessage, encodeJoinMessage } from '../message-codec.ts';
import { maxJoinLine, type JoinMessage } from '../messages.ts';

/** The callbacks of one side of a control connection. */
export interface JoinConnectionEvents {
  /** Called with each message other than a sign of life. Messages of unknown types are passed over. */
  message(message: JoinMessage): void;
  /** Called once, when the connection has ended. */
  closed(reason: string): void;
}

/**
 * Returns the reason why the received text does not belong to this protocol. A frame of a link port begins with its length, which is not
 * printable.
 */
function strangeTo(text: string): string {
  if (text.charCodeAt(0) < firstPrintable) return 'it sends frames, as a link port does, and not the control protocol';
  return `it sent "${cleanText(text.trim(), longestQuote)}", which is not the control protocol`;
}

const firstPrintable = 0x20;

/** Returns true if the text may be the beginning of a message. */
function mayBegin(text: string): boolean {
  return text === '' || text.startsWith('{');
}

const longestQuote = 40;
const aliveInterval = 1000;
const silenceLimit = 5000;

/**
 * One side of a control connection. It sends and receives lines, sends signs of life, and ends if the other side is silent or sends
 * something else.
 */
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
    // Messages are few and small. A peer that does not read even these is ended by its silence.
    if (!this.#ended && this.#socket.writableLength < 16 * maxJoinLine) this.#socket.write(encodeJoinMessage(message));
  }

  /** Ends the connection after the messages already sent. All data received later is ignored. */
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
      if (message.type !== 'alive' && message.type !== 'unknown') this.#events.message(message);
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
