import { banner, longestLine, prompt, type Console, type Giver } from './console.ts';

/** Where a session is seen. */
export interface Terminal {
  write(text: string): void;
  /** How many octets were written and not taken yet. */
  readonly backlog: () => number;
  /** The session is over: shows what was written, and closes. */
  end(): void;
}

/** How a session is. */
export interface SessionOptions {
  readonly console: Console;
  readonly terminal: Terminal;
  readonly read: Giver['read'];
  /** Whether it is greeted, and told of its end. Else it is that of the filter's own terminal. */
  readonly remote: boolean;
  readonly shutdown: () => void;
}

/** A session whose reader has not taken so many octets is read no further, and told nothing. */
const mostBacklog = 2 ** 20;

/**
 * Somebody at a console. Lines end with LF; a piece without any, when none is begun, is a line too, for clients send commands so. All lines
 * of a piece are done; whoever does not read his replies is not read either.
 */
export class Session {
  /** Whether it is told of each other Markov node. */
  debug = false;
  readonly #options: SessionOptions;
  readonly #giver: Giver;
  #lines: string[] = [];
  /** A line that is begun. */
  #begun = '';
  #open = true;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { terminal, read, remote } = options;
    this.#giver = { read, listener: this, write: (text) => terminal.write(text), depth: 0 };
    if (remote) terminal.write(`${banner}${prompt}`);
  }

  /** Whether no more should be received now. */
  get congested(): boolean {
    return this.#lines.length > 0;
  }

  /** Takes a piece of what was typed. */
  receive(piece: string): void {
    if (this.#begun === '' && !piece.includes('\n')) this.#lines.push(piece);
    else {
      const lines = (this.#begun + piece).split('\n');
      // What is too long is refused; what is beyond that need not be kept.
      this.#begun = (lines.pop() ?? '').slice(0, longestLine + 1);
      this.#lines.push(...lines);
    }
    this.resume();
  }

  /** Goes on with what was received, after the terminal took what was written. */
  resume(): void {
    while (this.#open && this.#options.terminal.backlog() <= mostBacklog) {
      const line = this.#lines.shift();
      if (line === undefined) return;
      this.#run(line);
    }
  }

  /** Tells of something that happened. */
  tell(line: string): void {
    const { terminal } = this.#options;
    if (this.#open && terminal.backlog() <= mostBacklog) terminal.write(`${line}\n`);
  }

  /** The one at the other side is gone. */
  close(): void {
    this.#open = false;
    this.#lines = [];
  }

  #run(line: string): void {
    const { console, terminal, remote, shutdown } = this.#options;
    const { text, then } = console.execute(line, this.#giver);
    if (then === undefined) {
      terminal.write(text + prompt);
      return;
    }
    this.close();
    if (remote) terminal.write('9999 END OF SESSION');
    terminal.end();
    if (then === 'shutdown') shutdown();
  }
}
