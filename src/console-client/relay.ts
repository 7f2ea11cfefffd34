import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { Clock, Timer } from '../clock.ts';
import { connectConsole } from './connect.ts';

/** What a relay joins. */
export interface RelayOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly input: Readable;
  readonly output: Writable;
}

/** How long somebody who says nothing may prepare a prompt, in milliseconds. */
const patience = 1000;

/**
 * `unixterm`: what is typed goes to a socket, what comes from there is shown, both as they are. A line goes when the one before was answered
 * by a prompt, or after a second: consoles take what comes at once for one command. Resolves when either side ends; what was asked for
 * before is answered first. Throws EtherloomError that says what helps.
 */
export async function relay({ path, clock, input, output }: RelayOptions): Promise<void> {
  const socket = await connectConsole(path);
  const lines = new Lines(socket, clock);
  socket.setEncoding('utf8');
  await new Promise<void>((resolve) => {
    socket.on('data', (text: string) => {
      if (!output.write(text)) {
        socket.pause();
        output.once('drain', () => socket.resume());
      }
      lines.heard(text);
    });
    socket.once('error', () => resolve());
    socket.once('close', () => resolve());
    input.setEncoding('utf8');
    input.on('data', (text: string) => lines.typed(text));
    // What is typed much faster than it is done waits with whoever types.
    lines.crowded = (crowded) => (crowded ? input.pause() : input.resume());
    input.once('end', () => lines.end());
  });
  lines[Symbol.dispose]();
}

/** So many lines may wait for their turn before no more is read. */
const mostWaiting = 10_000;

/** The lines that were typed, each sent when its turn has come. */
class Lines implements Disposable {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #waiting: string[] = [];
  /** Is told that too much waits, and that it does no more. */
  crowded: (crowded: boolean) => unknown = () => undefined;
  #begun = '';
  #last = '';
  #isFree = false;
  #isEnding = false;
  #timer: Timer | undefined;

  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    this.#busy();
  }

  heard(text: string): void {
    this.#last = (this.#last + text).slice(-2);
    if (this.#last === '$ ') this.#free();
    else this.#busy();
  }

  typed(text: string): void {
    const lines = (this.#begun + text).split('\n');
    this.#begun = lines.pop() ?? '';
    this.#waiting.push(...lines.map((line) => `${line}\n`));
    if (this.#waiting.length > mostWaiting) this.crowded(true);
    if (this.#isFree) this.#free();
  }

  /** Nothing more is typed. */
  end(): void {
    if (this.#begun !== '') this.#waiting.push(this.#begun);
    this.#isEnding = true;
    if (this.#isFree) this.#free();
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  #busy(): void {
    this.#isFree = false;
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#clock.after(patience, () => this.#free());
  }

  #free(): void {
    this.#timer?.[Symbol.dispose]();
    this.#isFree = true;
    const next = this.#waiting.shift();
    if (this.#waiting.length === mostWaiting) this.crowded(false);
    if (next !== undefined) {
      this.#busy();
      this.#socket.write(next);
    } else if (this.#isEnding) this.#socket.end();
  }
}
