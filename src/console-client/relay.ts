import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { Clock, Timer } from '../clock.ts';
import { connectConsole } from './connect.ts';

/** The two sides of a relay. */
export interface RelayOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly input: Readable;
  readonly output: Writable;
}

/** How long a console may be silent before the next line is sent without a prompt, in milliseconds. */
const patience = 1000;

/**
 * Implements `unixterm`: copies the input to a socket, and everything from the socket to the output, both unchanged. A line is sent when a
 * prompt has answered the line before, or after a second. Consoles take all that arrives at once for one command. Resolves when either side
 * ends; lines already typed are answered first. Throws an EtherloomError that says what to do.
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
    // Input that arrives much faster than it is processed is not read.
    lines.crowded = (crowded) => (crowded ? input.pause() : input.resume());
    input.once('end', () => lines.end());
  });
  lines[Symbol.dispose]();
}

/** The number of waiting lines above which the input is paused. */
const mostWaiting = 10_000;

/** The lines of input, each sent in its turn. */
class Lines implements Disposable {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #waiting: string[] = [];
  /** Called with true when too many lines wait, and with false when that is over. */
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

  /** Ends the input. */
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
