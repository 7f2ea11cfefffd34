import type { Files } from '../management/files.ts';
import { longestLine, type Giver, type Reply } from './command.ts';
import type { Listener } from './events.ts';

/** What a session is at: the console of a switch, or of something else that is managed by lines. */
export interface Interpreter {
  /** What it says of itself to whoever comes. */
  readonly greeting: string;
  /** By which it asks for a line. */
  readonly prompt: string;
  /** Does what a line says. It is without its end. */
  execute(line: string, giver: Giver): Reply;
  /** Whoever this is hears of nothing any more. */
  forget(listener: Listener): void;
  /** Ends what is managed, by the wish of a giver. */
  shutdown(giver: Giver): void;
}

/** Where a session is seen. */
export interface Terminal {
  /** Shows text. */
  write(text: string): void;
  /** Shows the prompt. */
  prompt(text: string): void;
  /** How many octets were written and not taken yet. */
  readonly backlog: () => number;
  /** Is told that the session goes on after it had to wait for something else than the terminal. */
  wake(): void;
  /** The session is over: shows what was written, and closes. */
  end(): void;
}

/** How a session is. */
export interface SessionOptions {
  readonly terminal: Terminal;
  /** With whose rights files are opened. */
  readonly files: Files;
  /** Whether it is greeted, and can be left by `logout`. Else it is that of its own terminal. */
  readonly remote: boolean;
}

/** A session whose reader has not taken so many octets is read no further, and told no events. */
const mostBacklog = 2 ** 20;

/**
 * Somebody at a console. Lines end with LF; a piece without any, when none is begun, is a line too, for clients send commands so. All lines
 * of a piece are done, and each reply is whole; whoever does not read his replies is not read either.
 */
export class ConsoleSession implements Listener {
  readonly #console: Interpreter;
  readonly #terminal: Terminal;
  readonly #remote: boolean;
  readonly #giver: Giver;
  #lines: string[] = [];
  /** A line that is begun. */
  #begun = '';
  #lost = 0;
  #holding = false;
  #open = true;

  constructor(console: Interpreter, { terminal, files, remote }: SessionOptions) {
    this.#console = console;
    this.#terminal = terminal;
    this.#remote = remote;
    this.#giver = { files, listener: this, write: (text) => terminal.write(text), depth: 0 };
    if (!remote) return;
    terminal.write(console.greeting);
    terminal.prompt(console.prompt);
  }

  /** Whether no more should be received now. */
  get congested(): boolean {
    return this.#open && (this.#holding || this.#lines.length > 0 || this.#terminal.backlog() > mostBacklog);
  }

  /** Whether a reply waits for a file that is being written. */
  get holding(): boolean {
    return this.#holding;
  }

  /** Takes a piece of what was typed. */
  receive(piece: string): void {
    // Of a character that came in part there is nothing yet; what comes behind the end of the session is nothing either.
    if (piece === '' || !this.#open) return;
    // Nobody types so much at once: it is the beginning of a line.
    const isLine = this.#begun === '' && !piece.includes('\n') && piece.length <= longestLine;
    if (isLine) this.#lines.push(piece);
    else {
      const lines = (this.#begun + piece).split('\n');
      // What is too long is refused; what is beyond that need not be kept.
      this.#begun = (lines.pop() ?? '').slice(0, longestLine + 1);
      this.#lines.push(...lines);
    }
    this.resume();
  }

  /** Nothing more will be typed: a line that has no end is done, too. */
  finish(): void {
    if (this.#begun !== '' && this.#open) this.#lines.push(this.#begun);
    this.#begun = '';
    this.resume();
  }

  /** Goes on with what was received, after the terminal took what was written. */
  resume(): void {
    while (this.#open && !this.#holding && this.#terminal.backlog() <= mostBacklog) {
      const line = this.#lines.shift();
      if (line === undefined) return;
      this.#run(line);
    }
  }

  tell(line: string): void {
    if (!this.#open) return;
    if (this.#terminal.backlog() > mostBacklog) {
      this.#lost += 1;
      return;
    }
    if (this.#lost > 0) this.#terminal.write(`3077 debug/lost ${this.#lost}\n`);
    this.#lost = 0;
    this.#terminal.write(`${line}\n`);
  }

  /** The one at the other side is gone. */
  close(): void {
    this.#open = false;
    this.#lines = [];
    this.#console.forget(this);
  }

  #run(line: string): void {
    const reply = this.#console.execute(line, this.#giver);
    const closing = this.#giver.files.closing();
    if (closing) void this.#hold(reply, closing);
    else this.#answer(reply);
  }

  /** The reply to the end of a capture comes when the file is whole, so that it can be read then. Meanwhile nothing else is done here. */
  async #hold(reply: Reply, closing: Promise<void>): Promise<void> {
    this.#holding = true;
    await closing;
    this.#holding = false;
    if (!this.#open) return;
    this.#answer({ ...reply, text: reply.settled?.() ?? reply.text });
    this.#terminal.wake();
  }

  #answer({ text, then }: Reply): void {
    if (then === 'shutdown' || (then === 'logout' && this.#remote)) {
      this.close();
      if (this.#remote) this.#terminal.write('9999 END OF SESSION');
      this.#terminal.end();
      if (then === 'shutdown') this.#console.shutdown(this.#giver);
      return;
    }
    this.#terminal.write(text);
    this.#terminal.prompt(this.#console.prompt);
  }
}
